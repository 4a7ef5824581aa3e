"""JSON Web Keys of an issuer (RFC 7517, 7518 §6, 8037 §2): a set that was handed over as a file, never fetched.

Read more strictly than `lockgate.engine.rego.builtins.jose.keys`, which has to take what OPA takes. Keys for other purposes are
left out; a set with anything secret in it is refused, since whoever read the file could sign.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from lockgate.audit.errors import FormatError
from lockgate.audit.verifying import is_small_order
from lockgate.engine.errors import InputError
from lockgate.engine.foreign_documents import Part, parse_foreign_json

Algorithm = Literal["RS256", "PS256", "ES256", "EdDSA"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = get_args(Algorithm)
WebPublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

# The sets of large identity providers have a dozen keys, with a certificate of 2 KB each.
MAX_SET: Final = 256 * 1024
MAX_KEYS: Final = 100
# RFC 7518 §3.3 asks for 2,048 bits; above 8,192 a check takes long, and nobody has such keys.
_LEAST_RSA_BITS: Final = 2_048
_MOST_RSA_BITS: Final = 8_192
_EXPONENTS: Final = range(65_537, 1 << 64)
_KEY_BYTES: Final = 32
_MAX_TEXT: Final = 4 * _MOST_RSA_BITS // 8
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")
# RFC 7518 §6.2.2, 6.3.2 and 6.4.1: what only the one who signs may have.
_SECRET: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


@dataclass(frozen=True, slots=True)
class WebKey:
    """A public key. key_id: empty where it has none; algorithms: those that it may verify."""

    key_id: str
    algorithms: tuple[Algorithm, ...]
    key: WebPublicKey


def decode_base64url(text: str, what: str) -> bytes:
    """The bytes of base64url without padding (RFC 7515 §2), in its one spelling. Raises FormatError, naming `what`."""
    if not _BASE64URL.fullmatch(text):
        raise FormatError(f"{what} is not in base64url without padding")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise FormatError(f"{what} is not in base64url: it is cut off") from None
    if encode_base64url(data) != text:
        raise FormatError(f"{what} is not in canonical base64url")
    return data


def encode_base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _rsa(part: Part) -> WebPublicKey:
    modulus, exponent = _number(part, "n"), _number(part, "e")
    if not _LEAST_RSA_BITS <= modulus.bit_length() <= _MOST_RSA_BITS:
        part.refuse(
            f"has {modulus.bit_length()} bits, and RSA keys of {_LEAST_RSA_BITS} to {_MOST_RSA_BITS} are read"
        )
    if exponent not in _EXPONENTS or not exponent % 2:
        part.refuse("has an exponent that is not odd, below 65537 or of more than 64 bits")
    try:
        return RSAPublicNumbers(exponent, modulus).public_key()
    except (ValueError, UnsupportedAlgorithm):
        part.refuse("is no RSA key")


def _ec(part: Part) -> WebPublicKey | None:
    if part.get("crv").text() != "P-256":
        return None
    point = b"\x04" + _coordinate(part, "x") + _coordinate(part, "y")
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except (ValueError, UnsupportedAlgorithm):
        part.refuse("is no point of P-256")


def _okp(part: Part) -> WebPublicKey | None:
    if part.get("crv").text() != "Ed25519":
        return None
    point = _coordinate(part, "x")
    if is_small_order(point):
        part.refuse("is a point under which one signature fits many texts")
    try:
        return Ed25519PublicKey.from_public_bytes(point)
    except (ValueError, UnsupportedAlgorithm):
        part.refuse("is no key of Ed25519")


_RSA_ALGORITHMS: Final[tuple[Algorithm, ...]] = ("RS256", "PS256")


def _bytes(part: Part, name: str) -> bytes:
    field = part.get(name)
    return decode_base64url(field.text(_MAX_TEXT), field.name)


def _number(part: Part, name: str) -> int:
    data = _bytes(part, name)
    if not data or not data[0]:
        part.get(name).refuse("is no number in its shortest form")
    return int.from_bytes(data, "big")


def _coordinate(part: Part, name: str) -> bytes:
    data = _bytes(part, name)
    if len(data) != _KEY_BYTES:
        part.get(name).refuse(f"has {len(data)} bytes and not {_KEY_BYTES}")
    return data


def _is_for_signatures(part: Part) -> bool:
    use, operations = part.maybe("use"), part.maybe("key_ops")
    if use is not None and use.text() != "sig":
        return False
    return operations is None or "verify" in [one.text() for one in operations.items(MAX_KEYS)]


def _web_key(part: Part) -> WebKey | None:
    """A key, or None where it is for something else than verifying one of the algorithms."""
    secret = next((name for name in _SECRET if name in part.mapping()), None)
    if secret is not None:
        part.refuse(
            f"has the member {secret!r} of a key that signs, and an issuer hands out public keys only"
        )
    kind = part.get("kty").text()
    if not _is_for_signatures(part):
        return None
    key: WebPublicKey | None
    fitting: tuple[Algorithm, ...]
    if kind == "RSA":
        key, fitting = _rsa(part), _RSA_ALGORITHMS
    elif kind == "EC":
        key, fitting = _ec(part), ("ES256",)
    elif kind == "OKP":
        key, fitting = _okp(part), ("EdDSA",)
    else:
        return None
    algorithm, key_id = part.maybe("alg"), part.maybe("kid")
    if algorithm is not None:
        fitting = tuple([one for one in fitting if one == algorithm.text()])
    if key is None or not fitting:
        return None
    return WebKey("" if key_id is None else key_id.text(), fitting, key)


def parse_web_keys(data: bytes, what: str) -> tuple[WebKey, ...]:
    """The keys of a set (`{"keys": […]}`) that verify a token's signature. Raises FormatError, naming `what`."""
    try:
        found = [_web_key(one) for one in parse_foreign_json(data, what, MAX_SET).get("keys").items(MAX_KEYS)]
    except InputError as error:
        raise FormatError(error.message) from None
    keys = tuple([one for one in found if one is not None])
    if not keys:
        raise FormatError(f"{what} has no key that verifies {', '.join(ALGORITHMS)}")
    seen: set[tuple[str, Algorithm]] = set()
    for one in keys:
        for algorithm in one.algorithms:
            if one.key_id and (one.key_id, algorithm) in seen:
                raise FormatError(f"{what} has two keys {one.key_id[:80]!r} for {algorithm}")
            seen.add((one.key_id, algorithm))
    return keys
