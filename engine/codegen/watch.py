"""What generated code tells whoever watches it, in the modes made for that."""

from collections.abc import Sequence
from typing import Any, Protocol

from lockgate.engine.codegen.lookups import is_collection, values, walk_path
from lockgate.engine.codegen.values import UNDEFINED, equal


class Tracer(Protocol):
    """Is told of rules and statements by the numbers of their probes. `context` is the evaluation's Context."""

    def enter(self, rule: int, context: Any, arguments: Sequence[Any]) -> None:
        """A clause of a rule is about to be evaluated."""
        ...

    def tried(self, statement: int, context: Any, values: Sequence[Any]) -> None:
        """A statement is about to be evaluated with these values of the probe's names."""
        ...

    def gave(self, rule: int, value: Any) -> None:
        """The body held, and the rule has a value, or a set or object rule a member (`[key, value]`)."""
        ...

    def leave(self, rule: int) -> None:
        """The evaluation of the clause is over. Not told when an error ends it."""
        ...


def may_hold(context: Any, conditions: Sequence[Any], arguments: Sequence[Any]) -> bool:
    """Do all conditions on references hold (see `rego.indexing`)?"""
    for root, path, how, wanted in conditions:
        if type(root) is int:
            base = arguments[root]
        else:
            base = context.input if root == "input" else context.data
        if not _holds(walk_path(base, path), how, wanted):
            return False
    return True


def _holds(value: Any, how: str, wanted: Any) -> bool:
    if value is UNDEFINED:
        return False
    if how == "equal":
        return equal(value, wanted)
    if how == "holds":
        return not is_collection(value) or any(equal(member, wanted) for member in values(value))
    if how == "among":
        return any(equal(value, member) for member in values(wanted))
    if how == "defined" or type(value) is not str:
        return True
    return value.startswith(wanted) if how == "startswith" else value.endswith(wanted)
