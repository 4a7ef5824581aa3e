"""Keyed commitments: what an entry says of a value that it does not show, and that can be forgotten.

A plain hash of a namespace or a manifest could be guessed and confirmed for ever. Each entry has a random key; each
field its own key below it, so that one field can be opened without the others. Without the key nothing is confirmed.
"""

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from lockgate.audit.errors import VerificationError
from lockgate.audit.hmac_sha256 import hmac_sha256
from lockgate.audit.note import encode_base64

KEY_SIZE: Final = 32
_PREFIX: Final = b"lockgate-trail/v1 commit "


def make_entry_key() -> bytes:
    """A random key for one entry."""
    return secrets.token_bytes(KEY_SIZE)


def field_key(entry_key: bytes, field: str) -> bytes:
    """The key that opens one field of an entry, and no other."""
    return hmac_sha256(entry_key, _PREFIX + field.encode())


def commit(entry_key: bytes, field: str, value: bytes) -> str:
    """The commitment of a field to its value, in base64."""
    return encode_base64(hmac_sha256(field_key(entry_key, field), value))


def commit_all(entry_key: bytes, values: Mapping[str, bytes]) -> dict[str, str]:
    """The commitments of an entry's fields."""
    return {field: commit(entry_key, field, value) for field, value in values.items()}


def verify_opening(key_of_field: bytes, value: bytes, commitment: str) -> None:
    """Checks that a field's key and value open a commitment. Raises VerificationError."""
    made = encode_base64(hmac_sha256(key_of_field, value))
    if not hmac.compare_digest(made, commitment):
        raise VerificationError("the value is not the one that was committed to")
