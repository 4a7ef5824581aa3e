"""Verifying signatures: the one place that asks `cryptography`.

OpenSSL's Ed25519 checks the equation without the cofactor and refuses non-canonical scalars (RFC 8032 5.1.7), so that
a signature has one spelling. Points of small order are refused here, since for them one signature fits many texts.
"""

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from lockgate.audit.errors import UnverifiableError

# The y-coordinates of the eight points of small order on edwards25519, with their non-canonical spellings, sign bit
# cleared (Chalkias et al., "Taming the many EdDSAs", table 1).
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(one)
    for one in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def is_small_order(point: bytes) -> bool:
    """Whether an encoded point of edwards25519 (32 bytes) is one of those of small order."""
    return point[:31] + bytes((point[31] & 0x7F,)) in _SMALL_ORDER


@lru_cache(maxsize=64)
def _ed25519(public: bytes) -> Ed25519PublicKey | None:
    if len(public) != 32 or is_small_order(public):
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(public)
    except ValueError:
        return None  # No point of the curve: nothing verifies under it.


def is_ed25519_signature(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature of 64 bytes over the message verifies under a public key of 32 bytes."""
    key = _ed25519(public)
    if key is None or len(signature) != 64 or is_small_order(signature[:32]):
        return False
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def is_p256_signature(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Whether a DER signature (ECDSA, P-256, SHA-256) over the message verifies."""
    return isinstance(key.curve, SECP256R1) and is_ecdsa_signature(key, signature, message)


# The hash that goes with each curve in sigstore's bundles (PKIX_ECDSA_P256_SHA_256 and so on).
_CURVES: Final = (
    (SECP256R1, hashes.SHA256()),
    (SECP384R1, hashes.SHA384()),
    (SECP521R1, hashes.SHA512()),
)


def is_nist_curve(key: EllipticCurvePublicKey) -> bool:
    """Is the key on P-256, P-384 or P-521?"""
    return any(isinstance(key.curve, curve) for curve, _ in _CURVES)


def is_ecdsa_signature(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Whether a DER signature verifies under a key of P-256, P-384 or P-521, with the hash of the curve's size."""
    for curve, algorithm in _CURVES:
        if isinstance(key.curve, curve):
            try:
                key.verify(signature, message, ECDSA(algorithm))
            except InvalidSignature:
                return False
            return True
    return False


def is_ml_dsa_44_signature(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an ML-DSA-44 signature (FIPS 204, empty context) verifies.

    Raises UnverifiableError where the installed libraries lack ML-DSA: that is no sign of tampering.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        key = MLDSA44PublicKey.from_public_bytes(public)
    except (ImportError, UnsupportedAlgorithm):
        raise UnverifiableError(
            "an ML-DSA-44 signature cannot be verified here",
            hint="install a newer release of cryptography, built with an OpenSSL that has ML-DSA",
        ) from None
    except ValueError:
        return False
    try:
        key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
