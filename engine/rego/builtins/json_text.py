"""`json.marshal`, `json.unmarshal` and their like: values as JSON text, as Go's `encoding/json` writes it."""

from typing import Final

from lockgate.engine.codegen.meter import pay
from lockgate.engine.codegen.values import (
    Number,
    Object,
    Set,
    Value,
    object_items,
    ordered,
    parse_json,
    render_json,
    render_rego,
)
from lockgate.engine.errors import InputError
from lockgate.engine.rego.builtins.context import Context, made_slots, made_values, reserve
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError, operand_error
from lockgate.engine.rego.builtins.operands import object_, string

# Go escapes what could end a script or a line of JavaScript.
_ESCAPES: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def as_json(value: Value) -> Value:
    """The value with sets as sorted arrays and all keys as strings."""
    kind = type(value)
    if kind is str or kind is int or value is None or kind is bool or kind is Number:
        return value
    made_slots(len(value))  # type: ignore[arg-type]
    pay(1)
    if kind is list:
        return [as_json(item) for item in value]  # type: ignore[union-attr]
    if kind is Set:
        return [as_json(item) for item in ordered(value)]  # type: ignore[arg-type]
    if kind is dict or kind is Object:
        pairs = object_items(value)  # type: ignore[arg-type]
        return {k if type(k) is str else _escaped(render_json(as_json(k))): as_json(v) for k, v in pairs}
    return value


def quoted(text: str) -> str:
    """The text as a JSON string."""
    return render_json(text).translate(_ESCAPES)


def marshal(value: Value) -> str:
    """The value as compact JSON with sorted keys."""
    return render_json(as_json(value)).translate(_ESCAPES)


def json_marshal(context: Context, value: Value) -> str:
    """The value as compact JSON with sorted keys."""
    text = marshal(value)
    reserve(context, len(text))
    return text


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def json_marshal_with_options(context: Context, value: Value, options: Value) -> str:
    """The value as JSON, indented when `pretty` says so or `prefix` or `indent` are given."""
    prefix, indent = "", "\t"
    pretty: bool | None = None
    implied = False
    for name, item in object_items(object_(options, 2)):
        if name == "pretty" and type(name) is str:
            if type(item) is not bool:
                raise operand_error(2, "key pretty failed cast to bool")
            pretty = item
        elif name in ("prefix", "indent"):
            if type(item) is not str:
                raise operand_error(2, f"key {name} failed cast to string")
            implied = True
            if name == "prefix":
                prefix = item
            else:
                indent = item
        else:
            raise operand_error(2, f"object contained unknown key {render_rego(name)}")
    if not (implied if pretty is None else pretty):
        return json_marshal(context, value)
    writer = _Writer(context, prefix, indent)
    writer.write(as_json(value), 0)
    return prefix + "".join(writer.made)


class _Writer:
    """Writes indented JSON, looking at the size as it grows: indentation can be long."""

    def __init__(self, context: Context, prefix: str, indent: str) -> None:
        self.context = context
        self.prefix = prefix
        self.indent = indent
        self.made: list[str] = []
        self.size = 0

    def put(self, text: str) -> None:
        self.size += len(text)
        self.made.append(text)
        if len(self.made) & 0xFF == 0 or len(text) > 0xFFF:
            reserve(self.context, self.size)

    def write(self, value: Value, depth: int) -> None:
        if not value or type(value) not in (list, dict):
            self.put(render_json(value).translate(_ESCAPES))
            return
        newline = "\n" + self.prefix + self.indent * (depth + 1)
        opening, closing = ("[", "]") if type(value) is list else ("{", "}")
        mark = opening
        if type(value) is list:
            for item in value:
                self.put(mark + newline)
                self.write(item, depth + 1)
                mark = ","
        else:
            assert type(value) is dict
            for name in sorted(value):
                self.put(mark + newline + render_json(name).translate(_ESCAPES) + ": ")
                self.write(value[name], depth + 1)
                mark = ","
        self.put("\n" + self.prefix + self.indent * depth + closing)


def _mended(value: Value) -> Value:
    """The value with U+FFFD for each lone surrogate, which only JSON's escapes can write."""
    if type(value) is str:
        return _mended_text(value)
    if type(value) is list:
        return [_mended(item) for item in value]
    if type(value) is dict:
        return {_mended_text(name): _mended(item) for name, item in value.items()}
    return value


def _mended_text(text: str) -> str:
    return "".join(["\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text])


def json_unmarshal(text: Value) -> Value:
    """The value of JSON text."""
    given = string(text, 1)
    # `[[],[],` makes some 20 bytes for a character.
    made_values(len(given) >> 1)
    try:
        value = parse_json(given)
    except InputError as error:
        # Numbers out of range are refused by OPA too.
        refused = ("invalid JSON", "is not valid JSON", "is out of range")
        if any(text in error.message for text in refused):
            raise BuiltinError(error.message) from error
        # It is JSON that is too large here: undefined would be an answer.
        raise BuiltinLimitError(error.message) from error
    return _mended(value) if "\\ud" in given.lower() else value


def json_is_valid(text: Value) -> bool:
    """Is it JSON text?"""
    if type(text) is not str:
        return False
    try:
        json_unmarshal(text)
    except BuiltinError:
        return False
    return True
