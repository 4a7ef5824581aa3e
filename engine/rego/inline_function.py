"""Copies the body of a small function to where it is called: no call, and what is known of its arguments is used.

A function has one value, so clauses with loops, and functions of several clauses, fill a result that is tested after
them; a single clause without loops stands in the caller's body as it is.
"""

from typing import TYPE_CHECKING, Final

from lockgate.engine.rego.ast import Call
from lockgate.engine.rego.constant_terms import same_constant
from lockgate.engine.rego.function_shape import Shape
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import Group

if TYPE_CHECKING:
    from lockgate.engine.rego.emit_body import BodyEmitter

# Copies in copies; and lines of one Python function beyond which it takes no more copies.
MAX_COPIES_DEEP: Final = 8
MAX_LINES: Final = 1_500


def inlined_test(emitter: "BodyEmitter", call: Call, group: Group, *, negated: bool) -> bool:
    """Emits a call as a test that gives up the try where it fails; False when the function is called instead."""
    shape = _shape(emitter, group)
    if shape is None or not shape.is_test:
        return False
    if shape.is_straight and not negated:
        (alternative,) = group.definitions[0].alternatives
        _straight(emitter, alternative, _atoms(emitter, call), call)
        return True
    found = _found(emitter, call, group)
    emitter.writer.fail_if(found if negated else f"not {found}")
    return True


def inlined_value(emitter: "BodyEmitter", call: Call, group: Group, *, fail: bool) -> str | None:
    """Emits a call and gives the Python name of its value; None when the function is called instead.

    Undefined gives up the try, or is `U` without `fail`.
    """
    shape = _shape(emitter, group)
    if shape is None:
        return None
    writer = emitter.writer
    if shape.is_straight and fail:
        (alternative,) = group.definitions[0].alternatives
        return _straight(emitter, alternative, _atoms(emitter, call), call)
    if shape.is_test and group.default is None:
        found = _found(emitter, call, group)
        if fail:
            writer.fail_if(f"not {found}")
            return "True"
        name = writer.name()
        writer.line(f"{name} = True if {found} else U")
        return name
    if shape.iterates:
        return None
    name = _clauses(emitter, call, group)
    if fail and group.default is None:
        writer.fail_if(f"{name} is U")
    return name


def _shape(emitter: "BodyEmitter", group: Group) -> Shape | None:
    """The shape of a function that can be copied here."""
    module = emitter.module
    if module.mode != "plain" or module.replaced_names or module.replaced_places or emitter.context != "c":
        return None
    if emitter.copies >= MAX_COPIES_DEEP or len(emitter.writer.lines) > MAX_LINES:
        return None
    shape = module.shape(group)
    return shape if shape.fits else None


def _atoms(emitter: "BodyEmitter", call: Call) -> list[str]:
    return [emitter.atom(argument) for argument in call.arguments]


def _inside(emitter: "BodyEmitter", alternative: Alternative, atoms: list[str], call: Call) -> "BodyEmitter":
    """An emitter for a clause with its arguments bound; what does not match gives up the try."""
    inner = emitter.for_copy()
    for pattern, argument, atom in zip(alternative.arguments, call.arguments, atoms, strict=True):
        inner.bind(pattern, emitter.resolved(argument), atom)
    return inner


def _straight(emitter: "BodyEmitter", alternative: Alternative, atoms: list[str], call: Call) -> str:
    """A clause without loops in the caller's own try; gives its value."""
    result = ""

    def success(inside: "BodyEmitter") -> None:
        nonlocal result
        result = inside.atom(alternative.value)
        emitter.seen = dict(inside.seen)

    _inside(emitter, alternative, atoms, call).body(alternative.body, (alternative.value,), success)
    return result


def _found(emitter: "BodyEmitter", call: Call, group: Group) -> str:
    """The name of a flag that tells whether some clause holds."""
    writer = emitter.writer
    atoms = _atoms(emitter, call)
    found = writer.name("found")
    writer.line(f"{found} = False")
    writer.flags.append(found)
    clauses = [a for definition in group.definitions for a in definition.alternatives]
    for number, alternative in enumerate(clauses):
        if number:
            with writer.block(f"if not {found}:"):
                _test(emitter, alternative, atoms, call, found)
        else:
            _test(emitter, alternative, atoms, call, found)
    writer.flags.remove(found)
    return found


def _test(emitter: "BodyEmitter", alternative: Alternative, atoms: list[str], call: Call, found: str) -> None:
    writer = emitter.writer
    level = len(writer.blocks)
    writer.open_once()
    inner = _inside(emitter, alternative, atoms, call)
    inner.flag = found

    def success(inside: "BodyEmitter") -> None:
        writer.line(f"{found} = True")
        if not writer.in_nested_function and len(writer.blocks) > level + 1:
            writer.line("break")

    inner.body(alternative.body, (alternative.value,), success)
    writer.close_to(level)


def _clauses(emitter: "BodyEmitter", call: Call, group: Group) -> str:
    """The name of the value that the clauses, which have no loops, give; `U` where none holds."""
    writer, module = emitter.writer, emitter.module
    atoms = _atoms(emitter, call)
    name = writer.name(group.path[-1])
    writer.line(f"{name} = U")
    writer.flags.append(name)
    same = same_constant(group)
    is_chain = len(group.definitions) == 1
    message = f"functions must not produce multiple outputs: {group}"
    clauses = [a for definition in group.definitions for a in definition.alternatives]
    for number, alternative in enumerate(clauses):

        def emit(alternative: Alternative = alternative, number: int = number) -> None:
            level = len(writer.blocks)
            writer.open_once()

            def success(inside: "BodyEmitter") -> None:
                value = inside.atom(alternative.value)
                if number == 0 or same or is_chain:
                    writer.line(f"{name} = {value}")
                    return
                position = module.position(alternative.location)
                writer.line(f"if {name} is U: {name} = {value}")
                writer.line(f"elif not equal({name}, {value}): conflict(P, {position}, {message!r})")

            inner = _inside(emitter, alternative, atoms, call)
            inner.body(alternative.body, (alternative.value,), success)
            writer.close_to(level)

        if number and (same or is_chain):
            with writer.block(f"if {name} is U:"):
                emit()
        else:
            emit()
    if group.default is not None:
        default = emitter.atom(group.default.alternatives[0].value)
        writer.line(f"if {name} is U: {name} = {default}")
    writer.flags.remove(name)
    return name
