"""How types are shown in messages, as OPA writes them."""

from collections.abc import Sequence

from lockgate.engine.codegen.values import render_json, sort_key
from lockgate.engine.rego.types.lattice import (
    ANY,
    ArrayType,
    BasicType,
    FunctionType,
    ObjectType,
    SetType,
    Type,
    UnionType,
)

# Longer descriptions are cut.
_LONGEST = 2_000

_MATCH_ERROR = "https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error"


def type_text(type: Type | None) -> str:
    """A type as OPA writes it; `???` is one that is not known."""
    pieces: list[str] = []
    _write(type, pieces, [_LONGEST])
    return "".join(pieces)


def argument_lines(
    have: "Sequence[Type | None]", function: FunctionType, *, with_result: bool
) -> tuple[str, ...]:
    """What a call has, and what its function wants."""
    wanted = [*function.arguments]
    if with_result and function.result is not None:
        wanted.append(function.result)
    shown = []
    for number, type in enumerate(wanted):
        name = function.names[number] if number < len(function.names) else ""
        shown.append(f"{name}: {type_text(type)}" if name else type_text(type))
    if function.variadic is not None:
        shown.append(f"{type_text(function.variadic)}...")
    return (f"have: ({', '.join(map(type_text, have))})", f"want: ({', '.join(shown)})")


def match_lines(left: Type | None, right: Type | None) -> tuple[str, ...]:
    """The two sides of a unification that can never hold."""
    lines = (f"left  : {type_text(left)}", f"right : {type_text(right)}")
    for kind, name in ((ObjectType, "objects"), (ArrayType, "arrays"), (SetType, "sets")):
        if isinstance(left, kind) and isinstance(right, kind):
            differ = f"both sides are {name} but their types differ, so they can never be equal"
            return (*lines, f"hint  : {differ} (see {_MATCH_ERROR})")
    return lines


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
        if pieces[-1] != "...":
            pieces.append("...")
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
        members = sorted(type.static.values(), key=lambda item: sort_key(item.key))
        for number, item in enumerate(members):
            shown = item.key if isinstance(item.key, str) else render_json(item.key)
            add(f"{', ' if number else '<'}{shown}: ")
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
            members_in_order: list[Type | None] = [*sorted(type.members, key=_order)]
            join(members_in_order)
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
