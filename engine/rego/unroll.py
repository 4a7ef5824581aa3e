"""Loops over known collections of a few members: each turn has code of its own, in which its member is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.lookups import index, sorted_items
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value
from lockgate.engine.rego.ast import Call, Expr, Ref, Scalar, SomeInExpr, Term, TermExpr, UnifyExpr, Var
from lockgate.engine.rego.constant_terms import UNKNOWN, Unknown, constant_value
from lockgate.engine.rego.term_parser import operator_name

if TYPE_CHECKING:
    from lockgate.engine.rego.emit_body import BodyEmitter

# More turns, or turns within turns, and longer functions keep their loops: code grows with each turn.
MAX_TURNS: Final = 8
MAX_COPIES: Final = 24
MAX_LINES: Final = 800
# All turns of one loop together; a loop that would be longer stays one.
MAX_TURNS_LINES: Final = 3_000


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


@dataclass(frozen=True, slots=True)
class Membership:
    """Statements that hold when a value is one of some strings; `variable` is bound to it. taken: how many they are."""

    members: Sequence[str]
    item: Term
    variable: Var | None
    taken: int


def find_membership(emitter: "BodyEmitter", statements: Sequence[Expr], first: int) -> Membership | None:
    """A loop over known strings that looks for one which is equal to a value: `x := strings[_]; x == value`."""
    if emitter.module.mode != "plain" or emitter.context != "c":
        return None
    statement = statements[first]
    found: Turns | None = None
    if isinstance(statement, TermExpr):
        for reference, item in compared(statement):
            if isinstance(reference, Ref) and _is_bound(item, emitter.env):
                wild = Var(statement.location, "$")
                found = _reference_turns(emitter, wild, reference)
                return None if found is None else _membership(found, item, None, 1)
        return None
    if first + 1 == len(statements):
        return None
    if isinstance(statement, SomeInExpr):
        found = _turns(_value_of(emitter, statement.collection), statement.key, statement.value)
    elif isinstance(statement, UnifyExpr) and isinstance(statement.right, Ref):
        found = _reference_turns(emitter, statement.left, statement.right)
    if found is None or not isinstance(found.member, Var) or not _is_unbound(found.member, emitter.env):
        return None
    for sought, item in compared(statements[first + 1]):
        if isinstance(sought, Var) and sought.name == found.member.name and _is_bound(item, emitter.env):
            return _membership(found, item, found.member, 2)
    return None


def compared(statement: Expr) -> Sequence[tuple[Term, Term]]:
    """The sides of `left == right`, either way round."""
    if not isinstance(statement, TermExpr) or not isinstance(statement.term, Call):
        return ()
    if operator_name(statement.term.function) != "equal":
        return ()
    left, right = statement.term.arguments
    return ((left, right), (right, left))


def _membership(turns: Turns, item: Term, variable: Var | None, taken: int) -> Membership | None:
    members = [member for _, member in turns.pairs if isinstance(member, str)]
    is_wild = turns.key is None or (isinstance(turns.key, Var) and turns.key.name.startswith("$"))
    # A string that is there twice would hold twice.
    if not is_wild or len(members) != len(turns.pairs) or len(set(members)) != len(members):
        return None
    return Membership(members, item, variable, taken)


def _is_bound(term: Term, env: Mapping[str, str]) -> bool:
    return isinstance(term, Scalar) or (isinstance(term, Var) and term.name in env)


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
