"""Orders the statements of a flat body so that every variable is bound before it is needed.

A body for which no order exists is unsafe (`rego_unsafe_var_error`).
"""

from collections.abc import Callable, Iterable

from lockgate.engine.codegen.writer import SizeError
from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    ArrayTerm,
    BlockExpr,
    Body,
    Call,
    Comprehension,
    EveryExpr,
    Expr,
    LogicExpr,
    NotBodyExpr,
    NotExpr,
    ObjectTerm,
    Operand,
    Ref,
    Scalar,
    SetTerm,
    SomeInExpr,
    Template,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
    children,
    walk,
)
from lockgate.engine.rego.term_parser import OPERATOR_MARK, ROOTS

# Statements that are looked at to order one body: two thousand may stand in the worst order.
MAX_TRIES = 3_000_000

# Variables bound so far, or None when a statement cannot run yet.
Bound = set[str] | None


def variables(node: object) -> set[str]:
    """The variables in a node, those of nested bodies included; not the names of functions."""
    return _variables([node], _parts)


def own_variables(body: Iterable[Expr]) -> set[str]:
    """The variables of a body outside of nested bodies: those that nested bodies share with it."""
    return _variables(list(body), _own_parts)


def _variables(stack: list[object], parts: Callable[[object], Iterable[object]]) -> set[str]:
    found: set[str] = set()
    while stack:
        current = stack.pop()
        if not isinstance(current, Var):
            stack.extend(parts(current))
        elif current.name not in ROOTS and current.name != OPERATOR_MARK:
            found.add(current.name)
    return found


def _parts(node: object) -> Iterable[object]:
    """What of a node may hold variables: not the function of a call, nor the target of a `with`."""
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, WithExpr):
        return (node.inner, *[modifier.value for modifier in node.modifiers])
    return children(node)


def _own_parts(node: object) -> Iterable[object]:
    if isinstance(node, Comprehension | Operand):
        return ()
    return (node.domain,) if isinstance(node, EveryExpr) else _parts(node)


