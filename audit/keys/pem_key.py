"""Private keys in PEM that sign statements and tokens: P-256 (as JWS ES256, RFC 7518, and ECDSA in DER) and Ed25519."""

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from lockgate.audit.dsse import Envelope, EnvelopeSignature, PublicKey, pae
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.verifying import is_p256_signature

_HALF: Final = 32


def key_name(key: PublicKey) -> str:
    """SHA-256 (hex) over the key's DER, by which envelopes name it."""
    from hashlib import sha256

    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


class PemKey:
    """A private key; its text form never shows it."""

    __slots__ = ("_private", "key")

    def __init__(self, private: EllipticCurvePrivateKey | Ed25519PrivateKey) -> None:
        self._private = private
        self.key: Final[PublicKey] = private.public_key()

    def __reduce__(self) -> str:
        raise TypeError("a key that signs is not copied")

    @property
    def is_p256(self) -> bool:
        """Is it a key of P-256, else of Ed25519?"""
        return not isinstance(self._private, Ed25519PrivateKey)

    def _p256(self, private: EllipticCurvePrivateKey, message: bytes) -> bytes:
        try:
            # RFC 6979: the same message has the same signature.
            return private.sign(message, ECDSA(hashes.SHA256(), deterministic_signing=True))
        except UnsupportedAlgorithm:
            return private.sign(message, ECDSA(hashes.SHA256()))

    def sign_envelope(self, payload_type: str, payload: bytes) -> Envelope:
        """The envelope of a payload, with one signature."""
        message = pae(payload_type, payload)
        private = self._private
        made = (
            private.sign(message) if isinstance(private, Ed25519PrivateKey) else self._p256(private, message)
        )
        return Envelope(payload_type, payload, (EnvelopeSignature(key_name(self.key), made),))

    def sign_es256(self, message: bytes) -> bytes:
        """The 64 bytes of an ES256 signature. Raises TrailError for a key of another kind."""
        if isinstance(self._private, Ed25519PrivateKey):
            raise TrailError(
                "an Ed25519 key signs nothing that OPA verifies",
                hint="make a P-256 key: openssl ecparam -name prime256v1 -genkey -noout -out key.pem",
            )
        first, second = decode_dss_signature(self._p256(self._private, message))
        return first.to_bytes(_HALF, "big") + second.to_bytes(_HALF, "big")


def parse_private_key(pem: bytes, shown: str) -> PemKey:
    """A key of Ed25519 or P-256. Raises FormatError, which does not show it."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FormatError(f"{shown} is no private key in PEM without a password") from None
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    ):
        return PemKey(key)
    raise FormatError(f"{shown} is a key of another kind than P-256 and Ed25519")


def is_es256_signature(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the 64 bytes are an ES256 signature by the key; False for a key of another kind."""
    if not isinstance(key, EllipticCurvePublicKey) or len(signature) != 2 * _HALF:
        return False
    halves = (int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big"))
    return is_p256_signature(key, encode_dss_signature(*halves), message)
