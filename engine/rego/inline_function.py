"""Copies the body of a small function to where it is called: no call, and what is known of its arguments is used.

A function has one value, so clauses with loops, and functions of several clauses, fill a result that is tested after
them; a single clause without loops stands in the caller's body as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value
from lockgate.engine.codegen.writer import Snapshot, is_name
from lockgate.engine.rego.ast import Call, walk
from lockgate.engine.rego.constant_terms import Unknown, same_constant, table_of
from lockgate.engine.rego.emit_known import Dead, is_empty
from lockgate.engine.rego.function_shape import Shape
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import Group
from lockgate.engine.rego.unfolding import (
    ANY_STATE,
    IS_UNDEFINED,
    Unfolded,
    state_test,
    unfolded,
)

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
    found = _found(emitter, group, _atoms(emitter, call))
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
        found = _found(emitter, group, _atoms(emitter, call))
        if fail or found in ("True", "False"):
            if fail:
                emitter.require(found)
            return "U" if found == "False" else emitter.module.constant(True)
        name = writer.name()
        writer.line(f"{name} = True if {found} else U")
        return name
    if shape.iterates:
        return None
    name = _chosen(emitter, group, _atoms(emitter, call))
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
    if emitter.module.copied_nodes > MAX_NODES * emitter.module.programs:
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
# What a clause without a block assigns at its end, or nothing where it keeps its block.
End = Callable[[Unfolded], str]
# Emits what follows where a clause holds, given its value's expression.
Held = Callable[["BodyEmitter", str], None]


@dataclass(slots=True)
class _Copies:
    """The clauses of a function, tried one by one, each in a block of its own that a success leaves.

    value: of the clause that was emitted last. unfolded: that clause, where it needs no block.
    """

    emitter: "BodyEmitter"
    atoms: list[str]
    value: str = ""
    unfolded: Unfolded | None = None

    def emit(self, alternative: Alternative, guard: str, flag: str, held: Held, *, end: End) -> Outcome:
        """A clause below a guard, which may be empty; a clause that cannot hold leaves nothing.

        end: what a clause without a block assigns; empty where it keeps its block.
        """
        writer = self.emitter.writer
        taken = writer.snapshot()
        if guard:
            with writer.block(guard):
                outcome = self._once(alternative, flag, held, end)
        else:
            outcome = self._once(alternative, flag, held, end)
        if outcome == "never":
            writer.restore(taken)
        writer.release(taken)
        return outcome

    def _once(self, alternative: Alternative, flag: str, held: Held, end: End) -> Outcome:
        writer = self.emitter.writer
        level = len(writer.blocks)
        whole = writer.snapshot()
        writer.open_once()
        start = writer.snapshot()
        outcome: Outcome = "maybe"

        def success(inside: "BodyEmitter") -> None:
            nonlocal outcome
            self.value = inside.atom(alternative.value)
            if is_empty(writer.since(start)):
                outcome = "always"
            held(inside, self.value)
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
        self.unfolded = None
        if outcome != "never" and self.emitter.module.shares:
            self._unfold(whole, end)
        writer.release(whole)
        return outcome

    def _unfold(self, whole: Snapshot, end: End) -> None:
        writer = self.emitter.writer
        found = unfolded(writer.since(whole))
        last = "" if found is None else end(found)
        if found is not None and last:
            self.unfolded = found
            writer.replace(whole, found.lines)
            writer.line(last)


def _found(emitter: "BodyEmitter", group: Group, atoms: list[str]) -> str:
    """A condition, or a literal, that tells whether some clause holds."""
    known = emitter.held("test", str(group), *atoms)
    if known is not None:
        return known
    writer = emitter.writer
    copies = _Copies(emitter, atoms)
    taken = writer.snapshot()
    found = writer.name("found")
    writer.line(f"{found} = False")
    writer.flags.append(found)

    def held(inside: "BodyEmitter", value: str) -> None:
        writer.line(f"{found} = True")

    result = "False"
    # What the clauses ask for, where all of them ask for the state of one value alone.
    told: tuple[str, int] | None = None
    for alternative in _clauses_of(group):
        before = writer.snapshot()
        guard = "" if result == "False" else f"if not {found}:"
        outcome = copies.emit(alternative, guard, found, held, end=lambda one: f"{found} = {one.condition}")
        clause = copies.unfolded
        writer.release(before)
        if outcome == "always" and result == "False":
            result = "True"
            break
        if outcome == "never":
            continue
        asked = None if clause is None else clause.told
        if result == "False":
            told = asked
            if clause is not None:
                writer.drop(taken)
        elif (
            told is not None
            and clause is not None
            and asked is not None
            and asked[0] == told[0]
            and is_empty(clause.lines)
        ):
            writer.restore(before)
            told = told[0], told[1] | asked[1]
        else:
            told = None
        result = found
    writer.flags.remove(found)
    if result == found and told is not None:
        # The line that fills the flag.
        writer.lines.pop()
        result = state_test(*told, ANY_STATE) if told[1] != ANY_STATE else "True"
    elif result != found:
        writer.restore(taken)
    writer.release(taken)
    emitter.kinds[found] = "bool"
    if result not in ("True", "False"):
        emitter.hold(result, "test", str(group), *atoms)
    return result


def _chosen(emitter: "BodyEmitter", group: Group, atoms: list[str]) -> str:
    """The value that the clauses, which have no loops, give: a name, or a literal; `U` where none holds."""
    known = emitter.held("value", str(group), *atoms)
    if known is not None:
        return known
    name = _made(emitter, group, atoms)
    if isinstance(emitter.known(name), Unknown):
        emitter.hold(name, "value", str(group), *atoms)
    return name


def _made(emitter: "BodyEmitter", group: Group, atoms: list[str]) -> str:
    """The same, made anew."""
    writer, module = emitter.writer, emitter.module
    copies = _Copies(emitter, atoms)
    taken = writer.snapshot()
    name = writer.name(group.path[-1])
    writer.line(f"{name} = U")
    writer.flags.append(name)
    # Does the first clause that holds decide?
    in_turn = same_constant(group) or len(group.definitions) == 1
    message = f"functions must not produce multiple outputs: {group}"
    # How many clauses can hold.
    given = 0
    # The value of the first one, where that is undefined if the clause does not hold.
    first = ""
    # Is there but one clause that can hold, and does it always?
    only = False

    def held(inside: "BodyEmitter", value: str) -> None:
        if in_turn or not given or (first and inside.states_of(first) == IS_UNDEFINED):
            writer.line(f"{name} = {value}")
            return
        position = module.position(alternative.location)
        writer.line(f"if {name} is U: {name} = {value}")
        writer.line(f"elif not equal({name}, {value}): conflict(P, {position}, {message!r})")

    def end(clause: Unfolded) -> str:
        if given and not in_turn:
            # Where it does not hold the value of another one stays.
            return ""
        if clause.exits in ([], [f"{clause.value} is U"]):
            return f"{name} = {clause.value}"
        return f"{name} = {clause.value} if {clause.condition} else U"

    decided = "U" if group.default is None else emitter.atom(group.default.alternatives[0].value)
    default = decided
    for alternative in _clauses_of(group):
        guard = f"if {name} is U:" if in_turn and given else ""
        outcome = copies.emit(alternative, guard, "", held, end=end)
        clause = copies.unfolded
        if outcome == "always" and not given:
            decided = copies.value
            if in_turn:
                break
            only = True
        elif outcome != "never":
            only = False
        if outcome != "never":
            if not given and clause is not None:
                writer.drop(taken)
                is_whole = clause.exits in ([], [f"{clause.value} is U"])
                first = clause.value if is_whole and is_name(clause.value) else ""
            given += 1
    writer.flags.remove(name)
    is_literal = (only or not given) and not isinstance(emitter.known(decided), Unknown)
    if is_literal:
        writer.restore(taken)
    writer.release(taken)
    if is_literal:
        return decided
    if given == 1 and first and group.default is None:
        # The line that gives it another name.
        writer.lines.pop()
        return first
    if group.default is not None:
        writer.line(f"if {name} is U: {name} = {default}")
    return name


def _clauses_of(group: Group) -> list[Alternative]:
    return [alternative for definition in group.definitions for alternative in definition.alternatives]
