"""Sealing bodies (AES-256-GCM) and wrapping keys (AES key wrap, RFC 3394).

`sealed = "LGB1" ‖ nonce (12) ‖ AES-256-GCM(zlib(body))`, under a key derived from the entry's, so that destroying the
entry's key destroys the body with it.
"""

import hmac
import secrets
import zlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from lockgate.audit.errors import FormatError, VerificationError

MAGIC: Final = b"LGB1"
NONCE_SIZE: Final = 12
# A body holds a masked request, which an API server caps at 3 MiB, and what was said of it.
MAX_BODY: Final = 16 * 1024 * 1024

_SEAL: Final = b"lockgate-trail/v1 seal"
_DATA: Final = b"lockgate-trail/v1 body"
_FAST: Final = 1


def seal(entry_key: bytes, body: bytes) -> bytes:
    """The sealed body."""
    if len(body) > MAX_BODY:
        raise FormatError(f"a body of {len(body)} bytes is larger than {MAX_BODY}")
    nonce = secrets.token_bytes(NONCE_SIZE)
    key = hmac.digest(entry_key, _SEAL, "sha256")
    return MAGIC + nonce + AESGCM(key).encrypt(nonce, zlib.compress(body, _FAST), _DATA)


def unseal(entry_key: bytes, sealed: bytes) -> bytes:
    """The body. Raises VerificationError when it is not what was sealed under this key."""
    start = len(MAGIC)
    if not sealed.startswith(MAGIC) or len(sealed) < start + NONCE_SIZE + 16:
        raise VerificationError("the sealed body is in no form that is known here")
    key = hmac.digest(entry_key, _SEAL, "sha256")
    nonce = sealed[start : start + NONCE_SIZE]
    try:
        packed = AESGCM(key).decrypt(nonce, sealed[start + NONCE_SIZE :], _DATA)
    except InvalidTag:
        raise VerificationError("the sealed body was changed, or is another entry's") from None
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(packed, MAX_BODY + 1)
    except zlib.error:
        raise VerificationError("the sealed body is damaged") from None
    if len(body) > MAX_BODY or not inflater.eof or inflater.unused_data:
        raise VerificationError("the sealed body is larger than a body may be, or damaged")
    return body


def wrap_key(wrapping: bytes, key: bytes) -> bytes:
    """A key of 32 bytes under another; 40 bytes."""
    return aes_key_wrap(wrapping, key)


def unwrap_key(wrapping: bytes, wrapped: bytes) -> bytes:
    """The key under another. Raises VerificationError when it is not wrapped under that one."""
    try:
        return aes_key_unwrap(wrapping, wrapped)
    except (InvalidUnwrap, ValueError):
        raise VerificationError("a wrapped key was changed, or is of another master key") from None
