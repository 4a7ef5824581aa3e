"""Answers as policies see them, and for how long they may be kept."""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Final

from lockgate.engine.codegen.values import Value, parse_json
from lockgate.engine.errors import InputError
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.operands import text_of
from lockgate.engine.rego.builtins.yaml_text import yaml_unmarshal
from lockgate.engine.rego.http.options import Request
from lockgate.engine.rego.http.transport import Answer

# https://www.rfc-editor.org/rfc/rfc7231#section-6.1
KEPT_STATUSES: Final = frozenset([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501])
_SECOND: Final = 1_000_000_000
_LONGEST: Final = (1 << 31) - 1
_TRANSPORT_ONLY: Final = frozenset(["transfer-encoding", "trailer"])


def shown(context: Context, request: Request, answer: Answer) -> dict[str, Value]:
    """The answer as an object. A body that cannot be decoded is null."""
    headers: dict[str, Value] = {}
    for name, value in answer.headers:
        ends = name == "connection" and "close" in value.lower()
        if name not in _TRANSPORT_ONLY and not ends:
            found = headers.setdefault(name, [])
            assert isinstance(found, list)
            found.append(text_of(value.encode("latin-1", "replace")))
    text = text_of(answer.body)
    context.spend(len(text) >> 6)
    return {
        "status": f"{answer.status} {answer.reason}",
        "status_code": answer.status,
        "body": _body(context, request, first(answer.headers, "content-type"), text),
        "raw_body": text,
        "headers": headers,
    }


def first(headers: Sequence[tuple[str, str]], name: str) -> str:
    """The first header of a name."""
    return next((value for given, value in headers if given == name), "")


def _body(context: Context, request: Request, content_type: str, text: str) -> Value:
    if request.has("force_json_decode") or _is_json(content_type):
        try:
            return parse_json(text)
        except InputError:
            return None
    is_yaml = "application/yaml" in content_type or "application/x-yaml" in content_type
    if request.has("force_yaml_decode") or is_yaml:
        try:
            return yaml_unmarshal(context, text)
        except BuiltinError:
            return None
    return None


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    main, _, sub = kind.partition("/")
    return main == "application" and (sub == "json" or sub.endswith("+json"))


def kept_until(request: Request, answer: Answer, now_ns: int) -> int:
    """Up to when, in nanoseconds since 1970, an answer may be given to other evaluations; 0 for not at all."""
    if answer.status not in KEPT_STATUSES:
        return 0
    if request.keep_seconds > 0:
        return now_ns + request.keep_seconds * _SECOND
    control = _cache_control(first(answer.headers, "cache-control"))
    if "no-store" in control:
        return 0
    age = control.get("max-age")
    if age is None:
        return _moment(first(answer.headers, "expires"))
    if not age.isascii() or not age.isdecimal():
        return 0
    made = _moment(first(answer.headers, "date"))
    seconds = int(age) if len(age) < 10 else _LONGEST
    return made + min(seconds, _LONGEST) * _SECOND if made else 0


def _cache_control(text: str) -> dict[str, str]:
    found = {}
    for part in text.split(","):
        name, _, value = part.strip(" ").partition("=")
        if name and "=" not in value:
            found[name.strip(" ")] = value
    return found


def _moment(text: str) -> int:
    try:
        return int(parsedate_to_datetime(text).timestamp()) * _SECOND
    except (ValueError, OverflowError):
        return 0
