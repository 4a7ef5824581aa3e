"""One verb of `sprintf` with its flags and its argument, as Go's `fmt` shows it (go.dev/pkg/fmt)."""

from dataclasses import replace
from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins import gotext
from lockgate.engine.rego.builtins.operands import bytes_of

_MAX_RUNE: Final = 0x10FFFF
_BASES: Final = {"d": 10, "v": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_LETTERS: Final = {2: "b", 8: "o", 10: "d", 16: "x"}
_PREFIXES: Final = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}
INT64: Final = 1 << 63

Argument = str | int | float


@record
class Spec:
    """One verb with its flags."""

    verb: str
    flags: frozenset[str]
    width: int | None
    precision: int | None

    def has(self, flag: str) -> bool:
        """Is the flag set?"""
        return flag in self.flags


def go_type(argument: Argument) -> str:
    """The name of the argument's type in Go."""
    if isinstance(argument, str):
        return "string"
    if isinstance(argument, float):
        return "float64"
    return "int64" if -INT64 <= argument < INT64 else "*big.Int"


def show(argument: Argument, spec: Spec) -> str:
    """The argument by a verb; one that does not fit gives a complaint with the argument in it."""
    if spec.verb == "T":
        return _pad(go_type(argument), spec)
    if isinstance(argument, str):
        shown = _string(argument, spec)
    elif isinstance(argument, float):
        shown = _float(argument, spec)
    elif -INT64 <= argument < INT64:
        shown = _integer(argument, spec)
    else:
        return _big(argument, spec)
    if shown is not None:
        return shown
    # The flags of the wrong verb apply to the value that is shown instead.
    return f"%!{spec.verb}({go_type(argument)}={show(argument, replace(spec, verb='v'))})"


def _pad(text: str, spec: Spec, fill: str = "") -> str:
    """The text at its width; `fill` overrules the zero flag."""
    missing = (spec.width or 0) - len(text)
    if missing <= 0:
        return text
    if spec.has("minus"):
        return text + " " * missing
    return (fill or ("0" if spec.has("zero") else " ")) * missing + text


def _string(text: str, spec: Spec) -> str | None:
    verb = spec.verb
    if verb in ("x", "X"):
        return _hex_string(text, spec)
    if verb not in ("s", "v", "q"):
        return None
    if spec.precision is not None:
        text = text[: spec.precision]
    if verb == "q" or spec.has("sharp v"):
        if spec.has("sharp") and _can_backquote(text):
            text = f"`{text}`"
        else:
            text = gotext.quote_ascii(text) if spec.has("plus") else gotext.quote(text)
    return _pad(text, spec)


def _can_backquote(text: str) -> bool:
    return not any(
        char == "`" or char == "\ufeff" or char == "\x7f" or (char < " " and char != "\t") for char in text
    )


def _hex_string(text: str, spec: Spec) -> str:
    data = bytes_of(text)
    if spec.precision is not None:
        data = data[: spec.precision]
    prefix = ("0X" if spec.verb == "X" else "0x") if spec.has("sharp") else ""
    pairs = data.hex().upper() if spec.verb == "X" else data.hex()
    if not pairs:
        return _pad("", spec)
    if spec.has("space"):
        parts = [prefix + pairs[at : at + 2] for at in range(0, len(pairs), 2)]
        return _pad(" ".join(parts), spec)
    return _pad(prefix + pairs, spec)


def _sign(negative: bool, spec: Spec) -> str:
    if negative:
        return "-"
    return "+" if spec.has("plus") else (" " if spec.has("space") else "")


def _integer(value: int, spec: Spec) -> str | None:
    verb = spec.verb
    if verb in ("c", "q"):
        char = chr(value) if 0 <= value <= _MAX_RUNE and not 0xD800 <= value <= 0xDFFF else "\ufffd"
        if verb == "c":
            return _pad(char, spec)
        return _pad(gotext.quote_ascii(char, "'") if spec.has("plus") else gotext.quote(char, "'"), spec)
    if verb == "U":
        return _unicode(value, spec)
    base = _BASES.get(verb)
    if base is None:
        return None
    magnitude = abs(value)
    least = 0
    sign = _sign(value < 0, spec)
    if spec.precision is not None:
        least = spec.precision
        if least == 0 and magnitude == 0:
            return " " * (spec.width or 0)
    elif spec.has("zero") and not spec.has("minus") and spec.width is not None:
        least = spec.width - len(sign)
    digits = format(magnitude, _LETTERS[base]).rjust(least, "0")
    if verb == "X":
        digits = digits.upper()
    if spec.has("sharp") and base != 10 and not (base == 8 and digits.startswith("0")):
        digits = ("0" if verb == "O" else _PREFIXES[verb]) + digits
    if verb == "O":
        digits = "0o" + digits
    return _pad(sign + digits, spec, " ")


def _unicode(value: int, spec: Spec) -> str:
    code = value % (1 << 64)
    text = f"U+{code:0{max(spec.precision or 0, 4)}X}"
    if spec.has("sharp") and code <= _MAX_RUNE and chr(code).isprintable():
        text += f" '{chr(code)}'"
    return _pad(text, spec, " ")


def _big(value: int, spec: Spec) -> str:
    verb = spec.verb
    base = 10 if verb == "s" else _BASES.get(verb)
    if base is None:
        return f"%!{verb}(big.Int={value})"
    spec = replace(spec, flags=frozenset([flag.removesuffix(" v") for flag in spec.flags]))
    sign = _sign(value < 0, spec)
    prefix = _PREFIXES.get(verb, "") if spec.has("sharp") else ""
    prefix = "0o" if verb == "O" else prefix
    digits = format(abs(value), _LETTERS[base])
    if verb == "X":
        digits = digits.upper()
    if spec.precision is not None:
        digits = digits.rjust(spec.precision, "0")
    missing = (spec.width or 0) - len(sign + prefix + digits)
    if missing > 0 and not spec.has("minus") and spec.has("zero") and spec.precision is None:
        digits = "0" * missing + digits
    return _pad(sign + prefix + digits, spec, " ")


def _float(value: float, spec: Spec) -> str | None:
    verb = spec.verb
    if verb not in ("v", "b", "g", "G", "x", "X", "f", "F", "e", "E"):
        return None
    precision = spec.precision
    if precision is None:
        precision = 6 if verb in "fFeE" else -1
    letter = {"v": "g", "F": "f"}.get(verb, verb)
    shown = gotext.format_float(value, letter, precision)
    negative = shown.startswith("-")
    shown = shown.lstrip("-")
    if spec.has("sharp") and verb != "b":
        shown = _with_point(shown, verb, precision)
    sign = _sign(negative, spec)
    missing = (spec.width or 0) - len(sign) - len(shown)
    if sign and missing > 0 and spec.has("zero") and not spec.has("minus"):
        return sign + "0" * missing + shown
    return _pad(sign + shown, spec)


def _with_point(shown: str, verb: str, precision: int) -> str:
    """The number with a decimal point and, for the verbs that drop them, its trailing zeros."""
    mark = "p" if verb in "xX" else "e"
    position = max(shown.find(mark), shown.find(mark.upper()))
    body, tail = (shown, "") if position < 0 else (shown[:position], shown[position:])
    missing = 0
    if verb in "vgGxX":
        missing = 6 if precision == -1 else precision
        digits = body.replace(".", "")
        # The prefix of a hexadecimal number counts like its digits.
        missing -= len(digits.lstrip("0"))
    if "." not in body:
        missing -= body == "0"
        body += "."
    return body + "0" * max(missing, 0) + tail
