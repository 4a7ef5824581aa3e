"""Values as the JSON that Go writes when every number is a float of 64 bits: equal text is an equal value."""

from lockgate.engine.codegen.values import Number, Value
from lockgate.engine.rego.builtins.gotext import format_float
from lockgate.engine.rego.builtins.json_text import quoted


class RangeError(Exception):
    """A number that no float of 64 bits can hold."""


def canonical(value: Value) -> str:
    """The value's text. Raises RangeError."""
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Number):
        return _number(value)
    if isinstance(value, list):
        return "[" + ",".join([canonical(item) for item in value]) + "]"
    assert isinstance(value, dict)
    return "{" + ",".join([f"{quoted(name)}:{canonical(value[name])}" for name in sorted(value)]) + "}"


def _number(value: int | Number) -> str:
    try:
        number = float(value if isinstance(value, int) else value.text)
    except OverflowError as error:
        raise RangeError from error
    if number in (float("inf"), float("-inf")):
        raise RangeError
    size = abs(number)
    if size != 0 and (size < 1e-6 or size >= 1e21):
        return format_float(number, "e", -1).replace("e-0", "e-")
    return format_float(number, "f", -1)
