"""What messages tell of types: what there is, and what would be right."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.rego.types.compatibility import Types
from lockgate.engine.rego.types.elision import WIDEST_LINE, Differences, shortened
from lockgate.engine.rego.types.lattice import ArrayType, FunctionType, ObjectType, SetType, Type
from lockgate.engine.rego.types.texts import LONGEST, type_text

_MATCH_ERROR: Final = "https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error"


def argument_lines(
    types: Types, have: "Sequence[Type | None]", function: FunctionType, *, with_result: bool
) -> tuple[str, ...]:
    """What a call has, and what its function wants."""
    wanted = [*function.arguments]
    if with_result and function.result is not None:
        wanted.append(function.result)
    lines = _lines(function, [type_text(type) for type in have], [type_text(type) for type in wanted])
    if max(map(len, lines)) <= WIDEST_LINE:
        return lines
    # What has no counterpart, and what the function would accept, is not what the message is about.
    ours = [shortened(type) for type in have]
    names = [*function.names, *[""] * len(wanted)]
    theirs = [shortened(type, name) for type, name in zip(wanted, names, strict=False)]
    for number, (one, other) in enumerate(zip(have, wanted, strict=False)):
        if not types.unifies(one, other):
            ours[number], theirs[number] = Differences().of(one, other)
    return _lines(function, ours, theirs)


def _lines(function: FunctionType, have: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    names = [*function.names, *[""] * len(wanted)]
    shown = [f"{name}: {text}" if name else text for name, text in zip(names, wanted, strict=False)]
    if function.variadic is not None:
        shown.append(f"{shortened(function.variadic)}...")
    return (_cut(f"have: ({', '.join(have)})"), _cut(f"want: ({', '.join(shown)})"))


def match_lines(left: Type | None, right: Type | None) -> tuple[str, ...]:
    """The two sides of a unification that can never hold."""
    texts = (type_text(left), type_text(right))
    if max(map(len, texts)) + len("left  : ") > WIDEST_LINE:
        texts = Differences().of(left, right)
    lines = (_cut(f"left  : {texts[0]}"), _cut(f"right : {texts[1]}"))
    for kind, name in ((ObjectType, "objects"), (ArrayType, "arrays"), (SetType, "sets")):
        if isinstance(left, kind) and isinstance(right, kind):
            differ = f"both sides are {name} but their types differ, so they can never be equal"
            return (*lines, f"hint  : {differ} (see {_MATCH_ERROR})")
    return lines


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
