"""Values that variables of a body can have, where literals tell them: `some name in ["a", "b"]` makes `data[name]` two references."""

from collections.abc import Sequence

from lockgate.engine.codegen.values import Object, Set, Undefined, Value, key, object_items
from lockgate.engine.rego.ast import Expr, Ref, Scalar, SomeInExpr, Term, UnifyExpr, Var
from lockgate.engine.rego.constant_terms import constant_value
from lockgate.engine.rego.term_parser import ROOTS

# A reference that may be more references than these is taken for one that leads anywhere, as by OPA.
MAX_VALUES = 64


class KnownValues:
    """The values that are known of variables after some statements of a body; the first that tells them decides."""

    def __init__(self) -> None:
        self._known: dict[str, list[Value]] = {}

    def learn(self, statement: Expr) -> None:
        """Takes in the next statement of the body."""
        if isinstance(statement, UnifyExpr):
            for one, other in ((statement.left, statement.right), (statement.right, statement.left)):
                if isinstance(one, Var) and self._bind(one, self._values(other)):
                    return
        elif isinstance(statement, SomeInExpr) and isinstance(statement.value, Var):
            collections = self._values(statement.collection)
            self._bind(statement.value, None if collections is None else _members(collections))

    def learn_temporary(self, statement: UnifyExpr) -> None:
        """Takes in a statement of an inner body, if it only evaluates ahead what another statement has in itself."""
        if isinstance(statement.left, Var) and statement.left.name.startswith("%"):
            self._bind(statement.left, self._values(statement.right))

    def _bind(self, variable: Var, values: list[Value] | None) -> bool:
        if values is None:
            return False
        self._known.setdefault(variable.name, values)
        return True

    def operands(self, reference: Ref) -> list[Term | frozenset[str]]:
        """The operands of a reference into `data`; of one that is known, the names that it may be."""
        found: list[Term | frozenset[str]] = []
        count = 1
        for operand in reference.operands:
            values = None if isinstance(operand, Scalar) else self._values(operand)
            if not values or count * len(values) > MAX_VALUES:
                found.append(operand)
                continue
            count *= len(values)
            found.append(frozenset([value for value in values if isinstance(value, str)]))
        return found

    def _values(self, term: Term) -> list[Value] | None:
        if isinstance(term, Var):
            return self._known.get(term.name)
        if isinstance(term, Ref):
            return self._inside(term)
        value = constant_value(term)
        return None if isinstance(value, Undefined) else [value]

    def _inside(self, reference: Ref) -> list[Value] | None:
        if isinstance(reference.head, Var) and reference.head.name in ROOTS:
            return None
        values = self._values(reference.head)
        for operand in reference.operands:
            if values is None:
                return None
            name = constant_value(operand)
            values = _members(values) if isinstance(name, Undefined) else _selected(values, name)
        return values


def _selected(values: Sequence[Value], name: Value) -> list[Value]:
    """What a fixed operand selects of each value."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, list):
            index = name if isinstance(name, int) and not isinstance(name, bool) else -1
            found.extend(value[index : index + 1] if index >= 0 else ())
        elif isinstance(value, dict):
            found.extend([value[name]] if isinstance(name, str) and name in value else ())
        elif isinstance(value, Set):
            found.extend([name] if name in value else ())
        elif isinstance(value, Object) and key(name) in value.members:
            found.append(value.members[key(name)][1])
    return found


def _members(values: Sequence[Value]) -> list[Value] | None:
    """The members of each value; None when one has none, or they are many."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, list | Set):
            found.extend(value)
        elif isinstance(value, dict | Object):
            found.extend(item for _, item in object_items(value))
        else:
            return None
        if len(found) > MAX_VALUES:
            return None
    return found
