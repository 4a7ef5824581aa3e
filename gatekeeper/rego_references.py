"""What a module of a template refers to outside itself: `data`, and fields of the review that may be unknown.

Gatekeeper moves libraries to `data.libs` and rewrites references to `data.lib` accordingly, but only those that are a
term of a statement or a head by themselves (constraint/pkg/regorewriter); others stay, and name nothing then.
"""

from collections.abc import Iterator
from typing import Final

from lockgate.engine.errors import Location
from lockgate.engine.record import record
from lockgate.engine.rego.ast import (
    AssignExpr,
    Call,
    EveryExpr,
    Module,
    NotExpr,
    Ref,
    Scalar,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
    children,
)

# Fields of `input.review` that a manifest alone does not tell.
OUTSIDE_FIELDS: Final = frozenset({"namespaceObject", "userInfo"})


@record
class DataReference:
    """A reference to `data`: its path, with None where it is not constant, and whether it is inside another term."""

    pattern: tuple[str | None, ...]
    location: Location
    nested: bool

    @property
    def path(self) -> tuple[str, ...]:
        """The part of its path before anything that is not constant."""
        path: list[str] = []
        for part in self.pattern:
            if part is None:
                break
            path.append(part)
        return tuple(path)


@record
class References:
    """What a module refers to. `fields` are those of OUTSIDE_FIELDS that it names anywhere, to be on the safe side."""

    data: tuple[DataReference, ...]
    fields: frozenset[str]


def find_references(module: Module) -> References:
    """The references of a module, in the order of its text."""
    data: list[DataReference] = []
    fields: set[str] = set()
    own: set[int] | None = None
    stack: list[object] = list(module.rules)
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            if node.value in OUTSIDE_FIELDS:
                fields.add(str(node.value))
            continue
        if isinstance(node, Ref) and isinstance(node.head, Var):
            if node.head.name == "data":
                if own is None:
                    own = {id(term) for term in _own_terms(module)}
                data.append(DataReference(_pattern(node), node.location, id(node) not in own))
            stack.extend(node.operands)
            continue
        if isinstance(node, Var):
            if node.name == "data":
                data.append(DataReference((), node.location, False))
            continue
        stack.extend(children(node))
    data.sort(key=lambda found: (found.location.line, found.location.column))
    return References(tuple(data), frozenset(fields))


def _pattern(reference: Ref) -> tuple[str | None, ...]:
    return tuple(
        [
            operand.value if isinstance(operand, Scalar) and isinstance(operand.value, str) else None
            for operand in reference.operands
        ]
    )


def _own_terms(module: Module) -> Iterator[object]:
    """The terms that heads and statements consist of, none that is inside another."""
    for rule in module.rules:
        head = rule.head
        yield from (*head.path, *(head.arguments or ()), head.value, head.member)
        for clause in rule.clauses:
            yield clause.value
            yield from _statement_terms(clause.body)


def _statement_terms(body: tuple[object, ...]) -> Iterator[object]:
    pending: list[object] = list(body)
    while pending:
        statement = pending.pop()
        if isinstance(statement, (UnifyExpr, AssignExpr)):
            yield from (statement.left, statement.right)
        elif isinstance(statement, TermExpr):
            term = statement.term
            yield from (term.function, *term.arguments) if isinstance(term, Call) else (term,)
        elif isinstance(statement, EveryExpr):
            yield statement.domain
            pending.extend(statement.body)
        elif isinstance(statement, NotExpr):
            pending.append(statement.inner)
        elif isinstance(statement, WithExpr):
            pending.append(statement.inner)
            for modifier in statement.modifiers:
                yield from (modifier.target, modifier.value)
