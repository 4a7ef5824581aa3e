"""Calls and operators: Python's own operators where the kinds of the operands are known or can be tested at once."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from lockgate.engine.cel.ast import Call, Constant, ListLiteral, Node
from lockgate.engine.cel.errors import ExpressionError, Mistake
from lockgate.engine.cel.functions import Overload
from lockgate.engine.cel.knowledge import call_arguments, call_shape
from lockgate.engine.cel.pieces import CLASSES, MAX_NESTING, OR_ELSE, Piece, certain
from lockgate.engine.cel.types import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    AnyType,
    Type,
    TypeVariable,
)

if TYPE_CHECKING:
    from lockgate.engine.cel.emit import Emitter

_NOT: Final = "!_"
PLUS: Final = "_+_"
EQUALS: Final = "_==_"
# What is computed in place with a look at the kinds of values, as its only overload would look at them.
_ANY_KINDS: Final = frozenset((EQUALS, "_!=_", "startsWith", "endsWith"))
LIST: Final = Type("list")
_ORDERED: Final = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
# Types of whose values Python's order is CEL's. Of doubles NaN has none.
_PLAIN_ORDER: Final = (INT, STRING)
_ADDED: Final = (INT, UINT, DOUBLE, DURATION, TIMESTAMP)
_NUMBERS: Final = frozenset((INT, UINT, DOUBLE))
_PLAIN_EQUALITY: Final = (INT, STRING, BOOL)
# Kinds of constants with which values of the same kind are compared by Python.
_TESTED: Final = (bool, int, str)


def emit_call(emitter: "Emitter", node: Call) -> Piece:
    """The code for a call that is no `&&`, `||` or condition."""
    if node.target is None and node.function == _NOT:
        piece = emitter.truth(node.arguments[0])
        return Piece(f"(not {piece.text})", BOOL, piece.nesting + 1, piece.if_false, piece.if_true)
    if node.target is not None and node.function in OR_ELSE and len(node.arguments) == 1:
        return _or_else(emitter, node, node.target)
    if node.function == PLUS and node.target is None:
        return _sum(emitter, node)
    # `map` takes no frame of its own, of which a deep tree needs many.
    arguments = list(map(emitter.emit, call_arguments(node)))
    shortcut = emitter.shortcut(node, arguments)
    if shortcut is not None:
        return shortcut
    names = _SPECIAL if node.target is None else _SPECIAL_METHODS
    if len(arguments) == _ARITY.get(node.function, 2):
        special = names.get(node.function)
        is_settled = node.function in _ANY_KINDS or _is_settled(emitter, node, arguments)
        found = special(emitter, node, arguments) if special is not None and is_settled else None
        if found is not None:
            return found
    return emit_function(emitter, node, arguments)


def emit_function(emitter: "Emitter", node: Call, arguments: Sequence[Piece]) -> Piece:
    """A call of the one overload that may apply, or a dispatch at run time."""
    overloads = emitter.typing.overloads_of(node)
    if not overloads:
        message = f"undeclared reference to '{node.function}' (in container '')"
        raise ExpressionError((Mistake(node.offset, message),))
    nesting = max([one.nesting for one in arguments], default=0) + 1
    result = _result(emitter, node, overloads, arguments)
    texts = ", ".join([one.text for one in arguments])
    overload, *others = overloads
    if others:
        return Piece(f"{_dispatch(emitter, node)}({texts})", result, nesting)
    guarded = _guarded(emitter, arguments, overload)
    if guarded is None:
        name = emitter.links.name(("tested", node.function, overload.id))
        return Piece(f"{name}({texts})", result, nesting)
    name = emitter.links.name(("call", node.function, overload.id))
    return Piece(f"{name}({', '.join(guarded)})", result, nesting + 1)


def _result(
    emitter: "Emitter", node: Call, overloads: Sequence[Overload], arguments: Sequence[Piece]
) -> AnyType:
    """What is certain of a call's result."""
    result = certain(overloads[0].result)
    if len(overloads) == 1:
        if not overloads[0].total:
            return result
        # One body for all kinds: a certain operand tells which.
        pairs = zip(arguments, overloads[0].parameters, strict=True)
        if result in _NUMBERS and any(_is_certain(piece, wanted) for piece, wanted in pairs):
            return result
    # Any of the function's overloads may be the one.
    name, receiver, arity = call_shape(node)
    results = {
        certain(one.result)
        for one in emitter.functions[name].overloads
        if one.receiver is receiver and len(one.parameters) == arity
    }
    return results.pop() if len(results) == 1 else DYN


def _is_settled(emitter: "Emitter", node: Call, arguments: Sequence[Piece]) -> bool:
    """May the call be computed in place: by any overload, or by one that the arguments certainly fit?"""
    overloads = emitter.typing.overloads_of(node)
    return len(overloads) != 1 or all(map(_is_certain, arguments, overloads[0].parameters))


