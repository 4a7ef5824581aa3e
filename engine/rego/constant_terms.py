"""Terms that are made of literals only, and what is not known before there is an input."""

from typing import Final, final

from lockgate.engine.codegen.values import UNDEFINED, Set, Undefined, Value, equal, make_object
from lockgate.engine.rego.ast import ArrayTerm, ObjectTerm, Scalar, SetTerm, Term
from lockgate.engine.rego.ruletree import Group


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


def same_constant(group: Group) -> bool:
    """Do all clauses of a group give the same literal? Then the first that holds decides."""
    values = [constant_value(a.value) for definition in group.definitions for a in definition.alternatives]
    return all(not isinstance(value, Undefined) and equal(value, values[0]) for value in values)
