"""Opening the sealed body of an entry."""

import json

from lockgate.audit.commitments import field_key, verify_opening
from lockgate.audit.errors import VerificationError
from lockgate.audit.reader import StoredBody
from lockgate.audit.sealing import unseal
from lockgate.audit.vault import Vault


def open_body(vault: Vault, index: int, entry: bytes, body: StoredBody) -> bytes:
    """A body, compared with what its entry committed to. Raises VerificationError."""
    return open_with(vault.entry_key(body), index, _commitment(entry), body)


def _commitment(entry: bytes) -> str:
    """What an entry committed to. Its bytes were read as an entry's before: to do it again takes as long as to open the body."""
    try:
        value = json.loads(entry)
        found = value["commitments"]["body"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) and found.isascii() else ""


def open_with(key: bytes | None, index: int, commitment: str, body: StoredBody) -> bytes:
    """The same, where the entry's key and its commitment to the body are at hand."""
    if key is None or body.sealed is None:
        raise VerificationError("its key is gone, and it is still there", where=f"body {index}")
    opened = unseal(key, body.sealed)
    verify_opening(field_key(key, "body"), opened, commitment)
    return opened
