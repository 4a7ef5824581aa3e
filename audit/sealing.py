"""Sealing bodies (AES-256-GCM) and wrapping keys (AES key wrap, RFC 3394).

`sealed = "LGB1" ‖ nonce (12) ‖ AES-256-GCM(zlib(body))`, under a key derived from the entry's, so that destroying the
entry's key destroys the body with it.
"""

import secrets
import zlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.hmac_sha256 import hmac_sha256
from lockgate.audit.quick_libraries import Pack, find_pack

MAGIC: Final = b"LGB1"
NONCE_SIZE: Final = 12
# A body holds a masked request, which an API server caps at 3 MiB, and what was said of it.
MAX_BODY: Final = 16 * 1024 * 1024

_SEAL: Final = b"lockgate-trail/v1 seal"
_DATA: Final = b"lockgate-trail/v1 body"
_FAST: Final = 1
# How far back zlib looks: most bodies are smaller than its largest window, which takes longer to make than to use.
_LOOKAHEAD: Final = 262
_LEAST_BITS: Final = 9
_SMALL_MEMORY: Final = 5


def _pack(body: bytes) -> bytes:
    bits = (len(body) + _LOOKAHEAD).bit_length()
    if bits >= zlib.MAX_WBITS:
        return zlib.compress(body, _FAST)
    packer = zlib.compressobj(_FAST, zlib.DEFLATED, max(bits, _LEAST_BITS), _SMALL_MEMORY)
    return packer.compress(body) + packer.flush()


_PACK: Final[Pack] = find_pack() or _pack


def seal(entry_key: bytes, body: bytes) -> bytes:
    """The sealed body."""
    if len(body) > MAX_BODY:
        raise FormatError(f"a body of {len(body)} bytes is larger than {MAX_BODY}")
    nonce = secrets.token_bytes(NONCE_SIZE)
    key = hmac_sha256(entry_key, _SEAL)
    return MAGIC + nonce + AESGCM(key).encrypt(nonce, _PACK(body), _DATA)


def unseal(entry_key: bytes, sealed: bytes) -> bytes:
    """The body. Raises VerificationError when it is not what was sealed under this key."""
    start = len(MAGIC)
    if not sealed.startswith(MAGIC) or len(sealed) < start + NONCE_SIZE + 16:
        raise VerificationError("the sealed body is in no form that is known here")
    key = hmac_sha256(entry_key, _SEAL)
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
