"""Points of generated code that tells what it does: which rule or statement each belongs to."""

from typing import Literal

from lockgate.engine.errors import Location
from lockgate.engine.record import record

# A rule's clause is entered; its body holds; a statement of its body is tried; a statement of an `every` in it is; a
# term is evaluated ahead of the statement that it stands in.
ProbeKind = Literal["rule", "held", "statement", "inner", "ahead"]


@record
class Ahead:
    """A term whose value was bound ahead of the statement that it stands in; `operator` is the builtin of `a + b`."""

    location: Location
    operator: str


@record
class Probe:
    """A point of a program.

    rule: the number of the clause's own probe. index: of the statement in its body, in the order of evaluation.
    names: what the values that are told stand for: a variable, or a term that was evaluated ahead.
    path: of a rule, without `data`.
    """

    kind: ProbeKind
    location: Location
    rule: int
    index: int = 0
    names: tuple[str | Ahead, ...] = ()
    path: tuple[str, ...] = ()
