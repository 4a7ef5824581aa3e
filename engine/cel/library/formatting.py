"""`format`: cel-go's printf, of version 2 of its extension for strings, with Go's numbers of American English.

https://github.com/google/cel-go/blob/v0.26.0/ext/formatting.go. Its `%f` and `%e` are `golang.org/x/text/message`'s:
thousands have commas, exponents are superscript, and the precision of `%e` is a width.
"""

from collections.abc import Callable
from math import isfinite, isnan
from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library import conversions
from lockgate.engine.cel.library.kinds import double_text, type_name
from lockgate.engine.cel.library.limits import Walk, bound_text, too_deep
from lockgate.engine.cel.values import MAX_INT, Duration, Map, Timestamp, TypeValue, Uint, Value, native
from lockgate.engine.codegen.meter import charge

_DEFAULT_PRECISION: Final = 6
# The places that x/text keeps precision and width in.
_PRECISIONS: Final = 256
_WIDTHS: Final = 65_536
_WORDS_OF_DOUBLES: Final = ("NaN", "Infinity", "-Infinity")
_SUPERSCRIPT: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

_PLAIN: Final[dict[type, Callable[..., str]]] = {
    str: conversions.same,
    bool: conversions.bool_to_string,
    int: conversions.integer_to_string,
    Uint: conversions.integer_to_string,
    float: double_text,
    Timestamp: conversions.timestamp_to_string,
    Duration: conversions.duration_to_string,
}


class _Made:
    """The text that is made, while it is not too long."""

    __slots__ = ("_pieces", "_size", "_walk")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self._walk = Walk()

    def add(self, piece: str) -> None:
        """Adds a piece. Raises CostError."""
        self._walk.step()
        # Upstream takes something for the template only.
        charge(len(piece) >> 3)
        self._size += len(piece)
        bound_text(self._size)
        self._pieces.append(piece)

    def text(self) -> str:
        """All pieces."""
        return "".join(self._pieces)


def format_text(template: str, arguments: list[Value]) -> str:
    """The template with its arguments. Raises CelError."""
    made = _Made()
    count = at = 0
    while True:
        percent = template.find("%", at)
        if percent < 0:
            made.add(template[at:])
            return made.text()
        made.add(template[at:percent])
        at = percent + 1
        if template[at : at + 1] == "%":
            made.add("%")
            at += 1
            continue
        if count >= len(arguments):
            raise CelError(f"index {count} out of range")
        if at >= len(template):
            raise CelError("unexpected end of string")
        try:
            at, clause = _clause(template, at)
        except CelError as error:
            raise CelError(f"could not parse formatting clause: {error}") from error
        try:
            clause(made, native(arguments[count]))
        except CelError as error:
            raise CelError(f"error during formatting: {error}") from error
        except RecursionError as error:
            raise too_deep() from error
        count += 1


_Clause = Callable[[_Made, Value], None]


def _clause(template: str, at: int) -> tuple[int, _Clause]:
    """The place behind a clause, and what it does."""
    precision = _DEFAULT_PRECISION
    if template[at] == ".":
        end = at + 1
        while end < len(template) and template[end] in "0123456789":
            end += 1
        if end == len(template):
            raise CelError("error while parsing precision: could not find end of precision specifier")
        precision = _precision(template[at + 1 : end])
        at = end
    letter = template[at]
    if letter == "f":
        return at + 1, lambda made, value: made.add(_fixed(value, precision))
    if letter == "e":
        return at + 1, lambda made, value: made.add(_scientific(value, precision))
    clause = _CLAUSES.get(letter)
    if clause is None:
        # Go looks at the first byte.
        shown = chr(letter.encode("utf-8", "replace")[0])
        raise CelError(f'unrecognized formatting clause "{shown}"')
    return at + 1, clause


def _precision(digits: str) -> int:
    short = digits.lstrip("0")
    wrong = "invalid syntax" if not digits else "value out of range"
    if not digits or len(short) > 19 or int(short or "0") > MAX_INT:
        raise CelError(
            "error while parsing precision: error while converting precision to integer: "
            f'strconv.Atoi: parsing "{digits[:100]}": {wrong}'
        )
    return int(short or "0")


def _double(value: Value, name: str) -> float:
    """The double of a clause, which also takes the words for what is no number."""
    if type(value) is float:
        return value
    if type(value) is str and value in _WORDS_OF_DOUBLES:
        return float(value)
    raise CelError(f"{name} clause can only be used on doubles, was given {type_name(value)}")


def _no_number(value: float) -> str:
    return "NaN" if isnan(value) else "∞" if value > 0 else "-∞"


