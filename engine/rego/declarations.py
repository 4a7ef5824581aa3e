"""What a body and a pattern declare: the names, before any is resolved."""

from lockgate.engine.rego.ast import (
    ArrayTerm,
    AssignExpr,
    Body,
    ObjectTerm,
    Ref,
    SomeExpr,
    SomeInExpr,
    Term,
    Var,
    WithExpr,
)
from lockgate.engine.rego.term_parser import ROOTS


def is_root(term: Term) -> bool:
    """Is it `input` or `data` alone, which a variable may be named in v0?"""
    if not isinstance(term, Ref) or term.operands:
        return False
    return isinstance(term.head, Var) and term.head.name in ROOTS


def declared_names(body: Body) -> set[str]:
    """The names that a body declares itself, anywhere in it."""
    found: set[str] = set()
    for statement in body:
        plain = statement.inner if isinstance(statement, WithExpr) else statement
        patterns: list[Term] = []
        if isinstance(plain, AssignExpr):
            patterns = [plain.left]
        elif isinstance(plain, SomeExpr):
            patterns = list(plain.variables)
        elif isinstance(plain, SomeInExpr):
            patterns = [plain.value] if plain.key is None else [plain.key, plain.value]
        found.update(variable.name for pattern in patterns for variable in pattern_variables(pattern))
    return found


def pattern_variables(pattern: Term) -> list[Var]:
    """The variables that a pattern binds: not those inside references, calls and keys of objects."""
    found: list[Var] = []
    pending: list[Term] = [pattern]
    while pending:
        term = pending.pop(0)
        if isinstance(term, Var):
            found.append(term)
        elif isinstance(term, Ref) and is_root(term):
            assert isinstance(term.head, Var)
            found.append(Var(term.location, term.head.name))
        elif isinstance(term, ArrayTerm):
            pending[0:0] = term.items
        elif isinstance(term, ObjectTerm):
            pending[0:0] = [value for _, value in term.items]
    return found
