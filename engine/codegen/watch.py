"""What generated code tells whoever watches it, in the modes made for that."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lockgate.engine.codegen.lookups import is_collection, values, walk_path
from lockgate.engine.codegen.values import UNDEFINED, equal, key


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


def note_head(context: Any, slot: int, member: Any, head: int) -> None:
    """A rule of a set or object gave a member."""
    heads = context.memo[slot]
    if type(heads) is not dict:
        heads = context.memo[slot] = {}
    heads.setdefault(key(member), set()).add(head)


def all_heads(context: Any, slot: int) -> None:
    """The whole set or object is asked for: all rules that gave something are covered."""
    heads = context.memo[slot]
    if type(heads) is dict:
        for found in heads.values():
            context.covered.update(found)


def asked(context: Any, function: Callable[[Any], Any], slot: int, member: Any) -> Any:
    """The set or object of a function, asked for one member: only rules that gave that are covered."""
    value = function(context)
    heads = context.memo[slot]
    if type(heads) is dict:
        context.covered.update(heads.get(key(member), ()))
    return value


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
    if how == "array":
        if type(value) is not list or len(value) != len(wanted):
            return False
        return all(not want or equal(member, want[0]) for member, want in zip(value, wanted, strict=True))
    if how == "holds":
        return is_collection(value) and any(equal(member, wanted) for member in values(value))
    if how == "among":
        return any(equal(value, member) for member in values(wanted))
    if how == "defined" or type(value) is not str:
        return True
    return value.startswith(wanted) if how == "startswith" else value.endswith(wanted)
