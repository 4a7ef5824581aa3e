"""TLS of the admission server: a context made of certificates in memory, new for each change of them.

Connections keep the context that they began with, so a change of certificates ends none.
"""

import ssl
from typing import Final

from lockgate.engine.certificate_chain import load_chain
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.app.client_authorities import ClientAuthorities, authorities_of

MAX_PEM: Final = 1 << 20


@record
class TlsFiles:
    """PEM texts: the chain that is shown, its private key, and whom clients' certificates are from ("" for nobody).

    client_ca: of those who send reviews; asker_ca: of those who ask providers of external data.
    """

    certificate: bytes
    key: bytes
    client_ca: bytes = b""
    asker_ca: bytes = b""

    def __repr__(self) -> str:
        return "TlsFiles(…)"


@record
class ServerTls:
    """What new connections are made with, and whose certificates count for what."""

    context: ssl.SSLContext
    authorities: ClientAuthorities


def make_tls(files: TlsFiles) -> ServerTls:
    """The TLS of a server. Raises UsageError for certificates that cannot be used together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        load_chain(context, files.certificate, files.key)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise UsageError(
            f"the TLS certificate and its key cannot be used: {_said(error)}",
            hint="give the certificate's chain and the key that belongs to it, both as PEM",
        ) from None
    authorities = ClientAuthorities(
        _trust(context, files.client_ca, "the CA of client certificates"),
        _trust(context, files.asker_ca, "the CA of those who ask providers"),
    )
    if files.client_ca or files.asker_ca:
        # Who shows none is still answered, or refused, by what it asks for.
        context.verify_mode = ssl.CERT_OPTIONAL
    if files.asker_ca:
        # A session that is taken up again has no chain any more, by which the authority is known.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
    return ServerTls(context, authorities)


def _trust(context: ssl.SSLContext, bundle: bytes, name: str) -> frozenset[bytes]:
    """Verifies clients by a bundle too, and gives its certificates. Raises UsageError."""
    if not bundle:
        return frozenset()
    try:
        text = bundle.decode("ascii")
        context.load_verify_locations(cadata=text)
        return authorities_of(text)
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{name} cannot be used: {_said(error)}") from None


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error)
