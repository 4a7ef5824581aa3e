"""`sprintf`: the verbs, flags and complaints of Go's `fmt.Sprintf` (go.dev/pkg/fmt)."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from lockgate.engine.codegen.values import Number, Value, render_rego
from lockgate.engine.rego.builtins import gotext
from lockgate.engine.rego.builtins.context import Context, reserve
from lockgate.engine.rego.builtins.operands import array, bytes_of, string

# Go ignores a greater width or precision.
_MAX_WIDTH: Final = 1_000_000
_MAX_RUNE: Final = 0x10FFFF
_INT64: Final = 1 << 63
_FLAGS: Final[dict[str, str]] = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_FLAGS_OF_V: Final[dict[str, str]] = {"plus": "plus v", "sharp": "sharp v"}
_BASES: Final = {"d": 10, "v": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_LETTERS: Final = {2: "b", 8: "o", 10: "d", 16: "x"}
_PREFIXES: Final = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}

_CACHED: Final = 1_024
_QUICK_SIZE: Final = 1_000

Argument = str | int | float


@dataclass(frozen=True, slots=True)
class _Spec:
    """One verb with its flags."""

    verb: str
    flags: frozenset[str]
    width: int | None
    precision: int | None

    def has(self, flag: str) -> bool:
        """Is the flag set?"""
        return flag in self.flags


def sprintf(context: Context, template: Value, arguments: Value) -> str:
    """The template with its verbs replaced by the arguments; complaints are part of the text, as in Go."""
    text, given = string(template, 1), array(arguments, 2)
    quick = _quick(context, _pieces(text), given)
    if quick is not None:
        return quick
    return _Printer(context, text, [_argument(value) for value in given]).run()


@lru_cache(maxsize=_CACHED)
def _pieces(template: str) -> tuple[str, ...]:
    """Literal texts at even positions and the verbs v, s and d at odd ones; empty for other templates."""
    parts = template.split("%")
    if any(part[:1] not in ("v", "s", "d") for part in parts[1:]):
        return ()
    found = [parts[0]]
    for part in parts[1:]:
        found += [part[0], part[1:]]
    return tuple(found)


def _quick(context: Context, pieces: tuple[str, ...], values: list[Value]) -> str | None:
    """The text for verbs without flags that fit their values, as nearly all messages have; else None."""
    if len(pieces) != 2 * len(values) + 1:
        return None
    made = list(pieces)
    size = 0
    for at, value in enumerate(values):
        verb = pieces[2 * at + 1]
        if type(value) is str and verb != "d":
            shown = value
        elif type(value) is int and verb != "s" and abs(value) < _INT64:
            shown = str(value)
        elif type(value) is not str and type(value) is not int and type(value) is not Number and verb != "d":
            shown = render_rego(value)
        else:
            return None
        size += len(shown)
        made[2 * at + 1] = shown
    if size > _QUICK_SIZE:
        reserve(context, size + len(made[0]))
    return "".join(made)


def _argument(value: Value) -> Argument:
    kind = type(value)
    if kind is str or kind is int:
        return value  # type: ignore[return-value]
    if kind is not Number:
        return render_rego(value)
    text: str = value.text  # type: ignore[union-attr]
    if not any(mark in text for mark in ".eE"):
        return int(text)
    found = float(text)
    return text if found in (float("inf"), float("-inf")) else found


class _Printer:
    def __init__(self, context: Context, template: str, arguments: list[Argument]) -> None:
        self.context = context
        self.template = template
        self.arguments = arguments
        self.at = 0
        self.next = 0
        self.reordered = False
        self.good_index = True
        self.after_index = False
        self.made: list[str] = []
        self.size = 0

    def run(self) -> str:
        template = self.template
        while self.at < len(template):
            percent = template.find("%", self.at)
            if percent < 0:
                self.write(template[self.at :])
                break
            self.write(template[self.at : percent])
            self.at = percent + 1
            if not self.verb():
                break
        if not self.reordered and self.next < len(self.arguments):
            plain = _Spec("v", frozenset(), None, None)
            extra = [f"{_type(a)}={_shown(a, plain)}" for a in self.arguments[self.next :]]
            self.write(f"%!(EXTRA {', '.join(extra)})")
        return "".join(self.made)

    def write(self, text: str) -> None:
        if text:
            self.size += len(text)
            self.made.append(text)
            if len(self.made) & 0xFF == 0 or len(text) > 0xFFF:
                reserve(self.context, self.size)

    def peek(self) -> str:
        return self.template[self.at : self.at + 1]

    def verb(self) -> bool:
        """Writes one verb, the percent sign being read. False at the end of the template."""
        self.good_index, self.after_index = True, False
        flags: set[str] = set()
        while self.peek() in _FLAGS and self.peek():
            flags.add(_FLAGS[self.peek()])
            self.at += 1
        self.index()
        width = self.width(flags)
        precision = self.precision()
        if not self.after_index:
            self.index()
        verb = self.peek()
        if not verb:
            self.write("%!(NOVERB)")
            return False
        self.at += 1
        if verb == "%":
            self.write("%")
        elif not self.good_index:
            self.write(f"%!{verb}(BADINDEX)")
        elif self.next >= len(self.arguments):
            self.write(f"%!{verb}(MISSING)")
        else:
            reserve(self.context, (width or 0) + (precision or 0))
            if verb == "v":
                # `%+v` and `%#v` mean something else than the flags do for other verbs.
                flags = {_FLAGS_OF_V.get(flag, flag) for flag in flags}
            spec = _Spec(verb, frozenset(flags), width, precision)
            self.write(_shown(self.arguments[self.next], spec))
            self.next += 1
        return True

    def index(self) -> None:
        """Reads an explicit argument index such as `[2]`."""
        self.after_index = False
        if self.peek() != "[":
            return
        self.reordered = True
        end = self.template.find("]", self.at)
        if len(self.template) - self.at < 3 or end < 0:
            self.good_index = False
            self.at += 1
            return
        text = self.template[self.at + 1 : end]
        self.at = end + 1
        number = _small(text)
        self.after_index = number is not None
        if number is not None and 1 <= number <= len(self.arguments):
            self.next = number - 1
        else:
            self.good_index = False

    def star(self) -> int | None:
        self.at += 1
        if self.next >= len(self.arguments):
            return None
        found = self.arguments[self.next]
        self.next += 1
        return found if type(found) is int and abs(found) <= _MAX_WIDTH else None

    def digits(self) -> int | None:
        start = self.at
        while self.peek() and self.peek() in "0123456789":
            self.at += 1
        text = self.template[start : self.at]
        found = _small(text)
        if text and found is None:
            # Go gives up on the whole verb.
            self.at = len(self.template)
        return found

    def width(self, flags: set[str]) -> int | None:
        if self.peek() == "*":
            found = self.star()
            self.after_index = False
            if found is None:
                self.write("%!(BADWIDTH)")
            elif found < 0:
                flags.add("minus")
                flags.discard("zero")
                return -found
            return found
        number = self.digits()
        if self.after_index and number is not None:
            self.good_index = False
        return number

    def precision(self) -> int | None:
        if self.peek() != ".":
            return None
        self.at += 1
        if self.after_index:
            self.good_index = False
        self.index()
        if self.peek() != "*":
            return self.digits() or 0
        found = self.star()
        self.after_index = False
        if found is None or found < 0:
            self.write("%!(BADPREC)")
            return None
        return found


def _small(text: str) -> int | None:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 20:
        return None
    number = int(text)
    return number if number <= _MAX_WIDTH else None


def _type(argument: Argument) -> str:
    if isinstance(argument, str):
        return "string"
    if isinstance(argument, float):
        return "float64"
    return "int64" if -_INT64 <= argument < _INT64 else "*big.Int"


def _shown(argument: Argument, spec: _Spec) -> str:
    if spec.verb == "T":
        return _pad(_type(argument), spec)
    if isinstance(argument, str):
        shown = _string(argument, spec)
    elif isinstance(argument, float):
        shown = _float(argument, spec)
    elif -_INT64 <= argument < _INT64:
        shown = _integer(argument, spec)
    else:
        return _big(argument, spec)
    if shown is not None:
        return shown
    # The flags of the wrong verb apply to the value that is shown instead.
    return f"%!{spec.verb}({_type(argument)}={_shown(argument, replace(spec, verb='v'))})"


def _pad(text: str, spec: _Spec, fill: str = "") -> str:
    """The text at its width; `fill` overrules the zero flag."""
    missing = (spec.width or 0) - len(text)
    if missing <= 0:
        return text
    if spec.has("minus"):
        return text + " " * missing
    return (fill or ("0" if spec.has("zero") else " ")) * missing + text


def _string(text: str, spec: _Spec) -> str | None:
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


def _hex_string(text: str, spec: _Spec) -> str:
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


def _sign(negative: bool, spec: _Spec) -> str:
    if negative:
        return "-"
    return "+" if spec.has("plus") else (" " if spec.has("space") else "")


def _integer(value: int, spec: _Spec) -> str | None:
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


def _unicode(value: int, spec: _Spec) -> str:
    code = value % (1 << 64)
    text = f"U+{code:0{max(spec.precision or 0, 4)}X}"
    if spec.has("sharp") and code <= _MAX_RUNE and chr(code).isprintable():
        text += f" '{chr(code)}'"
    return _pad(text, spec, " ")


def _big(value: int, spec: _Spec) -> str:
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


def _float(value: float, spec: _Spec) -> str | None:
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
