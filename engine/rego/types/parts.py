"""What is in a flat statement: its comprehensions, its references, the temporaries that it names."""

from collections.abc import Iterable, Iterator

from lockgate.engine.rego.ast import (
    BlockExpr,
    Call,
    Comprehension,
    EveryExpr,
    Expr,
    LogicExpr,
    NotBodyExpr,
    NotExpr,
    Ref,
    Term,
    UnifyExpr,
    Var,
    WithExpr,
    children,
)


def comprehensions(statement: Expr) -> Iterator[Comprehension]:
    """The comprehensions of a statement; those within others not."""
    if isinstance(statement, UnifyExpr):
        if isinstance(statement.left, Comprehension):
            yield statement.left
        if isinstance(statement.right, Comprehension):
            yield statement.right
    elif isinstance(statement, NotExpr | WithExpr):
        yield from comprehensions(statement.inner)
    else:
        for part in _inner_statements(statement):
            yield from comprehensions(part)


def _inner_statements(statement: Expr) -> Iterable[Expr]:
    if isinstance(statement, EveryExpr):
        return statement.body
    if isinstance(statement, BlockExpr):
        return statement.statements
    if isinstance(statement, NotBodyExpr):
        return statement.operand.body
    if isinstance(statement, LogicExpr):
        return [part for operand in statement.operands for part in operand.body]
    return ()


def temporary(term: Term) -> str:
    """The name of a variable that the compiler made; empty for other terms."""
    return term.name if isinstance(term, Var) and term.name.startswith("%") else ""


def references(node: object) -> Iterable[Ref]:
    """The references in a statement, but for those in comprehensions and the names of functions."""
    found: list[Ref] = []
    stack: list[object] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Ref):
            found.append(current)
        elif isinstance(current, Call):
            stack.extend(reversed(current.arguments))
        elif isinstance(current, WithExpr):
            stack.append(current.inner)
        elif not isinstance(current, Comprehension):
            stack.extend(reversed(list(children(current))))
    return found
