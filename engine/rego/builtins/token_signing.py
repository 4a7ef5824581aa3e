"""`io.jwt.encode_sign` and `io.jwt.encode_sign_raw`: tokens in compact form, signed with a JSON Web Key (RFC 7515)."""

import json
import re
from typing import Any, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.encodings import base64url_text
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.jose.keys import SIGNING, read_jwks
from lockgate.engine.rego.builtins.jose.signatures import sign, signing_steps
from lockgate.engine.rego.builtins.json_text import json_is_valid, json_marshal
from lockgate.engine.rego.builtins.operands import bytes_of, string
from lockgate.engine.rego.builtins.tokens import CHARACTERS_PER_STEP

_LIKE_A_NUMBER: Final = re.compile(r"[ \t\r\n]*[-+.eE0-9]+[ \t\r\n]*")


def io_jwt_encode_sign(context: Context, headers: Value, payload: Value, key: Value) -> str:
    """A token from a header, a payload and a key as values."""
    return _signed(
        context, json_marshal(context, headers), json_marshal(context, payload), json_marshal(context, key)
    )


def io_jwt_encode_sign_raw(context: Context, headers: Value, payload: Value, key: Value) -> str:
    """A token from a header, a payload and a key that are texts of JSON; other payloads need a `typ` of their own."""
    source = string(key, 3)
    return _signed(context, string(headers, 1), string(payload, 2), source)


def _signed(context: Context, headers: str, payload: str, key: str) -> str:
    context.spend(1 + len(key) + (len(headers) + len(payload)) // CHARACTERS_PER_STEP)
    keys = read_jwks(key)
    if not keys:
        raise BuiltinError("no keys found in JWK set")
    fields = _header_fields(headers)
    algorithm = fields.get("alg")
    if algorithm is None and "alg" not in fields:
        raise BuiltinError("missing or invalid 'alg' header: jwsbb: header \"alg\" not found")
    if type(algorithm) is not str:
        raise BuiltinError("missing or invalid 'alg' header: value doesn't contain string")
    if algorithm not in SIGNING:
        raise BuiltinError(f"unknown JWS algorithm: {algorithm[:100]}")
    kind = fields.get("typ")
    if (type(kind) is not str or kind == "JWT") and not json_is_valid(payload):
        raise BuiltinError("type is JWT but payload is not JSON")
    text = f"{_encoded(bytes_of(headers))}.{_encoded(bytes_of(payload))}"
    context.spend(signing_steps(keys[0].key))
    return f"{text}.{_encoded(sign(keys[0].key, algorithm, text.encode()))}"


def _header_fields(text: str) -> dict[str, Any]:
    """The header's members; of one that is there twice the first counts, and what is no object has none.

    The reader that OPA uses takes everything for a number that consists of what numbers do.
    """
    if not text:
        raise BuiltinError("missing or invalid 'alg' header: cannot parse JSON: cannot parse empty string")
    if _LIKE_A_NUMBER.fullmatch(text):
        return {}

    def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(pairs))

    try:
        found = json.loads(text, object_pairs_hook=first_wins, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BuiltinError(f"missing or invalid 'alg' header: cannot parse JSON: {error}") from error
    return found if type(found) is dict else {}


def _encoded(data: bytes) -> str:
    return base64url_text(data).rstrip("=")
