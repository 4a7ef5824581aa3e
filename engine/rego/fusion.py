"""Rules of one set or object that begin with the same statements: these are evaluated once for all of them.

Authors write a rule for each way to violate, and begin each with the same loop over containers. The rules of a
document become a tree: statements that several share, and below them what each goes on with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lockgate.engine.rego.ast import Call, Expr, Term, UnifyExpr, Var, With, shape, walk
from lockgate.engine.rego.printing import undeclared
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.safety import BodyOrder, own_variables, variables

# Python nests blocks only so deep: below so many branches each clause stands for itself.
MAX_LEVELS: Final = 16


@dataclass(slots=True)
class Branch:
    """Statements in a safe order, the clauses whose bodies end with them, and the branches that go on.

    scope: the variables of the clauses that it is a part of.
    """

    statements: list[Expr]
    scope: set[str]
    ends: list[Alternative] = field(default_factory=list)
    branches: "list[Branch]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Clause:
    alternative: Alternative
    statements: tuple[Expr, ...]
    shapes: tuple[object, ...]
    scope: frozenset[str]


def needed_terms(alternative: Alternative) -> tuple[Term, ...]:
    """The terms of a clause's head, the variables of which its body must bind."""
    value = alternative.value if alternative.member is None else alternative.member
    return (*alternative.tail, value)


def fused(alternatives: Sequence[Alternative]) -> list[Branch] | None:
    """The clauses as trees; None where one is unsafe, which is for its own code to report."""
    clauses: list[_Clause] = []
    for alternative in alternatives:
        clause = _clause(alternative)
        if clause is None:
            return None
        clauses.append(clause)
    return _branches(clauses, 0, 0)


def _clause(alternative: Alternative) -> _Clause | None:
    """A clause with its statements in order, and names that tell nothing but what a variable's first place is."""
    scope = own_variables(alternative.body)
    for term in needed_terms(alternative):
        scope |= variables(term)
    order = BodyOrder(scope)
    if any(undeclared(alternative.body, order, set())):
        return None
    ordered, left, known = order.order(alternative.body, set())
    if left or any(not variables(term) <= known for term in needed_terms(alternative)):
        return None
    names: dict[str, str] = {}
    for part in (*ordered, *needed_terms(alternative)):
        own = variables(part)
        for node in walk(part):
            if isinstance(node, Var) and node.name in own:
                names.setdefault(node.name, _plain_name(node.name, len(names)))
    statements = tuple([_renamed(_in_order(statement), names) for statement in ordered])
    renamed = replace(
        alternative,
        tail=tuple([_renamed(term, names) for term in alternative.tail]),
        member=_renamed(alternative.member, names),
        value=_renamed(alternative.value, names),
        body=statements,
    )
    return _Clause(
        renamed,
        statements,
        tuple(map(shape, statements)),
        frozenset([names.get(name, name) for name in scope]),
    )


def _in_order(statement: Expr) -> Expr:
    """The statement without what only its order asks for: a reference under `not` is as good as another."""
    if isinstance(statement, UnifyExpr) and statement.origin == "negated":
        return replace(statement, origin="")
    return statement


def _plain_name(name: str, number: int) -> str:
    """A name of the same sort (a wildcard, a compiler's local, an author's variable), alike in all clauses."""
    if name.startswith(("$", "%")):
        return f"{name[0]}f{number}"
    return f"{name.split('#', 1)[0]}#f{number}"


def _renamed(node: Any, names: dict[str, str]) -> Any:
    """The node with other names for variables; nodes that have none are kept."""
    if isinstance(node, Var):
        name = names.get(node.name)
        return node if name is None else Var(node.location, name)
    if isinstance(node, tuple):
        items = tuple([_renamed(item, names) for item in node])
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    if not hasattr(node, "__dataclass_fields__"):
        return node
    # A function keeps its name though a variable has the same.
    kept = {Call: "function", With: "target"}.get(type(node), "")
    changes = {}
    for name in node.__dataclass_fields__:
        if name == kept:
            continue
        old = getattr(node, name)
        new = _renamed(old, names)
        if new is not old:
            changes[name] = new
    return replace(node, **changes) if changes else node


def _branches(clauses: Sequence[_Clause], depth: int, level: int) -> list[Branch]:
    """Trees of clauses whose first `depth` statements are done: those that go on alike lie together."""
    if level >= MAX_LEVELS:
        return [_branch([clause], depth, level) for clause in clauses]
    found: dict[object, list[_Clause]] = {}
    for number, clause in enumerate(clauses):
        key = clause.shapes[depth] if depth < len(clause.shapes) else number
        found.setdefault(key, []).append(clause)
    return [_branch(group, depth, level) for group in found.values()]


def _branch(clauses: Sequence[_Clause], depth: int, level: int) -> Branch:
    first = clauses[0]
    scope = set().union(*[clause.scope for clause in clauses])
    if len(clauses) == 1:
        return Branch(list(first.statements[depth:]), scope, [first.alternative])
    end = depth
    while all(end < len(clause.shapes) and clause.shapes[end] == first.shapes[end] for clause in clauses):
        end += 1
    ends = [clause.alternative for clause in clauses if len(clause.shapes) == end]
    rest = [clause for clause in clauses if len(clause.shapes) > end]
    return Branch(list(first.statements[depth:end]), scope, ends, _branches(rest, end, level + 1))
