"""Loops over known collections of a few members: each turn has code of its own, in which its member is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.lookups import index, sorted_items
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value
from lockgate.engine.rego.ast import Expr, Ref, SomeInExpr, Term, UnifyExpr, Var
from lockgate.engine.rego.constant_terms import UNKNOWN, Unknown, constant_value

if TYPE_CHECKING:
    from lockgate.engine.rego.emit_body import BodyEmitter

# More turns, or turns within turns, and longer functions keep their loops: code grows with each turn.
MAX_TURNS: Final = 8
MAX_COPIES: Final = 24
MAX_LINES: Final = 800


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of a loop: patterns for key and member, and the pairs that they match in turn."""

    key: Term | None
    member: Term
    pairs: Sequence[tuple[Value, Value]]


def find_turns(emitter: "BodyEmitter", statement: Expr) -> Turns | None:
    """The turns of a statement that goes through a known collection of a few members; None for other statements."""
    if emitter.module.mode != "plain" or emitter.context != "c" or len(emitter.writer.lines) > MAX_LINES:
        return None
    found: Turns | None = None
    if isinstance(statement, SomeInExpr):
        found = _turns(_value_of(emitter, statement.collection), statement.key, statement.value)
    elif isinstance(statement, UnifyExpr):
        for pattern, reference in ((statement.left, statement.right), (statement.right, statement.left)):
            if isinstance(reference, Ref) and _is_unbound(pattern, emitter.env) and found is None:
                found = _reference_turns(emitter, pattern, reference)
    if found is None or not 2 <= len(found.pairs) <= MAX_TURNS:
        return None
    return found if len(found.pairs) * emitter.turns <= MAX_COPIES else None


def _turns(value: Value | Undefined | Unknown, key: Term | None, member: Term) -> Turns | None:
    if isinstance(value, Unknown | Undefined):
        return None
    return Turns(key, member, sorted_items(value))


def _reference_turns(emitter: "BodyEmitter", pattern: Term, reference: Ref) -> Turns | None:
    """`pattern = known[key]` with a key that is not bound."""
    if not reference.operands or not _is_unbound(reference.operands[-1], emitter.env):
        return None
    parts: list[Value] = []
    for operand in reference.operands[:-1]:
        part = _value_of(emitter, operand)
        if isinstance(part, Unknown | Undefined):
            return None
        parts.append(part)
    value = _root(emitter, reference.head, parts)
    for part in parts:
        if isinstance(value, Unknown):
            return None
        value = index(value, part)
    return _turns(value, reference.operands[-1], pattern)


def _root(emitter: "BodyEmitter", head: Term, parts: list[Value]) -> Value | Undefined | Unknown:
    """The value of a reference's head; what of the parts leads to a place that the code is made for is taken."""
    assert isinstance(head, Var)
    if head.name != "input":
        return emitter.known(emitter.env[head.name]) if head.name in emitter.env else UNKNOWN
    for path, bound in emitter.module.bound.items():
        if tuple(parts[: len(path)]) == path:
            del parts[: len(path)]
            return bound
    return UNKNOWN


def _value_of(emitter: "BodyEmitter", term: Term) -> Value | Undefined | Unknown:
    if isinstance(term, Var):
        return emitter.known(emitter.env[term.name]) if term.name in emitter.env else UNKNOWN
    value = constant_value(term)
    return UNKNOWN if value is UNDEFINED else value


def _is_unbound(term: Term, env: Mapping[str, str]) -> bool:
    return isinstance(term, Var) and term.name not in env
