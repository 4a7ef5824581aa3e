"""Macros on the careful path. An error in one turn does not end the loop: a later turn may decide."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from lockgate.engine.cel.ast import Macro
from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.frame import Compute, Failed, Frame
from lockgate.engine.cel.knowledge import SORT_BY_KEYS
from lockgate.engine.cel.pieces import turn_weight
from lockgate.engine.cel.runtime import each, has_value, make_map, merged, pairs, refuse_twice, truth, wrapped
from lockgate.engine.cel.values import NONE, Value

if TYPE_CHECKING:
    from lockgate.engine.cel.careful import Careful


def careful_macro(careful: "Careful", node: Macro) -> Compute:
    """What computes a macro."""
    return _COMPUTES[node.name](careful, node)


class _Loop:
    """A macro's range, its variables and what is computed in each turn."""

    def __init__(self, careful: "Careful", node: Macro) -> None:
        self.range = careful.compute(node.target)
        places = careful.scope.enter(node.variables)
        self.parts: list[Compute] = list(map(careful.compute, node.parts))
        careful.scope.leave(node.variables)
        self._places = places
        self._weight = turn_weight(node)

    def items(self, frame: Frame) -> list[Value]:
        """What the loop goes through: items or keys, or pairs for two variables."""
        value = self.range(frame)
        return each(value) if len(self._places) == 1 else pairs(value)

    def turn(self, frame: Frame, item: Value) -> None:
        """Begins a turn: pays for it, and puts the item into the variables."""
        frame.spend(self._weight)
        if len(self._places) == 1:
            frame.locals[self._places[0]] = item
        else:
            frame.locals[self._places[0]], frame.locals[self._places[1]] = item


def _quantifier(careful: "Careful", node: Macro) -> Compute:
    """`all` and `exists`: the turn that decides wins over errors; else the first error counts."""
    decides = node.name == "exists"
    loop = _Loop(careful, node)
    predicate = loop.parts[0]

    def evaluate(frame: Frame) -> Value:
        failure: CelError | None = None
        for item in loop.items(frame):
            loop.turn(frame, item)
            try:
                value = truth(predicate(frame))
            except CelError as error:
                failure = failure or error
                continue
            if value is decides:
                return decides
        if failure is not None:
            raise failure
        return not decides

    return evaluate


def _exists_one(careful: "Careful", node: Macro) -> Compute:
    loop = _Loop(careful, node)
    predicate = loop.parts[0]

    def evaluate(frame: Frame) -> Value:
        failure: CelError | None = None
        count = 0
        for item in loop.items(frame):
            loop.turn(frame, item)
            try:
                count += truth(predicate(frame))
            except CelError as error:
                # Of errors in a condition the last counts.
                failure = error
        if failure is not None:
            raise failure
        return count == 1

    return evaluate


def _filter(careful: "Careful", node: Macro) -> Compute:
    loop = _Loop(careful, node)
    predicate = loop.parts[0]

    def evaluate(frame: Frame) -> Value:
        failure: CelError | None = None
        found: list[Value] = []
        for item in loop.items(frame):
            loop.turn(frame, item)
            try:
                if truth(predicate(frame)):
                    found.append(item)
            except CelError as error:
                failure = error
        if failure is not None:
            raise failure
        return found

    return evaluate


def _keep(item: Value, value: Value) -> None:
    """Nothing is wrong with a value that a list or a map gets."""


def _collecting(
    loop: _Loop, refuse: Callable[[], Callable[[Value, Value], None]] = lambda: _keep
) -> Callable[[Frame, list[Value]], list[tuple[Value, Value]]]:
    """What gives items with what the transformation makes of them, of those that the filter takes, if there is one.

    refuse: makes what raises CelError for a value that cannot be collected after those before it.
    """
    *filters, transformation = loop.parts

    def collect(frame: Frame, items: list[Value]) -> list[tuple[Value, Value]]:
        failure: CelError | None = None
        found: list[tuple[Value, Value]] = []
        check = refuse()
        for item in items:
            loop.turn(frame, item)
            try:
                taken = not filters or truth(filters[0](frame))
            except CelError as error:
                failure = error
                continue
            if not taken or failure is not None:
                continue
            try:
                value = transformation(frame)
                check(item, value)
                found.append((item, value))
            except CelError as error:
                failure = error
        if failure is not None:
            raise failure
        return found

    return collect


def _map(careful: "Careful", node: Macro) -> Compute:
    loop = _Loop(careful, node)
    collect = _collecting(loop)
    return lambda frame: [value for _, value in collect(frame, loop.items(frame))]


def _transform_map(careful: "Careful", node: Macro) -> Compute:
    loop = _Loop(careful, node)
    collect = _collecting(loop)
    return lambda frame: make_map(
        [(item[0], value, False) for item, value in collect(frame, loop.items(frame))]
    )


def _transform_entry(careful: "Careful", node: Macro) -> Compute:
    loop = _Loop(careful, node)
    collect = _collecting(loop, refuse_twice)
    return lambda frame: merged([value for _, value in collect(frame, loop.items(frame))])


def _sort_by(careful: "Careful", node: Macro) -> Compute:
    loop = _Loop(careful, node)
    collect = _collecting(loop)
    function = careful.function(*SORT_BY_KEYS)

    def evaluate(frame: Frame) -> Value:
        items = loop.items(frame)
        return function(items, [value for _, value in collect(frame, items)])

    return evaluate


def _optional(careful: "Careful", node: Macro) -> Compute:
    """`optMap` and `optFlatMap`."""
    loop = _Loop(careful, node)
    part = loop.parts[0]
    is_flat = node.name == "optFlatMap"

    def evaluate(frame: Frame) -> Value:
        target = loop.range(frame)
        if not has_value(target):
            return NONE
        loop.turn(frame, target.value)
        value = part(frame)
        return value if is_flat else wrapped(value)

    return evaluate


def _bind(careful: "Careful", node: Macro) -> Compute:
    """`cel.bind`: an error of the value is one where the value is read."""
    loop = _Loop(careful, node)
    part = loop.parts[0]

    def evaluate(frame: Frame) -> Value:
        try:
            value = loop.range(frame)
        except CelError as error:
            value = Failed(error)
        loop.turn(frame, value)
        return part(frame)

    return evaluate


_COMPUTES: Final[Mapping[str, "Callable[[Careful, Macro], Compute]"]] = {
    "all": _quantifier,
    "bind": _bind,
    "exists": _quantifier,
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
    "optFlatMap": _optional,
    "optMap": _optional,
    "sortBy": _sort_by,
    "transformList": _map,
    "transformMap": _transform_map,
    "transformMapEntry": _transform_entry,
}
