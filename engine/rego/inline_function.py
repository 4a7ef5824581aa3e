"""Copies the body of a small function to where it is called: no call, and what is known of its arguments is used.

A function has one value, so clauses with loops, and functions of several clauses, fill a result that is tested after
them; a single clause without loops stands in the caller's body as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value
from lockgate.engine.rego.ast import Call, walk
from lockgate.engine.rego.constant_terms import Unknown, same_constant, table_of
from lockgate.engine.rego.emit_known import Dead, is_empty
from lockgate.engine.rego.function_shape import Shape
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import Group

if TYPE_CHECKING:
    from lockgate.engine.rego.emit_body import BodyEmitter

# Copies in copies; and lines of one Python function beyond which it takes no more copies.
MAX_COPIES_DEEP: Final = 8
MAX_LINES: Final = 1_500
# What all copies in a module may have of the syntax tree: copies that turn out to be nothing take time as well.
MAX_NODES: Final = 100_000


def inlined_test(emitter: "BodyEmitter", call: Call, group: Group, *, negated: bool) -> bool:
    """Emits a call as a test that gives up the try where it fails; False when the function is called instead."""
    shape = _shape(emitter, group)
    if shape is None or not shape.is_test or table_of(group) is not None:
        return False
    if shape.is_straight and not negated:
        (alternative,) = group.definitions[0].alternatives
        _straight(emitter, alternative, _atoms(emitter, call))
        return True
    found = _found(emitter, call, group)
    if negated:
        emitter.refuse(found)
    else:
        emitter.require(found)
    return True


def inlined_value(emitter: "BodyEmitter", call: Call, group: Group, *, fail: bool) -> str | None:
    """Emits a call and gives the Python name of its value; None when the function is called instead.

    Undefined gives up the try, or is `U` without `fail`.
    """
    writer = emitter.writer
    if _may_copy(emitter):
        table = table_of(group)
        if table is not None:
            return _looked_up(emitter, call, table, fail=fail)
    shape = _shape(emitter, group)
    if shape is None:
        return None
    if shape.is_straight and fail:
        (alternative,) = group.definitions[0].alternatives
        return _straight(emitter, alternative, _atoms(emitter, call))
    if shape.is_test and group.default is None:
        found = _found(emitter, call, group)
        if fail or found in ("True", "False"):
            if fail:
                emitter.require(found)
            return "U" if found == "False" else emitter.module.constant(True)
        name = writer.name()
        writer.line(f"{name} = True if {found} else U")
        return name
    if shape.iterates:
        return None
    name = _chosen(emitter, call, group)
    if fail and group.default is None:
        emitter.require_defined(name)
    return name


def _looked_up(emitter: "BodyEmitter", call: Call, table: dict[str, Value], *, fail: bool) -> str:
    """The value that a table has for the argument of a call."""
    (argument,) = _atoms(emitter, call)
    known = emitter.known(argument)
    if not isinstance(known, Unknown):
        found = table.get(known, UNDEFINED) if isinstance(known, str) else UNDEFINED
        name = "U" if isinstance(found, Undefined) else emitter.module.constant(found)
    else:
        name = emitter.writer.name()
        value = f"{emitter.module.constant(table)}.get({argument}, U)"
        guard = "" if emitter.kind(argument) == "str" else f" if type({argument}) is str else U"
        emitter.writer.line(f"{name} = {value}{guard}")
    if fail:
        emitter.require_defined(name)
    return name


def _may_copy(emitter: "BodyEmitter") -> bool:
    """Can nothing stand in for functions here, and does nobody watch?"""
    module = emitter.module
    replaced = module.replaced_names or module.replaced_places
    return module.mode == "plain" and not replaced and emitter.context == "c"


def _shape(emitter: "BodyEmitter", group: Group) -> Shape | None:
    """The shape of a function that can be copied here."""
    if not _may_copy(emitter):
        return None
    if emitter.copies >= MAX_COPIES_DEEP or len(emitter.writer.lines) > MAX_LINES:
        return None
    if emitter.module.copied_nodes > MAX_NODES:
        return None
    shape = emitter.module.shape(group)
    return shape if shape.fits else None


def _atoms(emitter: "BodyEmitter", call: Call) -> list[str]:
    return [emitter.atom(argument) for argument in call.arguments]


def _inside(emitter: "BodyEmitter", alternative: Alternative, atoms: list[str]) -> "BodyEmitter":
    """An emitter for a clause with its arguments bound; what does not match gives up the try."""
    emitter.module.copied_nodes += sum(1 for _ in walk(alternative))
    inner = emitter.for_copy()
    for pattern, atom in zip(alternative.arguments, atoms, strict=True):
        inner.match(pattern, atom)
    return inner


def _straight(emitter: "BodyEmitter", alternative: Alternative, atoms: list[str]) -> str:
    """A clause without loops in the caller's own try; gives its value."""
    values: list[str] = []

    def success(inside: "BodyEmitter") -> None:
        values.append(inside.atom(alternative.value))
        emitter.know(inside.knowledge())

    inner = _inside(emitter, alternative, atoms)
    inner.body(alternative.body, (alternative.value,), success)
    if not values:
        # It cannot hold, though it may have left code that can end an evaluation.
        raise Dead
    return values[0]


