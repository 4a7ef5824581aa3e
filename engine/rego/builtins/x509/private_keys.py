"""Private keys in PKCS #1, PKCS #8 and SEC 1 (RFC 8017, 5208, 5915, 8410), checked as Go's `crypto/x509` does."""

from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.encodings import base64_text
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.x509.der import (
    BIT_STRING,
    INTEGER,
    MAX_INTEGER_BYTES,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Oid,
    Reader,
)
from lockgate.engine.rego.builtins.x509.pem import Block
from lockgate.engine.rego.builtins.x509.public_keys import (
    CURVES,
    ECDSA,
    ED25519,
    RSA,
    X25519,
    EcKey,
    Ed25519Key,
    PublicKey,
    RsaKey,
    X25519Key,
    read_algorithm,
)
from lockgate.engine.rego.builtins.x509.signature_algorithms import MAX_RSA_EXPONENT

_PROBLEM: Final = "asn1: structure error"
_SEED_BYTES: Final = 32


@record
class RsaPrivateKey:
    """An RSA key with its primes and, for two of them, the exponents and the coefficient of the remainder theorem."""

    public: RsaKey
    exponent: int
    primes: tuple[int, ...]
    precomputed: tuple[int, int, int]


@record
class EcPrivateKey:
    """A key on a NIST curve."""

    public: EcKey
    secret: int


@record
class Ed25519PrivateKey:
    """An Ed25519 key by its seed."""

    public: Ed25519Key
    seed: bytes


@record
class X25519PrivateKey:
    """A key for key agreement."""

    public: X25519Key
    secret: bytes


PrivateKey = RsaPrivateKey | EcPrivateKey | Ed25519PrivateKey | X25519PrivateKey


def read_private_keys(found: Iterator[Block]) -> list[PrivateKey]:
    """The keys of PEM blocks; blocks of other types are left out."""
    keys: list[PrivateKey] = []
    for block in found:
        if block.type == "RSA PRIVATE KEY":
            keys.append(read_pkcs1(block.data))
        elif block.type == "PRIVATE KEY":
            keys.append(read_pkcs8(block.data))
        elif block.type == "EC PRIVATE KEY":
            keys.append(read_sec1(block.data, None))
    return keys


def read_any(data: bytes) -> PrivateKey:
    """A key for a certificate, in whichever of the forms it is."""
    try:
        return read_pkcs1(data)
    except BuiltinError:
        pass  # It may have another form; the last error tells.
    try:
        key = read_pkcs8(data)
    except BuiltinError:
        try:
            return read_sec1(data, None)
        except BuiltinError as error:
            raise BuiltinError("tls: failed to parse private key") from error
    if isinstance(key, X25519PrivateKey):
        raise BuiltinError("tls: found unknown private key type in PKCS#8 wrapping")
    return key


def read_pkcs1(data: bytes) -> RsaPrivateKey:
    """An RSA key."""
    outer = Reader(data)
    inside = outer.inside(SEQUENCE, _PROBLEM)
    if not outer.empty:
        raise BuiltinError("asn1: syntax error: trailing data")
    version = inside.small_integer(_PROBLEM)
    modulus = inside.integer(_PROBLEM)
    exponent = inside.small_integer(_PROBLEM)
    secret, p, q = (inside.integer(_PROBLEM) for _ in range(3))
    given = [inside.integer(_PROBLEM) if inside.begins(INTEGER, _PROBLEM) else None for _ in range(3)]
    others: list[int] = []
    if inside.begins(SEQUENCE, _PROBLEM):
        sequence = inside.inside(SEQUENCE, _PROBLEM)
        while not sequence.empty:
            other = sequence.inside(SEQUENCE, _PROBLEM)
            others.append(next(other.integer(_PROBLEM) for _ in range(3)))
    if version > 1:
        raise BuiltinError("x509: unsupported private key version")
    numbers = tuple([one for one in given if one is not None])
    if min(modulus, secret, p, q, *others, *numbers) <= 0:
        raise BuiltinError("x509: private key contains zero or negative value")
    return checked_rsa(RsaKey(modulus, exponent), secret, (p, q, *others), numbers)


def checked_rsa(
    public: RsaKey, secret: int, primes: tuple[int, ...], precomputed: tuple[int, ...]
) -> RsaPrivateKey:
    """The key if its numbers belong together, after the checks of Go's `crypto/rsa`, which asks for no primality."""
    modulus, exponent = public.modulus, public.exponent
    if modulus % 2 == 0 or not 2 <= exponent <= MAX_RSA_EXPONENT or exponent % 2 == 0 or secret >= modulus:
        raise BuiltinError("crypto/rsa: invalid key")
    p, q = primes[:2]
    if min(primes) <= 1:
        raise BuiltinError("crypto/rsa: invalid prime")
    try:
        inverse = pow(q, -1, p)
    except ValueError as error:
        raise BuiltinError("crypto/rsa: prime factors are not relatively prime") from error
    computed = (secret % (p - 1), secret % (q - 1), inverse)
    if len(primes) > 2:
        return RsaPrivateKey(public, secret, primes, computed)
    dp, dq, _ = computed
    half = modulus.bit_length() // 2
    if p * q % modulus or p >= modulus or q >= modulus:
        raise BuiltinError("crypto/rsa: p * q != n")
    if (
        (len(precomputed) == 3 and precomputed != computed)
        or dp * exponent % (p - 1) != 1
        or dq * exponent % (q - 1) != 1
    ):
        raise BuiltinError("crypto/rsa: invalid CRT exponent")
    if abs(p - q).bit_length() <= half - 100:
        raise BuiltinError("crypto/rsa: |p - q| too small")
    if secret.bit_length() <= half:
        raise BuiltinError("crypto/rsa: d too small")
    return RsaPrivateKey(public, secret, primes, computed)


