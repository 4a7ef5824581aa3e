"""Requests to providers and their answers as JSON: ProviderRequest and ProviderResponse.

After github.com/open-policy-agent/frameworks constraint/pkg/externaldata (request.go, response.go). Every number of an
answer goes through Go's float64. What is no ProviderResponse is refused here; Gatekeeper takes any JSON object for an
answer without items.
"""

import json
from collections.abc import Callable
from typing import Final

from lockgate.engine.codegen.values import Number, Value, render_json, type_name
from lockgate.engine.decision import Item, Reply
from lockgate.engine.documents.go_numbers import from_float
from lockgate.engine.documents.json_values import JsonError, read_value, skip_space
from lockgate.gatekeeper.external_data.kinds import VERSIONS
from lockgate.gatekeeper.template import PROVIDERS_GROUP

REQUEST_KIND: Final = "ProviderRequest"
RESPONSE_KIND: Final = "ProviderResponse"
_BAD_REQUEST: Final = 400
# Integers up to here are the same as float64.
_EXACT: Final = 1 << 53


class ProviderError(Exception):
    """A provider that gave no answer: what policies see as `system_error`, with the status that goes with it."""

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


Refuse = Callable[[str], ProviderError]


def render_request(keys: tuple[str, ...]) -> bytes:
    """The body of a request."""
    asked = {"keys": list(keys)} if keys else {}
    request = {"apiVersion": f"{PROVIDERS_GROUP}/{VERSIONS[0]}", "kind": REQUEST_KIND, "request": asked}
    text = json.dumps(request, ensure_ascii=False, separators=(",", ":"))
    # Halves of surrogate pairs, which UTF-8 cannot hold.
    return text.encode("utf-8", "replace")


def parse_response(status: int, body: bytes) -> Reply:
    """The answer in the body of a response with that status. Raises ProviderError."""
    response = _content(body, RESPONSE_KIND, "response", _malformed)
    items = tuple(
        [_item(_object(one, "an item", _malformed)) for one in _list(response, "items", _malformed)]
    )
    return Reply(items, status, _text(response, "systemError", _malformed))


def parse_request(body: bytes) -> tuple[str, ...]:
    """The keys that are asked for in the body of a request. Raises ProviderError.

    Also the request of `v1alpha1`, which is the same.
    """
    request = _content(body, REQUEST_KIND, "request", _bad_request)
    keys: list[str] = []
    for key in _list(request, "keys", _bad_request):
        if not isinstance(key, str):
            raise _bad_request(f"a key is no string but {type_name(key)}")
        keys.append(key)
    return tuple(keys)


def render_response(reply: Reply) -> bytes:
    """The body of the response with an answer. Answers can be cached: asked again, a provider says the same."""
    response: dict[str, Value] = {"idempotent": True}
    if reply.items:
        response["items"] = [_item_value(one) for one in reply.items]
    if reply.system_error:
        response["systemError"] = reply.system_error
    top: dict[str, Value] = {
        "apiVersion": f"{PROVIDERS_GROUP}/{VERSIONS[0]}",
        "kind": RESPONSE_KIND,
        "response": response,
    }
    return render_json(top).encode("utf-8", "replace")


def _item_value(item: Item) -> dict[str, Value]:
    made: dict[str, Value] = {"key": item.key}
    if item.error:
        made["error"] = item.error
    else:
        made["value"] = item.value
    return made


def _content(body: bytes, kind: str, name: str, refuse: Refuse) -> dict[str, Value]:
    """The field of that name in an object of that kind."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refuse("it is not UTF-8") from error
    try:
        value, end, _ = read_value(text, skip_space(text, 0))
    except JsonError as error:
        raise refuse(error.message) from error
    if skip_space(text, end) < len(text):
        raise refuse("there is more after the value")
    top = _object(value, "what is sent", refuse)
    if top.get("kind") != kind or top.get("apiVersion") not in [
        f"{PROVIDERS_GROUP}/{one}" for one in VERSIONS
    ]:
        raise refuse(f"it is no {kind} of {PROVIDERS_GROUP}")
    return _object(top.get(name), name, refuse)


def _list(fields: dict[str, Value], name: str, refuse: Refuse) -> list[Value]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise refuse(f"{name} is no array but {type_name(value)}")
    return value


def _item(item: dict[str, Value]) -> Item:
    return Item(
        _text(item, "key", _malformed), float_numbers(item.get("value")), _text(item, "error", _malformed)
    )


def _object(value: Value, name: str, refuse: Refuse) -> dict[str, Value]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refuse(f"{name} is no object but {type_name(value)}")
    return value


def _text(fields: dict[str, Value], name: str, refuse: Refuse) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refuse(f"{name} is no string but {type_name(value)}")
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


def _bad_request(message: str) -> ProviderError:
    return ProviderError(f"not a valid {REQUEST_KIND}: {message}", _BAD_REQUEST)