class BodyOrder:
    """Orders one body. `shared` are the variables of the body itself and of those around it.

    `took_apart` tells whether a statement had to run before what should be evaluated ahead of it.
    """

    def __init__(self, shared: set[str]) -> None:
        self.shared = shared
        self.took_apart = False

    def order(self, body: Body, bound: set[str]) -> tuple[list[Expr], list[Expr], set[str]]:
        """The statements in a safe order, those that have no place in it, and all variables bound after.

        As in OPA, the body is gone through again and again, each time taking what can run by then; what a statement
        evaluates ahead of it stays with it.
        """
        waiting = statement_groups(body)
        result: list[Expr] = []
        known = set(bound)
        tries = 0
        while waiting:
            left: list[Body] = []
            for group in waiting:
                tries += len(group)
                taken = self._together(group, known)
                if taken is None:
                    left.append(group)
                else:
                    result.extend(taken[0])
                    known |= taken[1]
            if tries > MAX_TRIES:
                raise SizeError("a body has too many statements that wait for later ones")
            if len(left) == len(waiting):
                apart = [(statement,) for group in left for statement in group]
                if len(apart) == len(left):
                    return result, [statement for (statement,) in apart], known
                left = list(apart)
                self.took_apart = True
            waiting = left
        return result, [], known

    def _together(self, group: Body, bound: set[str]) -> tuple[Body, set[str]] | None:
        """A statement and what is evaluated ahead of it, in an order in which they can run, with what they bind."""
        if len(group) == 1:
            found = self.outputs(group[0], bound)
            return None if found is None else (group, found)
        known = set(bound)
        waiting = list(group)
        done: list[Expr] = []
        while waiting:
            for index, statement in enumerate(waiting):
                found = self.outputs(statement, known)
                if found is not None:
                    known |= found
                    done.append(waiting.pop(index))
                    break
            else:
                return None
            self.took_apart = self.took_apart or index > 0
        return tuple(done), known - bound

    def outputs(self, statement: Expr, bound: set[str]) -> Bound:
        """The variables that a statement binds, given those bound; None when it cannot run yet."""
        if isinstance(statement, TermExpr):
            return self.evaluated(statement.term, bound)
        if isinstance(statement, UnifyExpr):
            if statement.origin == "negated" and not variables(statement.right) <= bound:
                return None
            if statement.origin == "assignment" and not isinstance(statement.right, ArrayTerm | ObjectTerm):
                value = self.evaluated(statement.right, bound)
                if value is None:
                    return None
            return self.unified(statement.left, statement.right, bound)
        if isinstance(statement, NotExpr):
            return set() if self._closed(statement.inner, bound) else None
        if isinstance(statement, NotBodyExpr):
            return set() if self._operand_closed(statement.operand, bound) else None
        if isinstance(statement, LogicExpr):
            closed = all(self._operand_closed(operand, bound) for operand in statement.operands)
            return set() if closed else None
        if isinstance(statement, SomeInExpr):
            if not variables(statement.collection) <= bound:
                return None
            found: set[str] = set()
            for pattern in (statement.key, statement.value):
                if pattern is not None:
                    new = self.pattern(pattern, bound)
                    if new is None:
                        return None
                    found |= new
            return found
        if isinstance(statement, EveryExpr):
            own = {statement.value.name} | ({statement.key.name} if statement.key else set())
            free = (variables(statement.body) - own) & self.shared
            return set() if free <= bound and variables(statement.domain) <= bound else None
        if isinstance(statement, WithExpr):
            for modifier in statement.modifiers:
                if not variables(modifier.value) <= bound:
                    return None
            return self.outputs(statement.inner, bound)
        assert isinstance(statement, BlockExpr)
        _, left, known = self.order(statement.statements, bound)
        return None if left else known - bound

    def _closed(self, node: Expr, bound: set[str]) -> bool:
        inner = own_variables([node])
        return inner <= bound and (variables(node) - inner) & self.shared <= bound

    def _operand_closed(self, operand: Operand, bound: set[str]) -> bool:
        """Is all bound that an operand of `and`, `or` or `not` has in common with what is around it?

        One without braces binds nothing of its own: all its variables come from outside.
        """
        names = variables(operand.body) & self.shared
        if not operand.braces:
            names |= {name for name in own_variables(operand.body) if not name.startswith("%")}
        return names <= bound

    def evaluated(self, term: Term, bound: set[str]) -> Bound:
        """The variables bound by evaluating a term: unbound operands of references are iterated."""
        if isinstance(term, Scalar):
            return set()
        if isinstance(term, Var):
            return set() if term.name in bound else None
        if isinstance(term, Ref):
            head = term.head
            assert isinstance(head, Var)
            if head.name not in ROOTS and head.name not in bound:
                return None
            found: set[str] = set()
            for operand in term.operands:
                new = self.pattern(operand, bound)
                if new is None:
                    return None
                found |= new
            return found
        if isinstance(term, Comprehension):
            return set() if variables(term) & self.shared <= bound else None
        if isinstance(term, Call):
            found = set()
            waiting = list(term.arguments)
            while waiting:
                # `x == xs[x]`: the reference binds what the other side needs.
                for index, argument in enumerate(waiting):
                    new = self.evaluated(argument, bound | found)
                    if new is not None:
                        found |= new
                        del waiting[index]
                        break
                else:
                    return None
            return found
        if isinstance(term, Template):
            return set() if variables(term) <= bound else None
        return set() if variables(term) <= bound else None

    def pattern(self, term: Term, bound: set[str]) -> Bound:
        """The variables that matching a term against a value binds."""
        if isinstance(term, Scalar):
            return set()
        if isinstance(term, Var):
            return set() if term.name in bound else {term.name}
        if isinstance(term, ArrayTerm):
            found: set[str] = set()
            for item in term.items:
                new = self.pattern(item, bound | found)
                if new is None:
                    return None
                found |= new
            return found
        if isinstance(term, ObjectTerm):
            found = set()
            for name, item in term.items:
                if not variables(name) <= bound:
                    return None
                new = self.pattern(item, bound | found)
                if new is None:
                    return None
                found |= new
            return found
        if isinstance(term, SetTerm):
            return set() if variables(term) <= bound else None
        return self.evaluated(term, bound)

    def unified(self, left: Term, right: Term, bound: set[str]) -> Bound:
        """The variables that unifying two terms binds, or None when neither side can be evaluated yet."""
        for one, other in ((left, right), (right, left)):
            value = self.evaluated(one, bound)
            if value is not None:
                pattern = self.pattern(other, bound | value)
                if pattern is not None:
                    return value | pattern
        if isinstance(left, ArrayTerm) and isinstance(right, ArrayTerm):
            if len(left.items) != len(right.items):
                return set()
            return self._pairs(list(zip(left.items, right.items, strict=True)), bound)
        if isinstance(left, ObjectTerm) and isinstance(right, ObjectTerm):
            pairs = matching_items(left, right)
            return None if pairs is None else self._pairs(pairs, bound)
        return None

    def _pairs(self, pairs: list[tuple[Term, Term]], bound: set[str]) -> Bound:
        known = set(bound)
        remaining = list(pairs)
        while remaining:
            for index, (one, other) in enumerate(remaining):
                found = self.unified(one, other, known)
                if found is not None:
                    known |= found
                    del remaining[index]
                    break
            else:
                return None
        return known - bound


def statement_groups(body: Body) -> list[Body]:
    """The statements of a flat body, each with the references and comprehensions that are evaluated ahead of it.

    The domain of an `every` and the values of a `with` are statements of their own.
    """
    groups: list[Body] = []
    ahead: list[Expr] = []
    for statement in body:
        if (
            isinstance(statement, UnifyExpr)
            and isinstance(statement.left, Var)
            and statement.left.name.startswith("%")
            and isinstance(statement.right, Ref | Comprehension)
        ):
            ahead.append(statement)
            continue
        if isinstance(statement, EveryExpr | WithExpr):
            groups.extend((one,) for one in ahead)
            groups.append((statement,))
        else:
            groups.append((*ahead, statement))
        ahead = []
    groups.extend((one,) for one in ahead)
    return groups


def matching_items(left: ObjectTerm, right: ObjectTerm) -> list[tuple[Term, Term]] | None:
    """The values of two objects with the same literal keys, paired; None when keys are not literal or differ."""
    items: dict[str, Term] = {}
    for name, item in right.items:
        if not isinstance(name, Scalar) or type(name.value) is not str:
            return None
        items[name.value] = item
    pairs: list[tuple[Term, Term]] = []
    for name, item in left.items:
        if not isinstance(name, Scalar) or type(name.value) is not str or name.value not in items:
            return None
        pairs.append((item, items[name.value]))
    return pairs if len(pairs) == len(items) else None


def shown_name(name: str) -> str:
    """A variable's name as its author wrote it."""
    return "_" if name.startswith("$") else name.split("#", 1)[0]


def first_place(nodes: Iterable[object], name: str, default: Location) -> Location:
    """Where a variable stands first in the nodes."""
    for node in nodes:
        for part in walk(node):
            if isinstance(part, Var) and part.name == name:
                return part.location
    return default
