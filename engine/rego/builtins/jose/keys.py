"""JSON Web Keys (RFC 7517, 7518, 8037), accepted and refused as by `jwx`, the library that OPA uses."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from lockgate.engine.codegen.values import Value, parse_json
from lockgate.engine.errors import InputError
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.encodings import base64_bytes, base64url_bytes, base64url_text
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.operands import bytes_of
from lockgate.engine.rego.builtins.x509 import pem
from lockgate.engine.rego.builtins.x509.certificates import read_certificate
from lockgate.engine.rego.builtins.x509.der import Reader
from lockgate.engine.rego.builtins.x509.private_keys import (
    EcPrivateKey,
    Ed25519PrivateKey,
    PrivateKey,
    RsaPrivateKey,
    X25519PrivateKey,
    ed25519_key,
    x25519_key,
)
from lockgate.engine.rego.builtins.x509.public_keys import (
    EcKey,
    Ed25519Key,
    PublicKey,
    RsaKey,
    X25519Key,
    ec_key,
    public_key,
    read_key_info,
)

# The limits of jwx.
MAX_KEYS: Final = 1_000
_MAX_CHAIN: Final = 10
_MAX_CERTIFICATE: Final = 256 * 1024
# The keys of an identity provider; larger texts are read each time.
_MAX_REMEMBERED: Final = 20_000
# Larger numbers than those of a key of 16,384 bits are no key that anybody uses.
_MAX_NUMBER_BYTES: Final = 2_048

_SIGNING: Final = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 HS256 HS384 HS512 EdDSA"
# Further algorithms that a key may name; OPA then leaves the key out.
_OTHERS: Final = (
    "ES256K Ed25519 none dir ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW RSA1_5 RSA-OAEP RSA-OAEP-256"
    " RSA-OAEP-384 RSA-OAEP-512 A128KW A192KW A256KW A128GCMKW A192GCMKW A256GCMKW PBES2-HS256+A128KW"
    " PBES2-HS384+A192KW PBES2-HS512+A256KW A128GCM A192GCM A256GCM A128CBC-HS256 A192CBC-HS384 A256CBC-HS512"
)
SIGNING: Final = frozenset(_SIGNING.split())
_KNOWN: Final = SIGNING.union(_OTHERS.split())
CURVE_NAMES: Final[Mapping[str, ec.EllipticCurve]] = MappingProxyType(
    {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
)
_KEY_25519_BYTES: Final = 32
_SPACE: Final = re.compile(r"[ \t\r\n\v\f]+")

_Fields = dict[str, Value]


@record
class SecretKey:
    """A symmetric key."""

    secret: bytes


@record
class RsaSigningKey:
    """An RSA key for signing as a JSON Web Key gives it, its numbers not checked."""

    public: RsaKey
    exponent: int
    primes: tuple[int, int]
    precomputed: tuple[int, ...]


Key = PublicKey | PrivateKey | SecretKey | RsaSigningKey


@record
class NamedKey:
    """A key with the algorithm and the identifier that it has, both empty where it has none."""

    key: Key | None
    algorithm: str = ""
    identifier: str = ""


def read_verification_keys(text: str) -> tuple[NamedKey, ...]:
    """The keys in a PEM certificate or public key, or in a JSON Web Key or set of them."""
    # Policies verify many tokens with the same few keys.
    return _remembered_keys(text) if len(text) <= _MAX_REMEMBERED else _verification_keys(text)


def _verification_keys(text: str) -> tuple[NamedKey, ...]:
    data = pem.limited(bytes_of(text))
    found = pem.decode(data)
    if found is None:
        return tuple([key for key in read_jwks(text) if not key.algorithm or key.algorithm in SIGNING])
    block, end = found
    if end < len(data):
        raise BuiltinError("extra data after a PEM certificate block")
    if block.type == "CERTIFICATE":
        try:
            return (NamedKey(read_certificate(block.data).key),)
        except BuiltinError as error:
            raise BuiltinError(f"failed to parse a PEM certificate: {error.message}") from error
    if block.type == "PUBLIC KEY":
        return (NamedKey(_pem_public_key(block.data)),)
    raise BuiltinError("failed to extract a Key from the PEM certificate")


_remembered_keys = lru_cache(maxsize=100)(_verification_keys)


def _pem_public_key(data: bytes) -> PublicKey:
    reader = Reader(data)
    try:
        info = read_key_info(reader)
        if not reader.empty:
            raise BuiltinError("x509: trailing data after ASN.1 of public-key")
        return public_key(info)
    except BuiltinError as error:
        raise BuiltinError(f"failed to parse a PEM public key: {error.message}") from error


def read_jwks(text: str) -> list[NamedKey]:
    """The keys in the JSON of a key, or of a set of keys. One that is wrong makes the set so."""
    try:
        value = parse_json(pem.limited(bytes_of(text)))
    except InputError as error:
        raise BuiltinError(f"failed to parse a JWK key (set): {error.message}") from error
    if type(value) is not dict:
        raise BuiltinError("failed to parse a JWK key (set): not an object")
    if "keys" not in value:
        return [_read_jwk(value)]
    keys = value["keys"]
    if type(keys) is not list:
        raise BuiltinError('failed to parse a JWK key (set): "keys" is no array')
    if len(keys) > MAX_KEYS:
        raise BuiltinLimitError(f'more than {MAX_KEYS} keys in "keys" array')
    return [_read_jwk(key) for key in keys]


def _read_jwk(value: Value) -> NamedKey:
    if type(value) is not dict:
        raise BuiltinError("failed to parse a JWK key (set): a key is no object")
    kind = value.get("kty")
    reader = _KINDS.get(kind) if type(kind) is str else None
    if reader is None:
        raise BuiltinError("failed to parse a JWK key (set): invalid key type")
    for field in ("kid", "use", "x5t", "x5t#S256", "x5u"):
        _text(value, field)
    algorithm = _text(value, "alg") if "alg" in value else ""
    if "alg" in value and algorithm not in _KNOWN:
        raise BuiltinError(f"failed to parse a JWK key (set): invalid key algorithm {algorithm[:64]}")
    _check_operations(value.get("key_ops"))
    if "x5c" in value:
        _check_chain(value["x5c"])
    return NamedKey(reader(value), algorithm, _text(value, "kid"))


def _check_operations(value: Value) -> None:
    if value is not None and (type(value) is not list or any(type(one) is not str for one in value)):
        raise BuiltinError('failed to parse a JWK key (set): "key_ops" is no array of strings')


def _check_chain(value: Value) -> None:
    if type(value) is not list or len(value) > _MAX_CHAIN:
        raise BuiltinError(f'failed to parse a JWK key (set): "x5c" is no array of at most {_MAX_CHAIN}')
    for one in value:
        data = base64_bytes(bytes_of(_SPACE.sub("", one))) if type(one) is str else b""
        if len(data) > _MAX_CERTIFICATE:
            raise BuiltinError("failed to parse a JWK key (set): a certificate is too long")
        read_certificate(data)


def _text(fields: _Fields, name: str) -> str:
    """A member that is a string; null counts as an empty one."""
    value = fields.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        raise BuiltinError(f'failed to parse a JWK key (set): "{name}" is no string')
    return value


def _bytes(fields: _Fields, name: str) -> bytes:
    """A compulsory member in base64, of whichever alphabet and padding."""
    if name not in fields:
        raise BuiltinError(f"failed to parse a JWK key (set): required field {name} is missing")
    text = _text(fields, name)
    if len(text) > 2 * _MAX_NUMBER_BYTES and name != "k":
        raise BuiltinLimitError(f'"{name}" of a JWK key is too long')
    if "+" not in text and "/" not in text:
        return base64url_bytes(text)
    data = bytes_of(text.replace("\r", "").replace("\n", ""))
    return base64_bytes(data if data.endswith(b"=") or len(data) % 4 == 1 else data + b"=" * (-len(data) % 4))


def _number(fields: _Fields, name: str) -> int:
    return int.from_bytes(_bytes(fields, name), "big")


def _rsa(fields: _Fields) -> Key:
    public = RsaKey(_number(fields, "n"), _number(fields, "e"))
    if not public.modulus or not public.exponent % 2 or public.exponent >> 63:
        raise BuiltinError("failed to parse a JWK key (set): invalid RSA modulus or exponent")
    if "d" not in fields:
        return public
    if not _bytes(fields, "d"):
        raise BuiltinError('failed to parse a JWK key (set): missing "d" value')
    primes = (_number(fields, "p"), _number(fields, "q"))
    further = tuple([_number(fields, name) for name in ("dp", "dq", "qi") if name in fields])
    return RsaSigningKey(public, _number(fields, "d"), primes, further)


def _ec(fields: _Fields) -> Key:
    curve = CURVE_NAMES.get(_text(fields, "crv"))
    if curve is None:
        raise BuiltinError("failed to parse a JWK key (set): invalid curve algorithm")
    size = (curve.key_size + 7) // 8
    names = ("x", "y", "d") if "d" in fields else ("x", "y")
    found = [_bytes(fields, name) for name in names]
    if any(len(one) != size for one in found):
        raise BuiltinError("failed to parse a JWK key (set): invalid length of a coordinate")
    public = ec_key(curve, b"\x04" + found[0] + found[1])
    return EcPrivateKey(public, int.from_bytes(found[2], "big")) if "d" in fields else public


def _okp(fields: _Fields) -> Key:
    curve, x = _text(fields, "crv"), _bytes(fields, "x")
    if curve not in ("Ed25519", "X25519") or len(x) != _KEY_25519_BYTES:
        raise BuiltinError("failed to parse a JWK key (set): invalid curve algorithm")
    if "d" not in fields:
        return Ed25519Key(x) if curve == "Ed25519" else X25519Key(x)
    secret = _bytes(fields, "d")
    if len(secret) != _KEY_25519_BYTES:
        raise BuiltinError("failed to parse a JWK key (set): wrong private key size")
    if curve == "X25519":
        return x25519_key(secret)
    key = ed25519_key(secret)
    if key.public.raw != x:
        raise BuiltinError("ed25519: invalid x value given d value")
    return key


def _symmetric(fields: _Fields) -> Key:
    secret = _bytes(fields, "k")
    if not secret:
        raise BuiltinError('failed to parse a JWK key (set): missing "k" field')
    return SecretKey(secret)


_KINDS: Final[Mapping[str, Callable[[_Fields], Key]]] = MappingProxyType(
    {"RSA": _rsa, "EC": _ec, "OKP": _okp, "oct": _symmetric}
)


def shown_as_jwk(key: PrivateKey) -> Value:
    """A private key as a JSON Web Key."""
    if isinstance(key, RsaPrivateKey):
        if len(key.primes) > 2:
            raise BuiltinError("invalid number of primes in rsa.PrivateKey: need 0 to 2")
        numbers = {"n": key.public.modulus, "e": key.public.exponent, "d": key.exponent}
        numbers |= dict(zip(("p", "q", "dp", "dq", "qi"), (*key.primes, *key.precomputed), strict=True))
        return {"kty": "RSA", **{name: _encoded(number) for name, number in numbers.items()}}
    if isinstance(key, EcPrivateKey):
        return _ec_jwk(key.public, key.secret)
    if isinstance(key, Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _unpadded(key.public.raw), "d": _unpadded(key.seed)}
    assert isinstance(key, X25519PrivateKey)
    return {"kty": "OKP", "crv": "X25519", "x": _unpadded(key.public.raw), "d": _unpadded(key.secret)}


def _ec_jwk(public: EcKey, secret: int) -> Value:
    name = next((name for name, curve in CURVE_NAMES.items() if curve.name == public.curve.name), None)
    if name is None:
        raise BuiltinError("jwk: unknown elliptic curve")
    numbers = {"x": public.x, "y": public.y, "d": secret}
    return {"kty": "EC", "crv": name, **{n: _encoded(v, public.field_bytes) for n, v in numbers.items()}}


def _encoded(number: int, size: int = 0) -> str:
    return _unpadded(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _unpadded(data: bytes) -> str:
    return base64url_text(data).rstrip("=")
