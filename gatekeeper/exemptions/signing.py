"""Signatures of exemptions: Ed25519 (RFC 8032), keys in PEM, so that openssl can make and check them too."""

from typing import TYPE_CHECKING

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.gatekeeper.fields import Field

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_LONGEST_KEY = 2_000


@record
class PublicKey:
    """A signer's key: 32 bytes."""

    raw: bytes


def _require_cryptography() -> None:
    import importlib.util

    if importlib.util.find_spec("cryptography") is None:
        raise UsageError(
            "signatures of exemptions need the package cryptography", hint="pip install 'lockgate[crypto]'"
        )


def parse_public_key(field: Field) -> PublicKey:
    """An Ed25519 key in PEM. Raises PolicyError, or UsageError without the package that reads it."""
    text = field.string()
    _require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    hint = "make one with: openssl genpkey -algorithm ed25519, then openssl pkey -pubout"
    if not text or len(text) > _LONGEST_KEY:
        field.refuse(f"{field.name} is no public key in PEM", hint)
    try:
        key = load_pem_public_key(text.encode("utf-8", "replace"))
    except (ValueError, UnsupportedAlgorithm):
        field.refuse(f"{field.name} is no public key in PEM", hint)
    if not isinstance(key, Ed25519PublicKey):
        field.refuse(f"{field.name} is a key of another kind than Ed25519", hint)
    return PublicKey(key.public_bytes_raw())


def is_signed_by(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether the key made the signature over the data."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def load_private_key(pem: bytes, shown: str) -> "Ed25519PrivateKey":
    """A signer's private key. Raises UsageError."""
    _require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(f"{shown} is no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{shown} is a key of another kind than Ed25519")
    return key