def _sum(emitter: "Emitter", node: Call) -> Piece:
    """A chain of `+`: at once, if no part is known to be a number, else one by one."""
    calls = [node]
    while _is_plus(calls[-1].arguments[0]):
        inner = calls[-1].arguments[0]
        assert isinstance(inner, Call)
        calls.append(inner)
    calls.reverse()
    parts = list(map(emitter.emit, [calls[0].arguments[0], *[call.arguments[1] for call in calls]]))
    kind = next((kind for kind in (STRING, LIST) if any(one.is_a(kind) for one in parts)), DYN)
    is_open = all(len(emitter.typing.overloads_of(call)) > 1 for call in calls)
    if (kind != DYN or is_open) and not any(one.is_a(number) for one in parts for number in _ADDED):
        nesting = max([one.nesting for one in parts]) + 2
        return emitter.summed(parts, kind, nesting)
    result = parts[0]
    for call, part in zip(calls, parts[1:], strict=True):
        result = emit_function(emitter, call, [result, part])
        if result.nesting > MAX_NESTING:
            result = emitter.spill(result)
    return result


def _is_plus(node: Node) -> bool:
    return isinstance(node, Call) and node.function == PLUS and node.target is None


def _size(emitter: "Emitter", node: Call, arguments: Sequence[Piece]) -> Piece | None:
    (value,) = arguments
    if value.is_a(STRING) or value.is_a(LIST):
        return Piece(f"len({value.text})", INT, value.nesting + 1)
    if not value.is_a(DYN):
        return None
    first, again = emitter.hold(value)
    compute = emit_function(emitter, node, [Piece(again)])
    return Piece(f"(len({again}) if {first}.__class__ is list else {compute.text})", INT, value.nesting + 2)


def _string(emitter: "Emitter", node: Call, arguments: Sequence[Piece]) -> Piece | None:
    """`string(x)`, which most often is one already."""
    (value,) = arguments
    if value.is_a(STRING):
        return value
    if not value.is_a(DYN):
        return None
    first, again = emitter.hold(value)
    compute = emit_function(emitter, node, [Piece(again)])
    return Piece(f"({again} if {first}.__class__ is str else {compute.text})", STRING, value.nesting + 2)


def _affix(emitter: "Emitter", node: Call, arguments: Sequence[Piece]) -> Piece | None:
    """`startsWith` and `endsWith` of a constant text, which is compared in no time."""
    text, affix = arguments
    constant = node.arguments[0]
    if not isinstance(constant, Constant) or type(constant.value) is not str:
        return None
    first, again = emitter.hold(text)
    compute = emit_function(emitter, node, [Piece(again), affix])
    test = f"{again}.{node.function.lower()}({affix.text}) if {first}.__class__ is str else {compute.text}"
    return Piece(f"({test})", BOOL, text.nesting + 2)


def _or_else(emitter: "Emitter", node: Call, target: Node) -> Piece:
    """`or` and `orValue`: the argument is evaluated where the target has no value only."""
    writer = emitter.writer
    found = emitter.spill(emitter.emit(target)).text
    local = writer.name()
    kept = found if node.function == "or" else f"value_of({found})"
    at = len(writer.lines)
    piece, is_inline = emitter.branch(
        f"if is_empty({found}):", local, partial(emitter.emit, node.arguments[0])
    )
    if is_inline:
        del writer.lines[at:]
        return Piece(f"({piece.text} if is_empty({found}) else {kept})", DYN, piece.nesting + 2)
    with writer.block("else:"):
        writer.line(f"{local} = {kept}")
    return Piece(local)


def _dispatch(emitter: "Emitter", node: Call) -> str:
    return emitter.links.name(("dispatch", *call_shape(node)))


def _guarded(emitter: "Emitter", arguments: Sequence[Piece], overload: Overload) -> list[str] | None:
    """The arguments, each tested for its class where that is open; None where no test is known."""
    texts: list[str] = []
    for piece, wanted in zip(arguments, overload.parameters, strict=True):
        if overload.total or _is_certain(piece, wanted):
            texts.append(piece.text)
            continue
        first, again = emitter.hold(piece)
        test = _test(wanted, again)
        if test is None:
            return None
        texts.append(f"{again} if {first}{test} else mismatch()")
    return texts


def _test(wanted: AnyType, again: str) -> str | None:
    """What follows a value in a test of its class; of a list with members of a kind also of its first one's, as in Go."""
    name = CLASSES.get(wanted.name)
    if name is None:
        return None
    if not _has_members(wanted):
        return f".__class__ is {name}"
    assert isinstance(wanted, Type)
    member = CLASSES.get(wanted.parameters[0].name)
    if wanted.name != "list" or member is None or _has_members(wanted.parameters[0]):
        return None
    return f".__class__ is list and (not {again} or {again}[0].__class__ is {member})"


def _is_certain(piece: Piece, wanted: AnyType) -> bool:
    if isinstance(wanted, TypeVariable) or wanted.name == "dyn":
        return True
    return piece.type == wanted if _has_members(wanted) else isinstance(wanted, Type) and piece.is_a(wanted)


