"""How certificates and requests are signed: the algorithms by the numbers that Go gives them, and their checking."""

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.x509.der import INTEGER, NULL, SEQUENCE, Oid, Reader
from lockgate.engine.rego.builtins.x509.public_keys import (
    AlgorithmIdentifier,
    EcKey,
    Ed25519Key,
    PublicKey,
    RsaKey,
    read_algorithm,
)

# By Go's numbers; those that nothing verifies any more are shown, but have no meaning below.
_NUMBERS: Final[dict[Oid, int]] = {
    (1, 2, 840, 113549, 1, 1, 4): 2,  # MD5 with RSA
    (1, 2, 840, 113549, 1, 1, 5): 3,  # SHA-1 with RSA
    (1, 3, 14, 3, 2, 29): 3,  # the same by ISO
    (1, 2, 840, 113549, 1, 1, 11): 4,
    (1, 2, 840, 113549, 1, 1, 12): 5,
    (1, 2, 840, 113549, 1, 1, 13): 6,
    (1, 2, 840, 10040, 4, 3): 7,  # DSA with SHA-1
    (2, 16, 840, 1, 101, 3, 4, 3, 2): 8,  # DSA with SHA-256
    (1, 2, 840, 10045, 4, 1): 9,  # ECDSA with SHA-1
    (1, 2, 840, 10045, 4, 3, 2): 10,
    (1, 2, 840, 10045, 4, 3, 3): 11,
    (1, 2, 840, 10045, 4, 3, 4): 12,
}
_ED25519: Final = (1, 3, 101, 112)
_ED25519_NUMBER: Final = 16
_PSS: Final = (1, 2, 840, 113549, 1, 1, 10)
_MGF1: Final = (1, 2, 840, 113549, 1, 1, 8)
# For RSA-PSS: the number by hash and length of the salt.
_PSS_NUMBERS: Final[dict[tuple[Oid, int], int]] = {
    ((2, 16, 840, 1, 101, 3, 4, 2, 1), 32): 13,
    ((2, 16, 840, 1, 101, 3, 4, 2, 2), 48): 14,
    ((2, 16, 840, 1, 101, 3, 4, 2, 3), 64): 15,
}
_RSA_HASHES: Final = {4: hashes.SHA256(), 5: hashes.SHA384(), 6: hashes.SHA512()}
_ECDSA_HASHES: Final = {10: hashes.SHA256(), 11: hashes.SHA384(), 12: hashes.SHA512()}
_PSS_HASHES: Final = {13: hashes.SHA256(), 14: hashes.SHA384(), 15: hashes.SHA512()}
_NULL_OR_NONE: Final = (b"", bytes([NULL, 0]))

# Go refuses shorter RSA keys, and larger exponents.
MIN_RSA_BITS: Final = 1024
MAX_RSA_EXPONENT: Final = (1 << 31) - 1

_STEPS_PER_CHECK: Final = 100


def algorithm_number(algorithm: AlgorithmIdentifier) -> int:
    """Go's number of the algorithm; 0 for one that it does not know."""
    if algorithm.oid == _ED25519:
        return 0 if algorithm.parameters else _ED25519_NUMBER
    if algorithm.oid == _PSS:
        return _pss_number(algorithm.parameters)
    return _NUMBERS.get(algorithm.oid, 0)


def _pss_number(parameters: bytes) -> int:
    try:
        found = _pss_parameters(Reader(parameters))
    except BuiltinError:
        return 0
    same = found.generator.oid == _MGF1 and found.generator_digest.oid == found.digest.oid
    plain = found.digest.parameters in _NULL_OR_NONE and found.generator_digest.parameters in _NULL_OR_NONE
    if not same or not plain or found.trailer != 1:
        return 0
    return _PSS_NUMBERS.get((found.digest.oid, found.salt), 0)


@record
class _PssParameters:
    digest: AlgorithmIdentifier
    generator: AlgorithmIdentifier
    generator_digest: AlgorithmIdentifier
    salt: int
    trailer: int


def _pss_parameters(reader: Reader) -> _PssParameters:
    """RFC 4055, section 3.1; what may be left out stands for SHA-1 there, which Go does not take."""
    problem = "x509: malformed parameters"
    inside = reader.inside(SEQUENCE, problem)

    def explicit(number: int, tag: int) -> Reader:
        if not inside.enter(number, tag, problem):
            raise BuiltinError(problem)
        return inside

    digest = read_algorithm(explicit(0, SEQUENCE).inside(SEQUENCE, problem))
    generator = read_algorithm(explicit(1, SEQUENCE).inside(SEQUENCE, problem))
    generator_digest = read_algorithm(Reader(generator.parameters).inside(SEQUENCE, problem))
    salt = explicit(2, INTEGER).small_integer(problem)
    trailer = inside.small_integer(problem) if inside.enter(3, INTEGER, problem) else 1
    return _PssParameters(digest, generator, generator_digest, salt, trailer)


def is_signed_by(key: PublicKey | None, number: int, signed: bytes, signature: bytes) -> bool:
    """Was `signed` signed with the private half of the key? Broken algorithms prove nothing."""
    try:
        if isinstance(key, RsaKey):
            digest = _RSA_HASHES.get(number) or _PSS_HASHES.get(number)
            if digest is None:
                return False
            is_pss = number in _PSS_HASHES
            pad = (
                padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH) if is_pss else padding.PKCS1v15()
            )
            rsa_verifier(key).verify(signature, signed, pad, digest)
        elif isinstance(key, EcKey):
            ec_digest = _ECDSA_HASHES.get(number)
            if ec_digest is None:
                return False
            ec_verifier(key).verify(signature, signed, ec.ECDSA(ec_digest))
        elif isinstance(key, Ed25519Key) and number == _ED25519_NUMBER:
            ed25519.Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, signed)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        # A key that the library does not take verifies nothing either.
        return False
    return True


def checking_steps(key: object) -> int:
    """What a signature that is checked with a key counts as; large RSA keys take long."""
    if not isinstance(key, RsaKey):
        return _STEPS_PER_CHECK
    size = key.modulus.bit_length() // 1024
    return _STEPS_PER_CHECK + size * size * min(key.exponent, MAX_RSA_EXPONENT).bit_length()


@lru_cache(maxsize=100)
def rsa_verifier(key: RsaKey) -> rsa.RSAPublicKey:
    """The key in the library's form. Raises ValueError for one that may not verify."""
    if key.modulus.bit_length() < MIN_RSA_BITS or key.exponent > MAX_RSA_EXPONENT:
        raise ValueError("an RSA key that is too short, or has too large an exponent")
    return rsa.RSAPublicNumbers(key.exponent, key.modulus).public_key()


@lru_cache(maxsize=100)
def ec_verifier(key: EcKey) -> ec.EllipticCurvePublicKey:
    """The key in the library's form."""
    return ec.EllipticCurvePublicNumbers(key.x, key.y, key.curve).public_key()
