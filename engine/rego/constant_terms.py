"""Terms that are made of literals only, and what is not known before there is an input."""

from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import UNDEFINED, Set, Undefined, Value, equal, make_object
from lockgate.engine.rego.ast import ArrayTerm, ObjectTerm, Scalar, SetTerm, Term

if TYPE_CHECKING:
    from lockgate.engine.rego.ruletree import Group

# Fewer clauses are tried in turn as quickly.
SMALLEST_TABLE: Final = 3


@final
class Unknown:
    """The type of `UNKNOWN`: a value that differs from input to input."""

    __slots__ = ()


UNKNOWN: Final = Unknown()


def constant_value(term: Term) -> Value | Undefined:
    """The value of a term made of literals only, or UNDEFINED."""
    if isinstance(term, Scalar):
        return term.value
    if isinstance(term, ArrayTerm | SetTerm):
        members: list[Value] = []
        for item in term.items:
            value = constant_value(item)
            if isinstance(value, Undefined):
                return UNDEFINED
            members.append(value)
        return members if isinstance(term, ArrayTerm) else Set(members)
    if isinstance(term, ObjectTerm):
        pairs: list[tuple[Value, Value]] = []
        for name, item in term.items:
            first, second = constant_value(name), constant_value(item)
            if isinstance(first, Undefined) or isinstance(second, Undefined):
                return UNDEFINED
            pairs.append((first, second))
        return make_object(pairs)
    return UNDEFINED


def same_constant(group: "Group") -> bool:
    """Do all clauses of a group give the same literal? Then the first that holds decides."""
    values = [constant_value(a.value) for definition in group.definitions for a in definition.alternatives]
    return all(not isinstance(value, Undefined) and equal(value, values[0]) for value in values)


def table_of(group: "Group") -> dict[str, Value] | None:
    """The table of a function from literal strings to literals, such as `factor("Ki") = 1024`; None for others."""
    if group.arity != 1 or group.default is not None or len(group.definitions) < SMALLEST_TABLE:
        return None
    table: dict[str, Value] = {}
    for definition in group.definitions:
        alternative = definition.alternatives[0]
        (argument,) = alternative.arguments
        value = constant_value(alternative.value)
        if (
            len(definition.alternatives) != 1
            or alternative.body
            or isinstance(value, Undefined)
            or not isinstance(argument, Scalar)
            or type(argument.value) is not str
            or not equal(table.setdefault(argument.value, value), value)
        ):
            return None
    return table
