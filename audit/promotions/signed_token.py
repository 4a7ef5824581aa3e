"""JSON Web Signatures in compact form (RFC 7515): a token's parts, and whether a given key signed it.

Nothing that a token says chooses its key but `kid`, among keys that were given: `jwk`, `jku`, `x5u` and `x5c` in it are not looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lockgate.audit.errors import FormatError, UnverifiableError, VerificationError
from lockgate.audit.promotions.web_keys import (
    ALGORITHMS,
    Algorithm,
    WebKey,
    WebPublicKey,
    decode_base64url,
)
from lockgate.audit.verifying import is_ed25519_signature, is_p256_signature
from lockgate.engine.errors import InputError
from lockgate.engine.foreign_documents import Part, parse_foreign_json

# Servers take headers of 8 to 16 KiB, so that issuers keep below.
MAX_TOKEN: Final = 16 * 1024
_ES256_BYTES: Final = 64
_HALF: Final = 32
_SALT: Final = 32


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token, read; nothing of it is believed. kind: its `typ` in lower case, empty where it has none; signed: what the
    signature is over."""

    algorithm: Algorithm
    key_id: str
    kind: str
    payload: bytes
    signed: bytes
    signature: bytes


def _text(part: Part, name: str) -> str:
    found = part.maybe(name)
    return "" if found is None else found.text()


def _algorithm(header: Part) -> Algorithm:
    told = header.get("alg").text()
    for one in ALGORITHMS:
        if told == one:
            return one
    if told.lower() == "none":
        raise VerificationError("the token is not signed: its alg is none")
    if told.upper().startswith("HS"):
        raise VerificationError(
            f"the token is signed with a shared secret ({told[:20]}), which whoever verifies could have done"
        )
    raise UnverifiableError(
        f"the token's alg is {told[:20]!r}, and {', '.join(ALGORITHMS)} are verified",
        hint="have the issuer sign with one of them",
    )


def parse_token(data: bytes) -> SignedToken:
    """A token in compact form; a line's end after it is none of it.

    Raises FormatError for what is none, VerificationError for one that nobody signed, UnverifiableError for one that is signed in
    a way that is not verified here.
    """
    if len(data) > MAX_TOKEN:
        raise FormatError(f"the token is larger than {MAX_TOKEN >> 10} KiB")
    try:
        text = data.decode("ascii").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise FormatError("the token is no ASCII text") from None
    parts = text.split(".")
    if len(parts) == 5:
        raise FormatError("the token is encrypted", hint="have the issuer give a signed ID token")
    if len(parts) != 3:
        raise FormatError(f"a token has three parts between dots, and this one has {len(parts)}")
    try:
        what = "the token's header"
        header = parse_foreign_json(decode_base64url(parts[0], what), what, MAX_TOKEN)
        # RFC 7515 §4.1.11: what is critical and not understood is refused, and here nothing is understood that may be critical.
        for name in ("crit", "b64", "zip"):
            if name in header.mapping():
                raise FormatError(f"the token's header has {name!r}, which is not understood here")
        algorithm = _algorithm(header)
        kind = _text(header, "typ").lower()
        key_id = _text(header, "kid")
    except InputError as error:
        raise FormatError(error.message) from None
    payload = decode_base64url(parts[1], "the token's payload")
    signature = decode_base64url(parts[2], "the token's signature")
    return SignedToken(algorithm, key_id, kind, payload, f"{parts[0]}.{parts[1]}".encode(), signature)


def _is_rsa(key: RSAPublicKey, padding: PKCS1v15 | PSS, token: SignedToken) -> bool:
    try:
        key.verify(token.signature, token.signed, padding, SHA256())
    except InvalidSignature:
        return False
    return True


def _is_es256(key: EllipticCurvePublicKey, token: SignedToken) -> bool:
    """RFC 7518 §3.4: both numbers, of 32 bytes each."""
    if len(token.signature) != _ES256_BYTES:
        return False
    numbers = [int.from_bytes(part, "big") for part in (token.signature[:_HALF], token.signature[_HALF:])]
    return all(numbers) and is_p256_signature(key, encode_dss_signature(*numbers), token.signed)


def is_signed_by(token: SignedToken, key: WebPublicKey) -> bool:
    """Whether a key signed a token with the algorithm that the token names. A key of another kind did not."""
    if isinstance(key, RSAPublicKey):
        if token.algorithm == "RS256":
            return _is_rsa(key, PKCS1v15(), token)
        # RFC 7518 §3.5: the salt is as long as the hash.
        return token.algorithm == "PS256" and _is_rsa(key, PSS(MGF1(SHA256()), _SALT), token)
    if isinstance(key, Ed25519PublicKey):
        public = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return token.algorithm == "EdDSA" and is_ed25519_signature(public, token.signature, token.signed)
    return token.algorithm == "ES256" and _is_es256(key, token)


def _key_for(token: SignedToken, keys: Sequence[WebKey]) -> WebKey:
    """The key that the token names; one that names none has to leave no choice (OpenID Connect Core §10.1)."""
    hint = "hand in the issuer's key set of when the token was issued"
    fitting = [one for one in keys if token.algorithm in one.algorithms]
    if token.key_id:
        named = [one for one in keys if one.key_id == token.key_id]
        if not named:
            raise UnverifiableError(f"none of the issuer's keys is {token.key_id[:80]!r}", hint=hint)
        fitting = [one for one in named if one in fitting]
        if not fitting:
            raise VerificationError(
                f"the token's alg is {token.algorithm}, and the key {token.key_id[:80]!r} is for another"
            )
    if not fitting:
        raise UnverifiableError(f"none of the issuer's keys is for {token.algorithm}", hint=hint)
    if len(fitting) > 1:
        raise UnverifiableError(f"the token names no key, and {len(fitting)} are for {token.algorithm}")
    return fitting[0]


def verify_signature(token: SignedToken, keys: Sequence[WebKey]) -> None:
    """Checks that one of an issuer's keys signed. Raises VerificationError, or UnverifiableError where its key is not among them."""
    if not is_signed_by(token, _key_for(token, keys).key):
        raise VerificationError("the token's signature is not by its issuer's key over these bytes")
