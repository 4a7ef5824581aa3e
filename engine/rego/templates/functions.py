"""The functions that templates have. `and`, `or` and `call` are the executor's: they decide what is evaluated."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.encodings import urlquery_encode
from lockgate.engine.rego.builtins.formatting import printf_with
from lockgate.engine.rego.builtins.operands import bytes_of, text_of
from lockgate.engine.rego.templates.errors import TemplateError
from lockgate.engine.rego.templates.values import (
    MISSING,
    NumberText,
    as_text,
    formatted,
    go_type,
    incompatible,
    is_true,
    joined,
    kind_of,
    printed,
)

_HTML: Final = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_JS: Final = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}
_BAD_TYPE: Final = "invalid type for comparison"


def _is_nothing(value: Any) -> bool:
    return value is None or value is MISSING


def _index_of(value: Any, bound: int) -> int:
    if _is_nothing(value):
        raise TemplateError("cannot index slice/array with nil")
    if type(value) is not int:
        raise TemplateError(f"cannot index slice/array with type {go_type(value)}")
    if not 0 <= value <= bound:
        raise TemplateError(f"index out of range: {value}")
    return value


def _index(context: Context, item: Any, *indexes: Any) -> Any:
    if _is_nothing(item):
        raise TemplateError("index of untyped nil")
    for index in indexes:
        if _is_nothing(item):
            raise TemplateError("index of nil pointer")
        if isinstance(item, dict):
            if _is_nothing(index):
                raise TemplateError("value is nil; should be of type string")
            if type(index) is not str:
                raise TemplateError(f"value has type {go_type(index)}; should be string")
            item = item.get(index)
        elif isinstance(item, list | str):
            elements: Any = bytes_of(item) if isinstance(item, str) else item
            at = _index_of(index, len(elements))
            if at == len(elements):
                raise TemplateError("reflect: slice index out of range")
            item = elements[at]
        else:
            raise TemplateError(f"can't index item of type {go_type(item)}")
    return item


def _slice(context: Context, item: Any, *indexes: Any) -> Any:
    if _is_nothing(item):
        raise TemplateError("slice of untyped nil")
    if len(indexes) > 3:
        raise TemplateError(f"too many slice indexes: {len(indexes)}")
    if isinstance(item, str) and len(indexes) == 3:
        raise TemplateError("cannot 3-index slice a string")
    if not isinstance(item, str | list):
        raise TemplateError(f"can't slice item of type {go_type(item)}")
    elements: Any = bytes_of(item) if isinstance(item, str) else item
    bounds = [0, len(elements)]
    found = [_index_of(index, len(elements)) for index in indexes]
    bounds[: len(found)] = found
    for low, high in pairwise(bounds):
        if low > high:
            raise TemplateError(f"invalid slice index: {low} > {high}")
    part = elements[bounds[0] : bounds[1]]
    if not isinstance(item, str):
        return part
    text = text_of(part)
    return NumberText(text) if isinstance(item, NumberText) else text


def _len(context: Context, item: Any) -> int:
    if _is_nothing(item):
        raise TemplateError("len of nil pointer")
    if isinstance(item, str):
        return len(bytes_of(item))
    if isinstance(item, list | dict):
        return len(item)
    raise TemplateError(f"len of type {go_type(item)}")


def _not(context: Context, value: Any) -> bool:
    return not is_true(value)


def _print(context: Context, *values: Any) -> str:
    return joined(list(values))


def _println(context: Context, *values: Any) -> str:
    return " ".join([printed(value) for value in values]) + "\n"


def _printf(context: Context, template: Any, *values: Any) -> str:
    if _is_nothing(template):
        raise TemplateError("invalid value; expected string")
    if type(template) is not str:
        raise TemplateError(f"wrong type for value; expected string; got {go_type(template)}")
    return printf_with(context, template, list(values), formatted, go_type)


def _text(values: tuple[Any, ...]) -> str:
    if len(values) == 1 and type(values[0]) is str:
        return values[0]
    return joined(list(values))


def _html(context: Context, *values: Any) -> str:
    return _text(values).translate(_HTML)


def _js(context: Context, *values: Any) -> str:
    made: list[str] = []
    for char in _text(values):
        if char in _JS:
            made.append(_JS[char])
        elif (" " <= char and char.isascii()) or (char.isprintable() and not char.isascii()):
            made.append(char)
        else:
            made.append(f"\\u{ord(char):04X}")
    return "".join(made)


def _urlquery(context: Context, *values: Any) -> str:
    return urlquery_encode(_text(values))


def _equal(first: Any, second: Any) -> bool:
    kinds = kind_of(first), kind_of(second)
    if kinds[0] != kinds[1]:
        if not _is_nothing(first) and not _is_nothing(second):
            raise incompatible(first, second)
        return False
    if kinds[0]:
        return bool(first == second)
    if _is_nothing(first) or _is_nothing(second):
        return _is_nothing(first) and _is_nothing(second)
    if type(first) is not type(second):
        shown = f"{as_text(first)}: {go_type(first)}, {go_type(second)}: {printed(second)}"
        raise TemplateError(f"non-comparable types {shown}")
    raise TemplateError(f"non-comparable type {as_text(second)}: {go_type(second)}")


def _eq(context: Context, first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _ne(context: Context, first: Any, second: Any) -> bool:
    return not _equal(first, second)


def _less(first: Any, second: Any) -> bool:
    kinds = kind_of(first), kind_of(second)
    if not kinds[0] or not kinds[1]:
        raise TemplateError(_BAD_TYPE)
    if kinds[0] != kinds[1]:
        raise incompatible(first, second)
    if kinds[0] == "bool":
        raise TemplateError(_BAD_TYPE)
    return bool(first < second)


def _lt(context: Context, first: Any, second: Any) -> bool:
    return _less(first, second)


def _le(context: Context, first: Any, second: Any) -> bool:
    return _less(first, second) or _equal(first, second)


def _gt(context: Context, first: Any, second: Any) -> bool:
    return not _le(context, first, second)


def _ge(context: Context, first: Any, second: Any) -> bool:
    return not _less(first, second)


# Each with the number of arguments that it needs, and whether it takes more.
FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], int, str]]] = MappingProxyType(
    {
        "html": (_html, 0, "more"),
        "index": (_index, 1, "more"),
        "slice": (_slice, 1, "more"),
        "js": (_js, 0, "more"),
        "len": (_len, 1, ""),
        "not": (_not, 1, ""),
        "print": (_print, 0, "more"),
        "printf": (_printf, 1, "more"),
        "println": (_println, 0, "more"),
        "urlquery": (_urlquery, 0, "more"),
        "eq": (_eq, 1, "more"),
        "ge": (_ge, 2, ""),
        "gt": (_gt, 2, ""),
        "le": (_le, 2, ""),
        "lt": (_lt, 2, ""),
        "ne": (_ne, 2, ""),
    }
)
NAMES: Final = frozenset([*FUNCTIONS, "and", "or", "call"])
