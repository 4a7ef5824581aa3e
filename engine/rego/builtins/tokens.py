"""`io.jwt.decode` and `io.jwt.verify_hs*`: JSON Web Tokens in compact form (RFC 7519), and codes with a secret."""

import hmac
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.encodings import base64url_bytes
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.json_text import json_unmarshal
from lockgate.engine.rego.builtins.operands import bytes_of, string, text_of

# Servers take headers of 8 kB or 16 kB; a token with a hundred times that is an attack.
MAX_TOKEN: Final = 1_000_000
# A step pays for this many characters that are decoded or signed.
CHARACTERS_PER_STEP: Final = 64


@record
class Token:
    """The three parts of a token as they are encoded."""

    header: str
    payload: str
    signature: str

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return bytes_of(f"{self.header}.{self.payload}")


def split_token(context: Context, value: Value) -> Token:
    """The parts of a token."""
    text = string(value, 1)
    if len(text) > MAX_TOKEN:
        raise BuiltinLimitError(f"a token of {len(text)} characters is over the limit of {MAX_TOKEN}")
    context.spend(1 + len(text) // CHARACTERS_PER_STEP)
    if "." not in text:
        raise BuiltinError("encoded JWT had no period separators")
    parts = text.split(".")
    if len(parts) != 3:
        raise BuiltinError(f"encoded JWT must have 3 sections, found {len(parts)}")
    return Token(*parts)


def decoded_part(text: str, what: str) -> bytes:
    """The bytes of a part of a token."""
    try:
        return base64url_bytes(text)
    except BuiltinError as error:
        raise BuiltinError(f"JWT {what} had invalid encoding: {error.message}") from error


def json_object(text: str) -> dict[str, Value]:
    """The object that a text of JSON is."""
    try:
        value = json_unmarshal(text)
    except BuiltinError as error:
        raise BuiltinError(f"invalid JSON: {error.message}") from error
    if type(value) is not dict:
        raise BuiltinError("decoded JSON type was not an Object")
    return value


def read_header(token: Token) -> dict[str, Value]:
    """The header of a token, which must not be an encrypted one."""
    data = decoded_part(token.header, "header")
    try:
        header = json_object(text_of(data))
    except BuiltinError as error:
        raise BuiltinError(f"bad JWT header: {error.message}") from error
    if "enc" in header:
        raise BuiltinError("JWT is a JWE object, which is not supported")
    return header


def io_jwt_decode(context: Context, value: Value) -> list[Value]:
    """Header, payload and signature, the last in hexadecimal; of nested tokens, those of the innermost."""
    while True:
        token = split_token(context, value)
        header = read_header(token)
        payload = text_of(decoded_part(token.payload, "payload"))
        content = header.get("cty", "")
        if type(content) is not str:
            raise BuiltinError("cty: must be a string")
        if content != "JWT":
            break
        value = payload.strip("\"'")
    return [header, json_object(payload), decoded_part(token.signature, "signature").hex()]


def _verify_hs(context: Context, value: Value, secret: Value, digest: str) -> bool:
    string(value, 1)
    key = bytes_of(string(secret, 2))
    token = split_token(context, value)
    signature = decoded_part(token.signature, "signature")
    return hmac.compare_digest(signature, hmac.digest(key, token.signed, digest))


def io_jwt_verify_hs256(context: Context, token: Value, secret: Value) -> bool:
    """Is the signature the HMAC with SHA-256 under a secret?"""
    return _verify_hs(context, token, secret, "sha256")


def io_jwt_verify_hs384(context: Context, token: Value, secret: Value) -> bool:
    """Is the signature the HMAC with SHA-384 under a secret?"""
    return _verify_hs(context, token, secret, "sha384")


def io_jwt_verify_hs512(context: Context, token: Value, secret: Value) -> bool:
    """Is the signature the HMAC with SHA-512 under a secret?"""
    return _verify_hs(context, token, secret, "sha512")
