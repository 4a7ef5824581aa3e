"""`"…".format([…])` with a constant text: whether its clauses and the types of the arguments fit, in cel-go's words."""

import re
from collections.abc import Sequence
from typing import Final

from lockgate.engine.cel.ast import ListLiteral, MapLiteral, Node
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.errors import Mistake
from lockgate.engine.cel.types import DYN

# `%`, and what stands before the letter; a precision has no end where the text ends.
_CLAUSE: Final = re.compile(r"%(?:%|(?P<precision>\.[0-9]*)?(?P<letter>.)?)", re.DOTALL)
# Go's largest int.
_MAX_PRECISION: Final = (1 << 63) - 1

_STRINGS: Final = frozenset(
    [
        "list",
        "map",
        "int",
        "uint",
        "double",
        "bool",
        "string",
        "google.protobuf.Timestamp",
        "bytes",
        "google.protobuf.Duration",
        "type",
        "null_type",
    ]
)
# By letter: the types that it shows, and what it says of others.
_LETTERS: Final[dict[str, tuple[frozenset[str], str]]] = {
    "s": (
        _STRINGS,
        "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
    ),
    "d": (frozenset(["int", "uint"]), "decimal clause can only be used on integers"),
    "f": (frozenset(["double", "string"]), "fixed-point clause can only be used on doubles"),
    "e": (frozenset(["double", "string"]), "scientific clause can only be used on doubles"),
    "b": (frozenset(["int", "uint", "bool"]), "only integers and bools can be formatted as binary"),
    "x": (
        frozenset(["int", "uint", "string", "bytes"]),
        "only integers, byte buffers, and strings can be formatted as hex",
    ),
    "o": (frozenset(["int", "uint"]), "octal clause can only be used on integers"),
}


def format_mistake(text: str, arguments: Sequence[Node], offset: int, checked: Checked) -> Mistake | None:
    """The first mistake, at `offset` or at an argument; None where all fit."""
    used = 0
    # Go reads bytes: a letter that is none of ASCII's is shown by its first byte.
    for clause in _CLAUSE.finditer(text.encode().decode("latin-1")):
        if clause.group() == "%%":
            continue
        if clause.group() == "%":
            return Mistake(offset, "unexpected end of string")
        if used >= len(arguments):
            return Mistake(offset, f"index {used} out of range")
        letter, precision = clause["letter"], clause["precision"]
        if (broken := _broken(letter, precision)) is not None:
            return Mistake(offset, f"could not parse formatting clause: {broken}")
        shows, refusal = _LETTERS[letter.lower() if letter == "X" else letter]
        wrong = _unfit(arguments[used], shows, letter, checked)
        if wrong is not None:
            given = checked.type_of(wrong).name
            return Mistake(wrong.offset, f"error during formatting: {refusal}, was given {given}")
        used += 1
    if used < len(arguments):
        return Mistake(
            offset,
            f"too many arguments supplied to string.format (expected {used}, got {len(arguments)})",
        )
    return None


def _broken(letter: str | None, precision: str | None) -> str | None:
    """What is wrong with a clause of these parts."""
    if precision is not None:
        if letter is None:
            return "error while parsing precision: could not find end of precision specifier"
        digits = precision[1:]
        problem = ""
        if not digits:
            problem = "invalid syntax"
        elif len(digits.lstrip("0")) > 19 or int(digits) > _MAX_PRECISION:
            problem = "value out of range"
        if problem:
            return (
                "error while parsing precision: error while converting precision to integer: "
                f'strconv.Atoi: parsing "{digits}": {problem}'
            )
    if letter != "X" and letter not in _LETTERS:
        return f'unrecognized formatting clause "{letter}"'
    return None


def _unfit(node: Node, shows: frozenset[str], letter: str, checked: Checked) -> Node | None:
    """The node that the clause does not show: the argument itself, or for `%s` something in its literal."""
    one = checked.type_of(node)
    if one != DYN and one.name not in shows:
        return node
    if letter != "s":
        return None
    inside: Sequence[Node] = ()
    if isinstance(node, ListLiteral):
        inside = node.items
    elif isinstance(node, MapLiteral):
        inside = [part for item in node.items for part in (item.key, item.value)]
    for part in inside:
        wrong = _unfit(part, shows, letter, checked)
        if wrong is not None:
            return wrong
    return None
