"""Public keys from their SubjectPublicKeyInfo (RFC 5280, 3279, 5480, 8410), as Go's `crypto/x509` takes them."""

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.encodings import base64_text
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.x509.der import NULL, SEQUENCE, Oid, Reader, right_aligned

RSA: Final = (1, 2, 840, 113549, 1, 1, 1)
DSA: Final = (1, 2, 840, 10040, 4, 1)
ECDSA: Final = (1, 2, 840, 10045, 2, 1)
X25519: Final = (1, 3, 101, 110)
ED25519: Final = (1, 3, 101, 112)
# The numbers of the algorithms that certificates and requests show; X25519 is none of theirs.
ALGORITHMS: Final = {RSA: 1, DSA: 2, ECDSA: 3, ED25519: 4}

CURVES: Final[dict[Oid, ec.EllipticCurve]] = {
    (1, 3, 132, 0, 33): ec.SECP224R1(),
    (1, 2, 840, 10045, 3, 1, 7): ec.SECP256R1(),
    (1, 3, 132, 0, 34): ec.SECP384R1(),
    (1, 3, 132, 0, 35): ec.SECP521R1(),
}

_CURVE_25519_BYTES: Final = 32
_NULL: Final = bytes([NULL, 0])


@record
class RsaKey:
    """An RSA key."""

    modulus: int
    exponent: int


@record
class EcKey:
    """A point on a NIST curve."""

    curve: ec.EllipticCurve
    x: int
    y: int

    @property
    def field_bytes(self) -> int:
        """The length of a coordinate."""
        return (self.curve.key_size + 7) // 8


@record
class Ed25519Key:
    """An Ed25519 key."""

    raw: bytes


@record
class X25519Key:
    """A key for key agreement; it verifies nothing."""

    raw: bytes


@record
class DsaKey:
    """A DSA key; nothing verifies with it any more."""

    y: int
    p: int
    q: int
    g: int


PublicKey = RsaKey | EcKey | Ed25519Key | X25519Key | DsaKey


@record
class AlgorithmIdentifier:
    """An algorithm, and the encoding of its parameters, which may be empty."""

    oid: Oid
    parameters: bytes


def read_algorithm(reader: Reader) -> AlgorithmIdentifier:
    """What the contents of an AlgorithmIdentifier say."""
    algorithm = reader.oid("x509: malformed OID")
    if reader.empty:
        return AlgorithmIdentifier(algorithm, b"")
    return AlgorithmIdentifier(algorithm, reader.any_element("x509: malformed parameters")[1])


@record
class KeyInfo:
    """A SubjectPublicKeyInfo that has been taken apart."""

    raw: bytes
    algorithm: AlgorithmIdentifier
    data: bytes


def read_key_info(reader: Reader) -> KeyInfo:
    """The next element, a SubjectPublicKeyInfo."""
    problem = "x509: malformed spki"
    raw = reader.element(SEQUENCE, problem)
    inside = Reader(raw).inside(SEQUENCE, problem)
    algorithm = read_algorithm(inside.inside(SEQUENCE, "x509: malformed public key algorithm identifier"))
    return KeyInfo(raw, algorithm, right_aligned(*inside.bits("x509: malformed subjectPublicKey")))


def certified_key(info: KeyInfo) -> PublicKey | None:
    """The key of a certificate or request; None when it is of another kind than they show."""
    return public_key(info) if info.algorithm.oid in ALGORITHMS else None


def public_key(info: KeyInfo) -> PublicKey:
    """The key. Raises BuiltinError for one that Go refuses."""
    algorithm, parameters = info.algorithm.oid, info.algorithm.parameters
    if algorithm == RSA:
        return _rsa_key(parameters, info.data)
    if algorithm == ECDSA:
        curve = CURVES.get(Reader(parameters).oid("x509: invalid ECDSA parameters"))
        if curve is None:
            raise BuiltinError("x509: unsupported elliptic curve")
        return ec_key(curve, info.data)
    if algorithm in (ED25519, X25519):
        name = "Ed25519" if algorithm == ED25519 else "X25519"
        if parameters:
            raise BuiltinError(f"x509: {name} key encoded with illegal parameters")
        if len(info.data) != _CURVE_25519_BYTES:
            raise BuiltinError(f"x509: wrong {name} public key size")
        return Ed25519Key(info.data) if algorithm == ED25519 else X25519Key(info.data)
    if algorithm == DSA:
        return _dsa_key(parameters, info.data)
    raise BuiltinError("x509: unknown public key algorithm")


def _rsa_key(parameters: bytes, data: bytes) -> RsaKey:
    if parameters != _NULL:
        raise BuiltinError("x509: RSA key missing NULL parameters")
    inside = Reader(data).inside(SEQUENCE, "x509: invalid RSA public key")
    modulus = inside.integer("x509: invalid RSA modulus")
    exponent = inside.small_integer("x509: invalid RSA public exponent")
    if modulus <= 0:
        raise BuiltinError("x509: RSA modulus is not a positive number")
    if exponent <= 0:
        raise BuiltinError("x509: RSA public exponent is not a positive number")
    return RsaKey(modulus, exponent)


def ec_key(curve: ec.EllipticCurve, data: bytes) -> EcKey:
    """The key at an uncompressed point; it must lie on the curve."""
    if data[:1] != b"\x04":
        raise BuiltinError("ecdsa: invalid uncompressed public key")
    try:
        numbers = ec.EllipticCurvePublicKey.from_encoded_point(curve, data).public_numbers()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BuiltinError("ecdsa: invalid uncompressed public key") from error
    return EcKey(curve, numbers.x, numbers.y)


def _dsa_key(parameters: bytes, data: bytes) -> DsaKey:
    y = Reader(data).integer("x509: invalid DSA public key")
    problem = "x509: invalid DSA parameters"
    inside = Reader(parameters).inside(SEQUENCE, problem)
    p, q, g = inside.integer(problem), inside.integer(problem), inside.integer(problem)
    if min(y, p, q, g) <= 0:
        raise BuiltinError("x509: zero or negative DSA parameter")
    return DsaKey(y, p, q, g)


def shown_key(key: PublicKey | None) -> Value:
    """The key as Go writes it in JSON; its curves have no fields that it would write."""
    if isinstance(key, RsaKey):
        return {"N": key.modulus, "E": key.exponent}
    if isinstance(key, EcKey):
        return {"Curve": {}, "X": key.x, "Y": key.y}
    if isinstance(key, Ed25519Key):
        return base64_text(key.raw)
    if isinstance(key, DsaKey):
        return {"P": key.p, "Q": key.q, "G": key.g, "Y": key.y}
    return None if key is None else {}