def _has_members(wanted: AnyType) -> bool:
    """Is it a list or map whose members have to be of a kind too?"""
    return isinstance(wanted, Type) and any(
        not isinstance(one, TypeVariable) and one != DYN for one in wanted.parameters
    )


def _equality(emitter: "Emitter", node: Call, arguments: Sequence[Piece]) -> Piece | None:
    """`==` and `!=` where Python has the same answer: of null, and of two bools, integers or texts."""
    left, right = arguments
    constant = node.arguments[1]
    if isinstance(node.arguments[0], Constant):
        left, right, constant = right, left, node.arguments[0]
    equals = node.function == EQUALS
    sign = "==" if equals else "!="
    nesting = max(left.nesting, right.nesting) + 1
    if any(left.is_a(kind) and right.is_a(kind) for kind in _PLAIN_EQUALITY):
        return Piece(f"({left.text} {sign} {right.text})", BOOL, nesting)
    if not isinstance(constant, Constant):
        if not left.is_a(DYN) and not left.is_a(STRING):
            return None
        # Most often both are texts, and no other value equals one.
        (first, again), (other, other_again) = emitter.hold(left), emitter.hold(right)
        compute = emit_function(emitter, node, [Piece(again), Piece(other_again)])
        text = f"{again} {sign} {other_again} if {first}.__class__ is {other}.__class__ is str else {compute.text}"
        return Piece(f"({text})", BOOL, nesting + 1)
    if constant.value is None:
        return Piece(f"({emitter.not_literal(left)} {'is' if equals else 'is not'} None)", BOOL, nesting)
    kind = type(constant.value)
    if kind not in _TESTED:
        return None
    first, again = emitter.hold(left)
    # Other kinds differ, but for numbers of other kinds, and values of Kubernetes, which must not be compared.
    compute = emit_function(emitter, node, [Piece(again), right])
    text = f"({again} {sign} {right.text} if {first}.__class__ is {kind.__name__} else {compute.text})"
    return Piece(text, BOOL, nesting + 1)


def _order(emitter: "Emitter", node: Call, arguments: Sequence[Piece]) -> Piece | None:
    """`<` and its like of two integers or texts; of one of them and something that is tested to be of its kind."""
    operator = _ORDERED[node.function]
    left, right = arguments
    nesting = max(left.nesting, right.nesting) + 1
    kind = next((kind for kind in _PLAIN_ORDER if left.is_a(kind) or right.is_a(kind)), None)
    if kind is None:
        return None
    if left.is_a(kind) and right.is_a(kind):
        return Piece(f"({left.text} {operator} {right.text})", BOOL, nesting)
    tested, known = (right, left) if left.is_a(kind) else (left, right)
    if not tested.is_a(DYN):
        return None
    # It is written twice.
    known = known if known.nesting == 0 else emitter.spill(known)
    first, again = emitter.hold(tested)
    one, other = (known.text, again) if tested is right else (again, known.text)
    dispatch = f"{_dispatch(emitter, node)}({one}, {other})"
    test = f"{first}.__class__ is {CLASSES[kind.name]}"
    return Piece(f"({one} {operator} {other} if {test} else {dispatch})", BOOL, nesting + 1)


def _member(emitter: "Emitter", node: Call, arguments: Sequence[Piece]) -> Piece | None:
    """`in` of a list of constant texts, and of the keys of a map."""
    item, container = arguments
    given = node.arguments[1]
    nesting = max(item.nesting, container.nesting) + 1
    if isinstance(given, ListLiteral) and not given.items:
        # Nothing is in it, whatever the item is.
        return Piece("False", BOOL)
    if isinstance(given, ListLiteral) and not given.optional:
        members = [one.value for one in given.items if isinstance(one, Constant) and type(one.value) is str]
        if len(members) == len(given.items):
            # What has no hash is no text: Python raises, and the careful path knows the answer.
            return Piece(f"({item.text} in {emitter.links.name(('texts', *members))})", BOOL, nesting)
    if not item.is_a(STRING):
        return Piece(f"member({item.text}, {container.text}, budget)", BOOL, nesting)
    first, again = emitter.hold(container)
    needle = item if isinstance(node.arguments[0], Constant) else emitter.spill(item)
    dispatch = f"{_dispatch(emitter, node)}({needle.text}, {again})"
    return Piece(
        f"({needle.text} in {again} if {first}.__class__ is dict else {dispatch})", BOOL, nesting + 1
    )


_SPECIAL: Final[Mapping[str, "Callable[[Emitter, Call, Sequence[Piece]], Piece | None]"]] = {
    EQUALS: _equality,
    "_!=_": _equality,
    "_<_": _order,
    "_<=_": _order,
    "_>_": _order,
    "_>=_": _order,
    "@in": _member,
    "size": _size,
    "string": _string,
}
_SPECIAL_METHODS: Final[Mapping[str, "Callable[[Emitter, Call, Sequence[Piece]], Piece | None]"]] = {
    "endsWith": _affix,
    "size": _size,
    "startsWith": _affix,
}
# How many values those take that do not take two.
_ARITY: Final = {"size": 1, "string": 1}