def read_pkcs8(data: bytes) -> PrivateKey:
    """A key of any kind that Go knows."""
    inside = Reader(data).inside(SEQUENCE, _PROBLEM)
    inside.small_integer(_PROBLEM)
    algorithm = read_algorithm(inside.inside(SEQUENCE, _PROBLEM))
    contents = inside.contents(OCTET_STRING, _PROBLEM)
    if algorithm.oid == RSA:
        return read_pkcs1(contents)
    if algorithm.oid == ECDSA:
        return read_sec1(contents, _curve_oid(algorithm.parameters))
    if algorithm.oid not in (ED25519, X25519):
        raise BuiltinError("x509: PKCS#8 wrapping contained private key with unknown algorithm")
    secret = Reader(contents).contents(OCTET_STRING, "x509: invalid Ed25519 private key")
    if algorithm.parameters or len(secret) != _SEED_BYTES:
        raise BuiltinError("x509: invalid Ed25519 or X25519 private key")
    return ed25519_key(secret) if algorithm.oid == ED25519 else x25519_key(secret)


def ed25519_key(seed: bytes) -> Ed25519PrivateKey:
    """The Ed25519 key with a seed of 32 bytes."""
    public = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return Ed25519PrivateKey(Ed25519Key(public), seed)


def x25519_key(secret: bytes) -> X25519PrivateKey:
    """The X25519 key with a secret of 32 bytes."""
    public = x25519.X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return X25519PrivateKey(X25519Key(public), secret)


def _curve_oid(parameters: bytes) -> Oid | None:
    """The curve that the parameters name; without one, the key itself has to."""
    try:
        return Reader(parameters).oid(_PROBLEM)
    except BuiltinError:
        return None


def read_sec1(data: bytes, curve: Oid | None) -> EcPrivateKey:
    """A key on a curve, which it names itself unless it is known already."""
    inside = Reader(data).inside(SEQUENCE, "x509: failed to parse EC private key")
    version = inside.small_integer(_PROBLEM)
    secret = inside.contents(OCTET_STRING, _PROBLEM)
    own = inside.oid(_PROBLEM) if inside.enter(0, OBJECT_IDENTIFIER, _PROBLEM) else None
    if inside.enter(1, BIT_STRING, _PROBLEM):
        inside.bits(_PROBLEM)
    if version != 1:
        raise BuiltinError(f"x509: unknown EC private key version {version}")
    found = CURVES.get(curve or own or ())
    if found is None:
        raise BuiltinError("x509: unknown elliptic curve")
    # Leading zeros may be too many or left out: OpenSSL once wrote both.
    return ec_private_key(found, int.from_bytes(secret, "big"))


def ec_private_key(curve: ec.EllipticCurve, secret: int) -> EcPrivateKey:
    """The key with a secret number, which must be below the order of the curve."""
    try:
        numbers = ec.derive_private_key(secret, curve).public_key().public_numbers()
    except ValueError as error:
        raise BuiltinError("ecdsa: private key scalar is out of range") from error
    return EcPrivateKey(EcKey(curve, numbers.x, numbers.y), secret)


def shown_private_key(key: PrivateKey) -> Value:
    """The key as Go writes it in JSON."""
    if isinstance(key, RsaPrivateKey):
        dp, dq, qinv = key.precomputed
        return {
            "N": key.public.modulus,
            "E": key.public.exponent,
            "D": key.exponent,
            "Primes": list(key.primes),
            "Precomputed": {"Dp": dp, "Dq": dq, "Qinv": qinv, "CRTValues": _further(key)},
        }
    if isinstance(key, EcPrivateKey):
        return {"Curve": {}, "X": key.public.x, "Y": key.public.y, "D": key.secret}
    return base64_text(key.seed + key.public.raw) if isinstance(key, Ed25519PrivateKey) else {}


def _further(key: RsaPrivateKey) -> list[Value]:
    """What the remainder theorem needs for a third prime and those after it."""
    found: list[Value] = []
    product = key.primes[0] * key.primes[1]
    for prime in key.primes[2:]:
        try:
            coefficient = pow(product, -1, prime)
        except ValueError as error:
            raise BuiltinError("crypto/rsa: prime factors are not relatively prime") from error
        if product.bit_length() > 8 * MAX_INTEGER_BYTES:
            raise BuiltinLimitError("an RSA key with too many primes")
        found.append({"Exp": key.exponent % (prime - 1), "Coeff": coefficient, "R": product})
        product *= prime
    return found


def is_pair(key: PrivateKey, public: PublicKey | None) -> bool:
    """Do a private and a public key belong together?"""
    return key.public == public