# Whether a clause can hold.
Outcome = Literal["never", "maybe", "always"]
# Emits what follows where a clause holds, given its value's expression.
Held = Callable[[str, Alternative], None]


@dataclass(slots=True)
class _Copies:
    """The clauses of a function, tried one by one, each in a block of its own that a success leaves."""

    emitter: "BodyEmitter"
    atoms: list[str]
    # The value of the clause that was emitted last.
    value: str = ""

    def emit(self, alternative: Alternative, guard: str, flag: str, held: Held) -> Outcome:
        """A clause below a guard, which may be empty; a clause that cannot hold leaves nothing."""
        writer = self.emitter.writer
        taken = writer.snapshot()
        if guard:
            writer.line(guard)
            writer.indent += 1
        outcome = self._once(alternative, flag, held)
        if guard:
            writer.indent -= 1
        if outcome == "never":
            writer.restore(taken)
        writer.release(taken)
        return outcome

    def _once(self, alternative: Alternative, flag: str, held: Held) -> Outcome:
        writer = self.emitter.writer
        level = len(writer.blocks)
        writer.open_once()
        start = writer.snapshot()
        outcome: Outcome = "maybe"

        def success(inside: "BodyEmitter") -> None:
            nonlocal outcome
            self.value = inside.atom(alternative.value)
            if is_empty(writer.since(start)):
                outcome = "always"
            held(self.value, alternative)
            if not writer.in_nested_function and len(writer.blocks) > level + 1:
                writer.line("break")

        try:
            inner = _inside(self.emitter, alternative, self.atoms)
            inner.flag = flag
            if not inner.body(alternative.body, (alternative.value,), success):
                outcome = "never"
        except Dead:
            outcome = "never"
        writer.release(start)
        writer.close_to(level)
        return outcome


def _found(emitter: "BodyEmitter", call: Call, group: Group) -> str:
    """The name of a flag that tells whether some clause holds, or a literal where that is known."""
    writer = emitter.writer
    copies = _Copies(emitter, _atoms(emitter, call))
    taken = writer.snapshot()
    found = writer.name("found")
    writer.line(f"{found} = False")
    writer.flags.append(found)

    def held(value: str, alternative: Alternative) -> None:
        writer.line(f"{found} = True")

    result = "False"
    for alternative in _clauses_of(group):
        outcome = copies.emit(alternative, "" if result == "False" else f"if not {found}:", found, held)
        if outcome == "always" and result == "False":
            result = "True"
            break
        if outcome != "never":
            result = found
    writer.flags.remove(found)
    if result != found:
        writer.restore(taken)
    writer.release(taken)
    emitter.kinds[found] = "bool"
    return result


def _chosen(emitter: "BodyEmitter", call: Call, group: Group) -> str:
    """The value that the clauses, which have no loops, give: a name, or a literal; `U` where none holds."""
    writer, module = emitter.writer, emitter.module
    copies = _Copies(emitter, _atoms(emitter, call))
    taken = writer.snapshot()
    name = writer.name(group.path[-1])
    writer.line(f"{name} = U")
    writer.flags.append(name)
    # Does the first clause that holds decide?
    in_turn = same_constant(group) or len(group.definitions) == 1
    message = f"functions must not produce multiple outputs: {group}"
    given = False
    # Is there but one clause that can hold, and does it always?
    only = False

    def held(value: str, alternative: Alternative) -> None:
        if in_turn or not given:
            writer.line(f"{name} = {value}")
            return
        position = module.position(alternative.location)
        writer.line(f"if {name} is U: {name} = {value}")
        writer.line(f"elif not equal({name}, {value}): conflict(P, {position}, {message!r})")

    decided = "U" if group.default is None else emitter.atom(group.default.alternatives[0].value)
    default = decided
    for alternative in _clauses_of(group):
        outcome = copies.emit(alternative, f"if {name} is U:" if in_turn and given else "", "", held)
        if outcome == "always" and not given:
            decided = copies.value
            if in_turn:
                break
            only = True
        elif outcome != "never":
            only = False
        given = given or outcome != "never"
    writer.flags.remove(name)
    is_literal = (only or not given) and not isinstance(emitter.known(decided), Unknown)
    if is_literal:
        writer.restore(taken)
    writer.release(taken)
    if is_literal:
        return decided
    if group.default is not None:
        writer.line(f"if {name} is U: {name} = {default}")
    return name


def _clauses_of(group: Group) -> list[Alternative]:
    return [alternative for definition in group.definitions for alternative in definition.alternatives]
