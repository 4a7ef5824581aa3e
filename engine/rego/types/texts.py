"""Types as text, as OPA writes them."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.values import render_json, sort_key
from lockgate.engine.rego.types.lattice import (
    ANY,
    ArrayType,
    BasicType,
    FunctionType,
    ObjectType,
    Property,
    SetType,
    Type,
    UnionType,
)

ELLIPSIS: Final = "..."
# Longer descriptions are cut.
LONGEST: Final = 2_000


def type_text(type: Type | None, longest: int = LONGEST) -> str:
    """A type as OPA writes it; `???` is one that is not known."""
    pieces: list[str] = []
    _write(type, pieces, [longest])
    return "".join(pieces)


def key_text(item: Property) -> str:
    """The key of a fixed member of an object."""
    return item.key if isinstance(item.key, str) else render_json(item.key)


def properties(type: ObjectType) -> list[Property]:
    """The fixed members of an object in the order of their keys."""
    return sorted(type.static.values(), key=lambda item: sort_key(item.key))


def members_in_order(union: UnionType) -> "list[Type | None]":
    """The types of a union, in the order in which they are shown."""
    return [*sorted(union.members, key=_order)]


def _write(type: Type | None, pieces: list[str], left: list[int]) -> None:
    """Adds the text of a type; `left` counts the characters that may still be written."""

    def add(text: str) -> None:
        left[0] -= len(text)
        pieces.append(text)

    def join(types: "Sequence[Type | None]") -> None:
        for number, part in enumerate(types):
            if number:
                add(", ")
            _write(part, pieces, left)

    if left[0] <= 0:
        if pieces[-1] != ELLIPSIS:
            pieces.append(ELLIPSIS)
    elif type is None:
        add("???")
    elif isinstance(type, BasicType):
        add(type.name)
    elif isinstance(type, ArrayType):
        add("array")
        if type.static:
            add("<")
            join(type.static)
            add(">")
        if type.dynamic is not None:
            add("[")
            join((type.dynamic,))
            add("]")
    elif isinstance(type, ObjectType):
        add("object")
        members = properties(type)
        for number, item in enumerate(members):
            add(f"{', ' if number else '<'}{key_text(item)}: ")
            _write(item.type, pieces, left)
        if members:
            add(">")
        if type.dynamic is not None:
            add("[")
            _write(type.dynamic[0], pieces, left)
            add(": ")
            _write(type.dynamic[1], pieces, left)
            add("]")
    elif isinstance(type, SetType):
        add("set")
        if type.of is not None:
            add("[")
            join((type.of,))
            add("]")
    elif isinstance(type, UnionType):
        add("any")
        if type is not ANY:
            add("<")
            join(members_in_order(type))
            add(">")
    elif isinstance(type, FunctionType):
        add("(")
        join(type.arguments)
        add(") => ")
        _write(type.result, pieces, left)


def _order(type: Type) -> tuple[int, bool]:
    """The place of a type among those of a union."""
    if isinstance(type, BasicType):
        return (type.place, False)
    return (type.rank, isinstance(type, ArrayType | ObjectType) and type.dynamic is not None)
