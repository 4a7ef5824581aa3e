"""Who a client's certificate names: its subject's common names, and its alternative names of every kind.

As `ssl.SSLSocket.getpeercert` tells a certificate that was verified.
"""

from collections.abc import Mapping
from typing import Any, Final

from lockgate.engine.record import record

# In place of a name: every certificate of the authority counts.
ANYBODY: Final = "*"
_COMMON_NAME: Final = "commonName"


@record
class ClientNames:
    """Whose certificates count; nobody's where it is empty."""

    names: frozenset[str] = frozenset()

    def admits(self, found: frozenset[str] | None) -> bool:
        """Does a certificate with these names count? None: there is none that was verified."""
        if found is None:
            return False
        # A certificate in which somebody is called `*` is nobody's in particular.
        return ANYBODY in self.names or not self.names.isdisjoint(found - {ANYBODY})


def names_of(certificate: Mapping[str, Any] | None) -> frozenset[str] | None:
    """The names in a certificate; None where none was shown, or none was asked for."""
    if not certificate:
        return None
    subject = [
        value for parts in certificate.get("subject", ()) for key, value in parts if key == _COMMON_NAME
    ]
    others = [value for _, value in certificate.get("subjectAltName", ()) if isinstance(value, str)]
    return frozenset([*subject, *others])