def _fixed(value: Value, precision: int) -> str:
    number = _double(value, "fixed-point")
    if not isfinite(number):
        return _no_number(number)
    # A zero has no sign there.
    return format(number or 0.0, f",.{precision % _PRECISIONS}f")


def _scientific(value: Value, width: int) -> str:
    number = _double(value, "scientific")
    if not isfinite(number):
        return _no_number(number).rjust(width % _WIDTHS)
    mantissa, _, exponent = format(number or 0.0, f".{_DEFAULT_PRECISION}e").partition("e")
    power = exponent.removeprefix("+").translate(_SUPERSCRIPT)
    return f"{mantissa}\u00d710{power}".rjust(width % _WIDTHS)


def _write_string(made: _Made, value: Value) -> None:
    kind = type(value)
    plain = _PLAIN.get(kind)
    if plain is not None:
        made.add(plain(value))
    elif kind is list:
        _write_list(made, value)
    elif kind is dict or kind is Map:
        _write_map(made, value)
    elif value is None:
        made.add("null")
    elif kind is bytes:
        made.add(_utf8(value))
    elif kind is TypeValue:
        made.add(value.name)
    else:
        raise CelError(
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
            f"durations, and timestamps, was given {type_name(value)}"
        )


def _utf8(data: bytes) -> str:
    try:
        return conversions.bytes_to_string(data)
    except CelError as error:
        raise CelError(f'could not convert argument "{error}" to string') from error


def _quoted(text: str) -> str:
    # Needed by few policies.
    from lockgate.engine.rego.builtins.gotext import quote

    return quote(text)


def _write_member(made: _Made, value: Value) -> None:
    """A value in a list or map, as a literal of CEL."""
    kind = type(value)
    if kind is str:
        made.add(_quoted(value))
    elif kind is bytes:
        made.add(f"b{_quoted(_utf8(value))}")
    elif kind is float:
        made.add(format(value, ".6f") if isfinite(value) else _quoted(double_text(value)))
    elif kind is Timestamp:
        made.add(f"timestamp({_quoted(conversions.timestamp_to_string(value))})")
    elif kind is Duration:
        made.add(f"duration({_quoted(conversions.duration_to_string(value))})")
    elif kind in _MEMBERS:
        _write_string(made, value)
    else:
        raise CelError(f"no formatting function for {type_name(value)}")


_MEMBERS: Final = frozenset((bool, int, Uint, list, dict, Map, type(None), TypeValue))


def _write_list(made: _Made, items: list[Value]) -> None:
    made.add("[")
    for at, item in enumerate(items):
        if at:
            made.add(", ")
        _write_member(made, native(item))
    made.add("]")


def _write_map(made: _Made, entries: dict[str, Value] | Map) -> None:
    made.add("{")
    shown = [(_key(name), item) for name, item in entries.items()]
    shown.sort(key=lambda entry: entry[0])
    for at, (name, item) in enumerate(shown):
        made.add(f"{', ' if at else ''}{name}:")
        _write_member(made, native(item))
    made.add("}")


def _key(name: Value) -> str:
    kind = type(name)
    if kind is str:
        return _quoted(name)
    return conversions.bool_to_string(name) if kind is bool else conversions.integer_to_string(name)


def _write_decimal(made: _Made, value: Value) -> None:
    if type(value) is not int and type(value) is not Uint:
        raise CelError(f"decimal clause can only be used on integers, was given {type_name(value)}")
    made.add(format(int(value), "d"))


def _write_octal(made: _Made, value: Value) -> None:
    if type(value) is not int and type(value) is not Uint:
        raise CelError(f"octal clause can only be used on integers, was given {type_name(value)}")
    made.add(format(int(value), "o"))


def _write_binary(made: _Made, value: Value) -> None:
    if type(value) is not int and type(value) is not Uint and type(value) is not bool:
        raise CelError(f"only integers and bools can be formatted as binary, was given {type_name(value)}")
    made.add(format(int(value), "b"))


def _hexadecimal(value: Value) -> str:
    kind = type(value)
    if kind is str:
        return str(value.encode("utf-8", "replace").hex())
    if kind is bytes:
        return str(value.hex())
    if kind is int or kind is Uint:
        return format(int(value), "x")
    raise CelError(
        "only integers, byte buffers, and strings can be formatted as hex, was given " + type_name(value)
    )


_CLAUSES: Final[dict[str, _Clause]] = {
    "s": _write_string,
    "d": _write_decimal,
    "b": _write_binary,
    "o": _write_octal,
    "x": lambda made, value: made.add(_hexadecimal(value)),
    "X": lambda made, value: made.add(_hexadecimal(value).upper()),
}
