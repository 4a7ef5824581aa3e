"""Requests to providers and their answers as JSON: ProviderRequest and ProviderResponse.

After github.com/open-policy-agent/frameworks constraint/pkg/externaldata (request.go, response.go). Every number of an
answer goes through Go's float64. What is no ProviderResponse is refused here; Gatekeeper takes any JSON object for an
answer without items.
"""

import json
from typing import Final

from lockgate.engine.codegen.values import Number, Value, type_name
from lockgate.engine.decision import Item, Reply
from lockgate.engine.documents.go_numbers import from_float
from lockgate.engine.documents.json_values import JsonError, read_value, skip_space
from lockgate.gatekeeper.external_data.kinds import VERSIONS
from lockgate.gatekeeper.template import PROVIDERS_GROUP

REQUEST_KIND: Final = "ProviderRequest"
RESPONSE_KIND: Final = "ProviderResponse"
# Integers up to here are the same as float64.
_EXACT: Final = 1 << 53


class ProviderError(Exception):
    """A provider that gave no answer: what policies see as `system_error`, with the status that goes with it."""

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def render_request(keys: tuple[str, ...]) -> bytes:
    """The body of a request."""
    asked = {"keys": list(keys)} if keys else {}
    request = {"apiVersion": f"{PROVIDERS_GROUP}/{VERSIONS[0]}", "kind": REQUEST_KIND, "request": asked}
    text = json.dumps(request, ensure_ascii=False, separators=(",", ":"))
    # Halves of surrogate pairs, which UTF-8 cannot hold.
    return text.encode("utf-8", "replace")


def parse_response(status: int, body: bytes) -> Reply:
    """The answer in the body of a response with that status. Raises ProviderError."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("it is not UTF-8") from error
    try:
        value, end, _ = read_value(text, skip_space(text, 0))
    except JsonError as error:
        raise _malformed(error.message) from error
    if skip_space(text, end) < len(text):
        raise _malformed("there is more after the value")
    top = _object(value, "the answer")
    version, kind = top.get("apiVersion"), top.get("kind")
    if kind != RESPONSE_KIND or version not in [f"{PROVIDERS_GROUP}/{one}" for one in VERSIONS]:
        raise _malformed(f"it is no {RESPONSE_KIND} of {PROVIDERS_GROUP}")
    response = _object(top.get("response"), "response")
    given = response.get("items")
    if given is None:
        given = []
    if not isinstance(given, list):
        raise _malformed(f"response.items is no array but {type_name(given)}")
    items = tuple([_item(_object(one, "an item")) for one in given])
    return Reply(items, status, _text(response, "systemError"))


def _item(item: dict[str, Value]) -> Item:
    return Item(_text(item, "key"), float_numbers(item.get("value")), _text(item, "error"))


def _object(value: Value, name: str) -> dict[str, Value]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _malformed(f"{name} is no object but {type_name(value)}")
    return value


def _text(fields: dict[str, Value], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _malformed(f"{name} is no string but {type_name(value)}")
    return value


def float_numbers(value: Value) -> Value:
    """The value with every number as Go's float64 has it."""
    kind = type(value)
    if kind is int and not -_EXACT <= value <= _EXACT:  # type: ignore[operator]
        return from_float(float(value))  # type: ignore[arg-type]
    if isinstance(value, Number):
        return from_float(float(value.text))
    if isinstance(value, dict):
        return {name: float_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [float_numbers(item) for item in value]
    return value


def _malformed(message: str) -> ProviderError:
    return ProviderError(f"failed to unmarshal external data response: {message}")
