"""`io.jwt.verify_*` with public keys, and `io.jwt.decode_verify` with all constraints of OPA."""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from lockgate.engine.codegen.values import Number, Value, object_items
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.jose.keys import Key, NamedKey, SecretKey, read_verification_keys
from lockgate.engine.rego.builtins.jose.signatures import verification_steps, verifies, verifies_publicly
from lockgate.engine.rego.builtins.operands import bytes_of, object_, string, text_of
from lockgate.engine.rego.builtins.tokens import (
    Token,
    decoded_part,
    json_object,
    read_header,
    split_token,
)

_KNOWN: Final = frozenset(["alg", "kid", "typ", "cty", "crit"])

_Check = Callable[[Key | None], bool]


@record
class _Header:
    """What of a token's header matters for its checking: whether all that is critical is understood, too."""

    algorithm: str
    identifier: str
    content: str
    is_understood: bool


def _header(fields: dict[str, Value]) -> _Header:
    texts: dict[str, str] = {}
    for name in ("alg", "cty", "kid", "typ"):
        value = fields.get(name, "")
        if type(value) is not str:
            raise BuiltinError(f"{name}: must be a string")
        texts[name] = value
    critical = _critical(fields["crit"]) if "crit" in fields else frozenset()
    understood = not any(name in critical for name in fields if name not in _KNOWN)
    return _Header(texts["alg"], texts["kid"], texts["cty"], understood)


def _critical(value: Value) -> frozenset[str]:
    """The names in `crit`, up to what is no name."""
    if type(value) is not list:
        raise BuiltinError("crit: must be a list")
    names: list[str] = []
    for name in value:
        if type(name) is not str:
            break
        names.append(name)
    if not names:
        raise BuiltinError("crit: must be a nonempty list")
    return frozenset(names)


def _any_key(context: Context, keys: Sequence[NamedKey], header: _Header, check: _Check) -> bool:
    """Does the key that the header names verify, or when it names none of them, any key for its algorithm?"""
    if header.identifier:
        named = next((key for key in keys if key.identifier == header.identifier), None)
        if named is not None:
            context.spend(verification_steps(named.key))
            return check(named.key)
    for key in keys:
        if key.algorithm in ("", header.algorithm):
            context.spend(verification_steps(key.key))
            if check(key.key):
                return True
    return False


def _read_keys(context: Context, text: str) -> tuple[NamedKey, ...]:
    context.spend(1 + len(text))
    return read_verification_keys(text)


def _verify(context: Context, value: Value, key: Value, algorithm: str) -> bool:
    token = split_token(context, value)
    keys = _read_keys(context, string(key, 2))
    signature = decoded_part(token.signature, "signature")
    header = _header(read_header(token))

    def check(candidate: Key | None) -> bool:
        return verifies_publicly(candidate, algorithm, token.signed, signature)

    return _any_key(context, keys, header, check)


