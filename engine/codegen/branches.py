"""Places under `data` above rules, which a reference with parts that are not fixed goes through step by step.

Only what it leads to is evaluated: `data.a[x].b` asks for the rules named `b` of the packages that `x` stands for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from lockgate.engine.codegen.context import Context, Outcome, guarded
from lockgate.engine.codegen.lookups import base_index, index, is_collection, sorted_items, walk_path
from lockgate.engine.codegen.values import UNDEFINED, equal

Compute = Callable[[Context], Outcome]


class Branch:
    """A place: those below it, `rule` where rules define its document, and `whole` which gives all of it."""

    __slots__ = ("children", "path", "rule", "whole")

    def __init__(
        self,
        path: tuple[str, ...],
        children: "Mapping[str, Branch]",
        rule: Compute | None,
        whole: Compute | None,
    ) -> None:
        self.path = path
        self.children = children
        self.rule = rule
        self.whole = whole


def _is_replaced(context: Context, path: tuple[str, ...]) -> bool:
    """Does a `with` replace the place, or one above it?"""
    return any(path[: len(place)] == place for place in context.over)


def branch_keys(context: Context, at: Any) -> list[Any]:
    """The keys to go on with: those of base data, then the names of places with rules."""
    if type(at) is not Branch:
        return [part for part, _ in sorted_items(at)]
    base = walk_path(context.data, at.path)
    keys = [part for part, _ in sorted_items(base)] if is_collection(base) else []
    if not _is_replaced(context, at.path):
        keys += [name for name in sorted(at.children) if not any(equal(name, part) for part in keys)]
    return keys


def branch_step(context: Context, at: Any, part: Any) -> Any:
    """One step on: another place, or a value."""
    if type(at) is not Branch:
        return index(at, part)
    child = at.children.get(part) if type(part) is str else None
    if child is None or _is_replaced(context, child.path):
        return base_index(walk_path(context.data, at.path), part)
    return child if child.rule is None else guarded(context, child.rule, child.path)


def branch_value(context: Context, at: Any) -> Any:
    """What is at the end of the way."""
    if type(at) is not Branch:
        return at
    return UNDEFINED if at.whole is None else guarded(context, at.whole, at.path)
