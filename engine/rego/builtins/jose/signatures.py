"""The algorithms of JSON Web Algorithms (RFC 7518, 8037): checking signatures, and making them.

Whether a key may verify or sign differs between OPA's builtins; those that tell the algorithm by their name take
public keys only, and any curve. All comparing of secrets is done by the library, or by `hmac.compare_digest`.
"""

import hmac
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.jose.keys import Key, RsaSigningKey, SecretKey
from lockgate.engine.rego.builtins.x509.private_keys import (
    EcPrivateKey,
    Ed25519PrivateKey,
    RsaPrivateKey,
    checked_rsa,
)
from lockgate.engine.rego.builtins.x509.public_keys import EcKey, Ed25519Key, RsaKey
from lockgate.engine.rego.builtins.x509.signature_algorithms import (
    MIN_RSA_BITS,
    checking_steps,
    ec_verifier,
    rsa_verifier,
)

_HASHES: Final = MappingProxyType({"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()})

_STEPS_PER_SIGNATURE: Final = 100
# With RSA, for the cube of its kilobits.
_STEPS_PER_LARGER_SIGNATURE: Final = 200


def verifies(key: Key | None, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Does a signature verify with a key that may be private or symmetric?"""
    if isinstance(key, SecretKey):
        return algorithm[:2] == "HS" and is_authentic(key.secret, algorithm, signed, signature)
    if isinstance(key, (EcPrivateKey, RsaPrivateKey, RsaSigningKey, Ed25519PrivateKey)):
        key = key.public
    if isinstance(key, EcKey) and len(signature) != 2 * key.field_bytes:
        return False
    return verifies_publicly(key, algorithm, signed, signature, padding.PSS.DIGEST_LENGTH)


def verification_steps(key: Key | None) -> int:
    """What a signature that is checked with a key counts as."""
    return checking_steps(key.public if isinstance(key, RsaPrivateKey | RsaSigningKey) else key)


def signing_steps(key: Key | None) -> int:
    """What a signature that is made with a key counts as."""
    size = key.public.modulus.bit_length() // 1024 if isinstance(key, RsaSigningKey) else 0
    return _STEPS_PER_SIGNATURE + _STEPS_PER_LARGER_SIGNATURE * size**3


def is_authentic(secret: bytes, algorithm: str, signed: bytes, code: bytes) -> bool:
    """Is it the message authentication code of `signed`?"""
    return algorithm[2:] in _HASHES and hmac.compare_digest(_code(secret, algorithm, signed), code)


def _code(secret: bytes, algorithm: str, signed: bytes) -> bytes:
    return hmac.digest(secret, signed, f"sha{algorithm[2:]}")


def verifies_publicly(
    key: Key | None,
    algorithm: str,
    signed: bytes,
    signature: bytes,
    salt: object = padding.PSS.AUTO,
) -> bool:
    """Does a signature verify with a public key? A key of another kind than the algorithm's verifies nothing."""
    family, digest = algorithm[:2], _HASHES.get(algorithm[2:])
    try:
        if isinstance(key, Ed25519Key) and algorithm in ("EdDSA", "Ed25519"):
            ed25519.Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, signed)
        elif isinstance(key, RsaKey) and digest is not None and family in ("RS", "PS"):
            pad = padding.PSS(padding.MGF1(digest), salt) if family == "PS" else padding.PKCS1v15()  # type: ignore[arg-type]
            rsa_verifier(key).verify(signature, signed, pad, digest)
        elif isinstance(key, EcKey) and digest is not None and family == "ES":
            half = len(signature) // 2
            r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            ec_verifier(key).verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        # A key or a signature that the library does not take verifies nothing either.
        return False
    return True


def sign(key: Key | None, algorithm: str, signed: bytes) -> bytes:
    """The signature with a private or symmetric key. Raises BuiltinError for a key of another kind."""
    family, digest = algorithm[:2], _HASHES.get(algorithm[2:])
    if family == "HS":
        return _code(_secret(key), algorithm, signed)
    if algorithm == "EdDSA" and isinstance(key, Ed25519PrivateKey):
        return ed25519.Ed25519PrivateKey.from_private_bytes(key.seed).sign(signed)
    try:
        if family in ("RS", "PS") and isinstance(key, RsaSigningKey) and digest is not None:
            is_pss = family == "PS"
            pad = padding.PSS(padding.MGF1(digest), digest.digest_size) if is_pss else padding.PKCS1v15()
            return _rsa_signer(key).sign(signed, pad, digest)
        if family == "ES" and isinstance(key, EcPrivateKey) and digest is not None:
            signer = ec.derive_private_key(key.secret, key.public.curve)
            numbers = decode_dss_signature(signer.sign(signed, ec.ECDSA(digest)))
            return b"".join([number.to_bytes(key.public.field_bytes, "big") for number in numbers])
    except (UnsupportedAlgorithm, ValueError) as error:
        raise BuiltinError(f"failed to sign payload: {error}") from error
    raise BuiltinError(f"invalid key type for the algorithm {algorithm}")


def _secret(key: Key | None) -> bytes:
    """The secret of a symmetric key; jwx takes the bytes of an Ed25519 key for one as well."""
    if isinstance(key, SecretKey):
        return key.secret
    if isinstance(key, Ed25519PrivateKey):
        return key.seed + key.public.raw
    if isinstance(key, Ed25519Key):
        return key.raw
    raise BuiltinError("invalid key type for an algorithm with a secret")


def _rsa_signer(key: RsaSigningKey) -> rsa.RSAPrivateKey:
    """The key in the library's form, checked as Go does, that is without asking whether its primes are any."""
    if key.public.modulus.bit_length() < MIN_RSA_BITS:
        raise BuiltinError(f"crypto/rsa: {key.public.modulus.bit_length()}-bit keys are insecure")
    checked = checked_rsa(key.public, key.exponent, key.primes, key.precomputed)
    dp, dq, qinv = checked.precomputed
    public = rsa.RSAPublicNumbers(key.public.exponent, key.public.modulus)
    numbers = rsa.RSAPrivateNumbers(*key.primes, key.exponent, dp, dq, qinv, public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)
