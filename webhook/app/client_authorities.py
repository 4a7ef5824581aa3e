"""Which authority a client's certificate was verified by: who may ask for what is said by authority.

One port trusts one set of authorities in handshakes, so what each of them is trusted for is told apart afterwards, by
the certificate that the verified chain ends with.
"""

import _ssl
import re
import ssl
from typing import Any, Final

from lockgate.engine.record import record
from lockgate.webhook.app.client_names import names_of

_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@record
class ShownNames:
    """The names in a certificate that was verified, by what it is good for; None for nothing.

    caller: to send reviews. asker: to ask providers of external data.
    """

    caller: frozenset[str] | None = None
    asker: frozenset[str] | None = None


NOBODY: Final = ShownNames()


@record
class ClientAuthorities:
    """The authorities of those who send reviews and of those who ask providers: certificates (DER)."""

    callers: frozenset[bytes] = frozenset()
    askers: frozenset[bytes] = frozenset()

    def shown(self, connection: ssl.SSLObject | ssl.SSLSocket) -> ShownNames:
        """Whom the certificate names that a client showed in this handshake."""
        names = names_of(connection.getpeercert())
        if names is None:
            return NOBODY
        if not self.askers:
            return ShownNames(caller=names)
        anchor = _anchor(connection)
        return ShownNames(names if anchor in self.callers else None, names if anchor in self.askers else None)


def authorities_of(pem: str) -> frozenset[bytes]:
    """The certificates of a bundle. Raises ValueError."""
    return frozenset(map(ssl.PEM_cert_to_DER_cert, _CERTIFICATE.findall(pem)))


def _anchor(connection: ssl.SSLObject | ssl.SSLSocket) -> bytes:
    """The certificate that the verified chain ends with; empty where none was verified in this handshake."""
    # Public since Python 3.13, and there before.
    inner: Any = connection
    if hasattr(connection, "get_verified_chain"):
        chain = inner.get_verified_chain()
        return chain[-1] if chain else b""
    chain = inner._sslobj.get_verified_chain()
    encoding: Any = getattr(_ssl, "ENCODING_DER")  # noqa: B009 - unknown to type checkers
    return bytes(chain[-1].public_bytes(encoding)) if chain else b""
