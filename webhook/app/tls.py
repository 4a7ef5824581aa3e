"""TLS of the admission server: a context made of certificates in memory, new for each change of them.

Connections keep the context that they began with, so a change of certificates ends none.
"""

import os
import ssl
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record

MAX_PEM: Final = 1 << 20


@record
class TlsFiles:
    """PEM texts: the chain that is shown, its private key, and whom clients' certificates are from ("" for nobody)."""

    certificate: bytes
    key: bytes
    client_ca: bytes = b""

    def __repr__(self) -> str:
        return "TlsFiles(…)"


def make_context(files: TlsFiles) -> ssl.SSLContext:
    """The context of a server. Raises UsageError for certificates that cannot be used together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        _load_chain(context, files)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise UsageError(
            f"the TLS certificate and its key cannot be used: {_said(error)}",
            hint="give the certificate's chain and the key that belongs to it, both as PEM",
        ) from None
    if files.client_ca:
        try:
            context.load_verify_locations(cadata=files.client_ca.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
            raise UsageError(f"the CA of client certificates cannot be used: {_said(error)}") from None
        # Who shows none is still answered, or refused, by what it asks for.
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _load_chain(context: ssl.SSLContext, files: TlsFiles) -> None:
    """ssl takes only the names of files; these are in memory, and gone afterwards."""
    descriptors: list[int] = []
    try:
        for text in (files.certificate, files.key):
            made = os.memfd_create("tls", os.MFD_CLOEXEC)
            descriptors.append(made)
            with open(made, "wb", closefd=False) as file:
                file.write(text)
        chain, key = (f"/proc/self/fd/{one}" for one in descriptors)
        # Without a password: else a key that has one would be asked for on the terminal.
        context.load_cert_chain(chain, key, password="")
    finally:
        for one in descriptors:
            os.close(one)


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error)
