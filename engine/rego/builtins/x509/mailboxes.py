"""Mailboxes such as `local@example.com` (RFC 2821, section 4.1.2), as Go's `crypto/x509` reads them."""

import re
from typing import Final

from lockgate.engine.rego.builtins.x509.alternative_names import is_domain

# What may stand between quotes by itself, and after a backslash.
_QUOTED: Final = re.compile(
    r'"((?:[\x01-\x08\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*)"@'
)
# A backslash may stand before any character outside of quotes.
_PLAIN: Final = re.compile(r"((?:[0-9A-Za-z!#$%&'*+\-/=?^_`{|}~.]|\\[\x00-\x7f])+)@")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def mailbox(text: str) -> tuple[str, str] | None:
    """The local part without its quotes and escapes, and the domain in lower case; None for what is no mailbox."""
    quoted = text.startswith('"')
    matched = (_QUOTED if quoted else _PLAIN).match(text)
    if matched is None:
        return None
    local = _ESCAPE.sub(r"\1", matched[1])
    domain = text[matched.end() :]
    if not quoted and (local.startswith(".") or local.endswith(".") or ".." in local):
        return None
    return (local, domain.lower()) if is_domain(domain) else None
