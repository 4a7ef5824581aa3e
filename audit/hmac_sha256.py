"""HMAC-SHA256 (RFC 2104) of short texts: two hashes, in less time than `hmac` takes to look its own up.

An entry takes a dozen, each under a key of its own.
"""

from hashlib import sha256
from typing import Final

_BLOCK: Final = 64
_INNER: Final = bytes([one ^ 0x36 for one in range(256)])
_OUTER: Final = bytes([one ^ 0x5C for one in range(256)])


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The 32 bytes."""
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    padded = key.ljust(_BLOCK, b"\0")
    return sha256(padded.translate(_OUTER) + sha256(padded.translate(_INNER) + message).digest()).digest()
