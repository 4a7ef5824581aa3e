"""Values inside of a template, as Go has them: numbers of the data are texts, and there are two kinds of nothing."""

from typing import Any, Final

from lockgate.engine.codegen.values import Number, Value, parse_json, render_rego
from lockgate.engine.errors import InputError
from lockgate.engine.rego.builtins.format_verbs import Spec, show
from lockgate.engine.rego.templates.errors import TemplateError


class NumberText(str):
    """A number of the data: in Go a string with a type of its own."""

    __slots__ = ()


class Missing:
    """The type of `MISSING`, where there is no value at all; a null is None."""

    __slots__ = ()


MISSING: Final = Missing()
_PLAIN: Final = Spec("v", frozenset(), None, None)
_TEXT: Final = Spec("s", frozenset(), None, None)
_VERBS: Final = {bool: "tv", int: "bcdoOqxXUv", float: "beEfFgGxXv", str: "sqxXv"}


def from_data(value: Value) -> Any:
    """The value as the data of a template: what its text is as JSON, as in OPA. Raises TemplateError.

    So sets, keys that are no strings and texts with characters that only Go escapes are no data.
    """
    try:
        return _numbers_as_text(parse_json(render_rego(value)))
    except InputError as error:
        raise TemplateError(error.message) from error


def _numbers_as_text(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return NumberText(value)
    if kind is Number:
        return NumberText(value.text)
    if kind is list:
        return [_numbers_as_text(item) for item in value]
    if kind is dict:
        return {name: _numbers_as_text(item) for name, item in value.items()}
    return value


def go_type(value: Any) -> str:
    """The name of the value's type in Go."""
    names = {bool: "bool", int: "int", float: "float64", str: "string", NumberText: "json.Number"}
    if type(value) in names:
        return names[type(value)]
    if isinstance(value, list):
        return "[]interface {}"
    return "map[string]interface {}" if isinstance(value, dict) else "<nil>"


def is_true(value: Any) -> bool:
    """Is it neither zero nor empty?"""
    return value is not MISSING and bool(value)


def as_text(value: Any) -> str:
    """The value by the verb `%s`, as some messages show it."""
    return formatted(value, _TEXT)


def printed(value: Any) -> str:
    """The value as `fmt.Sprint` writes it."""
    return formatted(value, _PLAIN)


def formatted(value: Any, spec: Spec) -> str:
    """The value by a verb of `fmt.Sprintf`."""
    if spec.verb == "T":
        return show(go_type(value), Spec("s", spec.flags, spec.width, spec.precision))
    if isinstance(value, list):
        return "[" + " ".join([_inner(item, spec) for item in value]) + "]"
    if isinstance(value, dict):
        pairs = [f"{formatted(name, spec)}:{_inner(value[name], spec)}" for name in sorted(value)]
        return f"map[{' '.join(pairs)}]"
    if value is None or value is MISSING:
        return show("<nil>", spec) if spec.verb == "v" else f"%!{spec.verb}(<nil>)"
    kind = str if isinstance(value, NumberText) else type(value)
    if spec.verb not in _VERBS[kind]:
        plain = Spec("v", spec.flags, spec.width, spec.precision)
        return f"%!{spec.verb}({go_type(value)}={formatted(value, plain)})"
    if kind is bool:
        return show("true" if value else "false", Spec("s", spec.flags, spec.width, None))
    return show(str(value) if kind is str else value, spec)


def _inner(value: Any, spec: Spec) -> str:
    return "<nil>" if value is None else formatted(value, spec)


def joined(values: list[Any]) -> str:
    """The values as `fmt.Sprint` writes them: with a space between two of which none is a string."""
    made: list[str] = []
    before: Any = ""
    for value in values:
        if made and not isinstance(before, str) and not isinstance(value, str):
            made.append(" ")
        made.append(printed(value))
        before = value
    return "".join(made)


def kind_of(value: Any) -> str:
    """What of a value can be compared: bool, int, float or string; else an empty text."""
    if isinstance(value, bool):
        return "bool"
    for name, kind in (("int", int), ("float", float), ("string", str)):
        if isinstance(value, kind):
            return name
    return ""


def incompatible(first: Any, second: Any) -> TemplateError:
    """The error for values of two types that are compared."""
    return TemplateError(f"incompatible types for comparison: {go_type(first)} and {go_type(second)}")
