"""A map whose values are computed when they are first asked for, as `variables` is."""

from collections.abc import Callable, Iterable
from typing import final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library import containers
from lockgate.engine.cel.values import NONE, Optional, Value


@final
class LazyMap(dict[str, Value]):
    """`names` are the keys that it has; `compute` gives the value of one, and may raise.

    A value is computed once; so is an error of its evaluation, which is raised again each time. To code that reads a
    key it is a dict.
    """

    __slots__ = ("_compute", "_failures", "names")

    def __init__(self, names: Iterable[str], compute: Callable[[str], Value]) -> None:
        super().__init__()
        self.names = frozenset(names)
        self._compute = compute
        self._failures: dict[str, CelError] | None = None

    def __missing__(self, name: str) -> Value:
        if name not in self.names:
            raise KeyError(name)
        if self._failures is None:
            self._failures = {}
        if name in self._failures:
            raise self._failures[name]
        try:
            value = self[name] = self._compute(name)
        except CelError as error:
            self._failures[name] = error
            raise
        return value

    def get(self, name: str, default: Value = None) -> Value:
        """The value of a name, computed as in `[name]`; the default for one that it has not."""
        return self[name] if name in self.names else default


def select(operand: Value, field: str) -> Value:
    """`operand.field`, of a lazy map too."""
    if type(operand) is LazyMap and field in operand.names:
        return operand[field]
    return containers.select(operand, field)


def optional_index(operand: Value, key: Value) -> Value:
    """`operand[?key]` and `operand.?key`, of a lazy map too."""
    if type(operand) is LazyMap:
        return Optional(operand[key]) if key in operand.names else NONE
    return containers.optional_index(operand, key)


def has(operand: Value, field: str) -> bool:
    """`has(operand.field)`, of a lazy map too, where a value that cannot be computed is an error, as in Kubernetes."""
    if type(operand) is not LazyMap:
        return containers.has(operand, field)
    if field not in operand.names:
        return False
    _ = operand[field]
    return True
