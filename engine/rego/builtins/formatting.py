"""`sprintf`: the verbs, flags and complaints of Go's `fmt.Sprintf` (go.dev/pkg/fmt)."""

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Final

from lockgate.engine.codegen.values import Number, Set, Value, quote_rego, render_rego
from lockgate.engine.rego.builtins.context import Context, reserve
from lockgate.engine.rego.builtins.format_verbs import INT64, Argument, Spec, go_type, show
from lockgate.engine.rego.builtins.operands import array, string

# Go ignores a greater width or precision.
_MAX_WIDTH: Final = 1_000_000
_FLAGS: Final[dict[str, str]] = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_FLAGS_OF_V: Final[dict[str, str]] = {"plus": "plus v", "sharp": "sharp v"}
_CACHED: Final = 1_024
_QUICK_SIZE: Final = 1_000
# Larger sets are paid for as they are shown.
_FEW: Final = 8


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
        elif type(value) is int and verb != "s" and abs(value) < INT64:
            shown = str(value)
        elif type(value) is not str and type(value) is not int and type(value) is not Number and verb != "d":
            shown = render_rego(value)
        else:
            return None
        size += len(shown)
        made[2 * at + 1] = shown
    if size > _QUICK_SIZE:
        reserve(context, size + sum(map(len, pieces)))
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


@lru_cache(maxsize=1_024)
def _number_text(text: str) -> str:
    return show(_argument(Number(text)), Spec("v", frozenset(), None, None))


def message_text(value: Value) -> str:
    """A value under `%v`, as compiled policies write it into a message."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]
    if kind is Number:
        return _number_text(value.text)  # type: ignore[union-attr]
    if kind is Set:
        return _texts_in(value) or render_rego(value)  # type: ignore[arg-type]
    return render_rego(value)


def _texts_in(value: Set) -> str:
    """A set of a few texts as Rego writes it; empty for others."""
    members: Collection[Value] = value.members.values() if value.distinct is None else value.distinct
    if not 0 < len(members) <= _FEW:
        return ""
    texts: list[str] = [one for one in members if type(one) is str]
    if len(texts) < len(members):
        return ""
    return "{" + ", ".join([quote_rego(text) for text in sorted(texts)]) + "}"


def printf_with(
    context: Context,
    template: str,
    arguments: list[Any],
    shown: Callable[[Any, Spec], str],
    type_of: Callable[[Any], str],
) -> str:
    """`fmt.Sprintf` for arguments of other kinds, which the two functions show and name."""
    return _Printer(context, template, arguments, shown, type_of).run()


class _Printer:
    def __init__(
        self,
        context: Context,
        template: str,
        arguments: list[Any],
        shown: Callable[[Any, Spec], str] = show,
        type_of: Callable[[Any], str] = go_type,
    ) -> None:
        self.shown = shown
        self.type_of = type_of
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
            plain = Spec("v", frozenset(), None, None)
            extra = [f"{self.type_of(a)}={self.shown(a, plain)}" for a in self.arguments[self.next :]]
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
            spec = Spec(verb, frozenset(flags), width, precision)
            self.write(self.shown(self.arguments[self.next], spec))
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