def io_jwt_verify_rs256(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with RSA and SHA-256?"""
    return _verify(context, token, key, "RS256")


def io_jwt_verify_rs384(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with RSA and SHA-384?"""
    return _verify(context, token, key, "RS384")


def io_jwt_verify_rs512(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with RSA and SHA-512?"""
    return _verify(context, token, key, "RS512")


def io_jwt_verify_ps256(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with RSA-PSS and SHA-256?"""
    return _verify(context, token, key, "PS256")


def io_jwt_verify_ps384(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with RSA-PSS and SHA-384?"""
    return _verify(context, token, key, "PS384")


def io_jwt_verify_ps512(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with RSA-PSS and SHA-512?"""
    return _verify(context, token, key, "PS512")


def io_jwt_verify_es256(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with ECDSA and SHA-256?"""
    return _verify(context, token, key, "ES256")


def io_jwt_verify_es384(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with ECDSA and SHA-384?"""
    return _verify(context, token, key, "ES384")


def io_jwt_verify_es512(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with ECDSA and SHA-512?"""
    return _verify(context, token, key, "ES512")


def io_jwt_verify_eddsa(context: Context, token: Value, key: Value) -> bool:
    """Is it signed with Ed25519?"""
    return _verify(context, token, key, "EdDSA")


@record
class _Constraints:
    """What a token has to meet. Empty texts ask for nothing, but for the audience, which then must be absent."""

    keys: tuple[NamedKey, ...]
    algorithm: str
    issuer: str
    audience: str
    seconds: Decimal


def _constraints(context: Context, given: list[tuple[Value, Value]]) -> _Constraints:
    texts = {"alg": "", "aud": "", "iss": "", "secret": ""}
    keys: tuple[NamedKey, ...] | None = None
    nanoseconds: Value = context.now_ns
    for name, value in given:
        if name == "time":
            nanoseconds = value
        elif name == "cert":
            if type(value) is not str:
                raise BuiltinError("cert constraint: must be a string")
            keys = _read_keys(context, value)
        elif type(name) is str and name in texts:
            if type(value) is not str:
                raise BuiltinError(f"{name} constraint: must be a string")
            texts[name] = value
        else:
            raise BuiltinError(f"unknown token validation constraint: {name}")
    seconds = _seconds(nanoseconds)
    if keys is not None and texts["secret"]:
        raise BuiltinError("duplicate key constraints")
    if keys is None:
        if not texts["secret"]:
            raise BuiltinError("no key constraint")
        keys = (NamedKey(SecretKey(bytes_of(texts["secret"]))),)
    return _Constraints(keys, texts["alg"], texts["iss"], texts["aud"], seconds)


def _seconds(nanoseconds: Value) -> Decimal:
    """The seconds that OPA compares with, which it computes in floating point."""
    if type(nanoseconds) is not int and type(nanoseconds) is not Number:
        raise BuiltinError("token time constraint: must be a number")
    try:
        number = float(nanoseconds.exact if type(nanoseconds) is Number else nanoseconds)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise BuiltinError("token time constraint: unvalid float64")
    if number < 0:
        raise BuiltinError("token time constraint: must not be negative")
    return Decimal(repr(number / 1_000_000_000))


def io_jwt_decode_verify(context: Context, value: Value, constraints: Value) -> list[Value]:
    """Whether a token is signed and meets the constraints; then header and payload too, else empty objects."""
    wanted = _constraints(context, object_items(object_(constraints, 2)))
    while True:
        token = split_token(context, value)
        fields = read_header(token)
        header = _header(fields)
        if not _is_signed(context, token, header, wanted):
            return [False, {}, {}]
        payload = text_of(decoded_part(token.payload, "payload"))
        if header.content.lower() != "jwt":
            break
        value = payload
    claims = json_object(payload)
    return [True, fields, claims] if _meets(claims, wanted) else [False, {}, {}]


def _is_signed(context: Context, token: Token, header: _Header, wanted: _Constraints) -> bool:
    if not header.algorithm or not header.is_understood:
        return False
    if wanted.algorithm not in ("", header.algorithm):
        return False
    signature = decoded_part(token.signature, "signature")

    def check(candidate: Key | None) -> bool:
        return verifies(candidate, header.algorithm, token.signed, signature)

    return _any_key(context, wanted.keys, header, check)


def _meets(claims: dict[str, Value], wanted: _Constraints) -> bool:
    if wanted.issuer:
        issuer = claims.get("iss", "")
        if type(issuer) is not str:
            raise BuiltinError("iss value must be a string")
        if issuer != wanted.issuer:
            return False
    audience = claims.get("aud", "")
    if "aud" in claims or wanted.audience:
        audiences = audience if type(audience) is list else [audience]
        if not any(type(one) is str and one == wanted.audience for one in audiences):
            return False
    for name in ("exp", "nbf"):
        if name not in claims:
            continue
        limit = claims[name]
        if type(limit) is not int and type(limit) is not Number:
            raise BuiltinError(f"{name} value must be a number")
        exact = limit.exact if type(limit) is Number else Decimal(limit)
        if wanted.seconds >= exact if name == "exp" else wanted.seconds < exact:
            return False
    return True
