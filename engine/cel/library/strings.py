"""cel-go's extension for strings, version 2: `charAt`, `format`, `indexOf`, `join`, `replace`, `split`, `substring`, ….

Places count code points. https://github.com/google/cel-go/blob/v0.26.0/ext/strings.go
"""

from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs
from lockgate.engine.cel.library.declaring import call, function, method
from lockgate.engine.cel.library.formatting import format_text
from lockgate.engine.cel.library.kinds import show
from lockgate.engine.cel.library.limits import bound_items, bound_text
from lockgate.engine.cel.types import DYN, INT, STRING, list_of
from lockgate.engine.cel.values import Value, native

_LIST_OF_STRINGS: Final = list_of(STRING)
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_UPPER: Final = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}
# What Go's `unicode.IsSpace` says is space.
_SPACE: Final = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_QUOTED: Final = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
    }
)


def char_at(text: str, at: int) -> str:
    """The character at a place, none at the end. Raises CelError beyond it."""
    if not 0 <= at <= len(text):
        raise CelError(f"index out of range: {at}")
    return text[at : at + 1]


def index_of(text: str, part: str, start: int = 0) -> int:
    """Where the part first is, from a place on, or -1."""
    if not part:
        return start
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return text.find(part, start)


def last_index_of(text: str, part: str) -> int:
    """Where the part last is, or -1."""
    return text.rfind(part)


def last_index_of_before(text: str, part: str, start: int) -> int:
    """Where the part last is up to a place, or -1."""
    if not part:
        return start
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return -1 if start >= len(text) else text.rfind(part, 0, start + len(part))


def lower_ascii(text: str) -> str:
    """The text with its letters of ASCII in lower case."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def upper_ascii(text: str) -> str:
    """The text with its letters of ASCII in upper case."""
    return text.upper() if text.isascii() else text.translate(_UPPER)


def replace(text: str, old: str, new: str, most: int = -1) -> str:
    """The text with another part in place of one; the first `most` times if that is not negative."""
    times = text.count(old)
    if 0 <= most < times:
        times = most
    bound_text(len(text) + times * (len(new) - len(old)))
    return text.replace(old, new, times)


def split(text: str, separator: str, most: int = -1) -> list[str]:
    """The parts between separators, at most `most` if that is not negative; characters for an empty separator."""
    if most == 0:
        return []
    if not separator:
        bound_items(len(text))
        if most < 0 or most >= len(text):
            return list(text)
        return [*text[: most - 1], text[most - 1 :]]
    bound_items(text.count(separator))
    return text.split(separator, -1 if most < 0 else most - 1)


def substring_from(text: str, start: int) -> str:
    """The text from a place on."""
    if not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    return text[start:]


def substring(text: str, start: int, end: int) -> str:
    """The text from a place to another."""
    if start > end:
        raise CelError(f"invalid substring range. start: {start}, end: {end}")
    for place in (start, end):
        if not 0 <= place <= len(text):
            raise CelError(f"index out of range: {place}")
    return text[start:end]


def trim(text: str) -> str:
    """The text without space at both ends."""
    return text.strip(_SPACE)


def join(items: list[Value], separator: str = "") -> str:
    """The texts in one. Raises CelError for an item that is none."""
    total = max(len(items) - 1, 0) * len(separator)
    for item in items:
        if type(item) is not str:
            raise CelError(f"join: invalid input: {show(native(item))}")
        total += len(item)
    bound_text(total)
    return separator.join(items)


def quote(text: str) -> str:
    """The text as a literal of CEL."""
    bound_text(2 * len(text))
    return f'"{text.translate(_QUOTED)}"'


def _cost_of_joining(items: list[Value], separator: str = "") -> int:
    made = sum([len(item) for item in items if type(item) is str]) + max(len(items) - 1, 0) * len(separator)
    return costs.traversal(2 * made)


FUNCTIONS: Final[tuple[Function, ...]] = (
    function("charAt", method("string_char_at_int", (STRING, INT), STRING, char_at)),
    function(
        "indexOf",
        method("string_index_of_string", (STRING, STRING), INT, index_of, costs.of_items),
        method("string_index_of_string_int", (STRING, STRING, INT), INT, index_of, costs.of_items),
    ),
    function(
        "lastIndexOf",
        method("string_last_index_of_string", (STRING, STRING), INT, last_index_of, costs.of_items),
        method(
            "string_last_index_of_string_int",
            (STRING, STRING, INT),
            INT,
            last_index_of_before,
            costs.of_items,
        ),
    ),
    function("lowerAscii", method("string_lower_ascii", (STRING,), STRING, lower_ascii, costs.of_first)),
    function(
        "replace",
        method(
            "string_replace_string_string", (STRING, STRING, STRING), STRING, replace, costs.of_first_twice
        ),
        method(
            "string_replace_string_string_int",
            (STRING, STRING, STRING, INT),
            STRING,
            replace,
            costs.of_first_twice,
        ),
    ),
    function(
        "split",
        method("string_split_string", (STRING, STRING), _LIST_OF_STRINGS, split, costs.of_first_twice),
        method(
            "string_split_string_int", (STRING, STRING, INT), _LIST_OF_STRINGS, split, costs.of_first_twice
        ),
    ),
    function(
        "substring",
        method("string_substring_int", (STRING, INT), STRING, substring_from, costs.of_first),
        method("string_substring_int_int", (STRING, INT, INT), STRING, substring, costs.of_first),
    ),
    function("trim", method("string_trim", (STRING,), STRING, trim, costs.of_first)),
    function("upperAscii", method("string_upper_ascii", (STRING,), STRING, upper_ascii, costs.of_first)),
    function("format", method("string_format", (STRING, list_of(DYN)), STRING, format_text, costs.of_first)),
    function("strings.quote", call("strings_quote", (STRING,), STRING, quote, costs.of_first)),
    function(
        "join",
        method("list_join", (_LIST_OF_STRINGS,), STRING, join, _cost_of_joining),
        method("list_join_string", (_LIST_OF_STRINGS, STRING), STRING, join, _cost_of_joining),
    ),
)
