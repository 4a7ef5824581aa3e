"""Which overload a call takes, where the types of its arguments are known at run time only.

As cel-go: the first one whose parameters the arguments' kinds fit, of a list or map also its first member's. A function
whose overloads have one total body (`_+_`, `size`) is that body, which tells the kinds apart itself.
"""

from collections.abc import Callable
from typing import Any, Final

from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.library.kinds import no_such_overload, type_name
from lockgate.engine.cel.types import DYN, AnyType, Type
from lockgate.engine.cel.values import Value, native

Kinds = tuple[type, ...]

# Kinds of values are a dozen and a few; calls with all combinations of four of them are not.
_MAX_KNOWN: Final = 512
_CONTAINERS: Final = ("list", "map")


class Dispatcher:
    """The overloads of one function with one number of arguments. Call it, or ask it for the overload first."""

    __slots__ = ("_known", "name", "overloads")

    def __init__(self, name: str, overloads: tuple[Overload, ...]) -> None:
        self.name: Final = name
        self.overloads: Final = overloads
        # For the arguments' Python types, the overloads that may fit, and the parameters to compare members with.
        self._known: Final[dict[Kinds, tuple[tuple[Overload, tuple[AnyType, ...] | None], ...]]] = {}

    def __call__(self, *arguments: Value) -> Value:
        """The call's result. Raises CelError where no overload fits."""
        return self.choose(*arguments).compute(*arguments)

    def choose(self, *arguments: Value) -> Overload:
        """The overload for the arguments. Raises CelError where none fits."""
        kinds = tuple(map(type, arguments))
        candidates = self._known.get(kinds)
        if candidates is None:
            candidates = self._candidates(arguments)
            if len(self._known) < _MAX_KNOWN:
                self._known[kinds] = candidates
        for overload, parameters in candidates:
            if parameters is None or all(map(fits, parameters, arguments)):
                return overload
        raise no_such_overload(self.name, *arguments)

    def _candidates(
        self, arguments: tuple[Value, ...]
    ) -> tuple[tuple[Overload, tuple[AnyType, ...] | None], ...]:
        found: list[tuple[Overload, tuple[AnyType, ...] | None]] = []
        for overload in self.overloads:
            if not all(map(_has_kind, overload.parameters, arguments)):
                continue
            is_certain = not any(map(_has_members, overload.parameters))
            found.append((overload, None if is_certain else overload.parameters))
            if is_certain:
                break
        return tuple(found)


def _is_open(declared: AnyType) -> bool:
    """Does any value fit?"""
    return not isinstance(declared, Type) or declared == DYN


def _has_kind(declared: AnyType, value: Value) -> bool:
    return _is_open(declared) or declared.name == type_name(value)


def _has_members(declared: AnyType) -> bool:
    """Has a value to be looked into?"""
    return (
        isinstance(declared, Type)
        and declared.name in _CONTAINERS
        and not all(map(_is_open, declared.parameters))
    )


def fits(declared: AnyType, value: Any) -> bool:
    """Is the value of the type, as far as its first members show?"""
    if not _has_kind(declared, value):
        return False
    if not _has_members(declared) or not len(value):
        return True
    assert isinstance(declared, Type)
    if declared.name == "list":
        return fits(declared.parameters[0], native(value[0]))
    name, member = next(iter(value.items()))
    return fits(declared.parameters[0], name) and fits(declared.parameters[1], native(member))


def dispatcher(function: Function, receiver: bool, count: int) -> Callable[..., Value]:
    """What calls the function with so many arguments, the target among them, whatever their kinds."""
    overloads = tuple(
        [one for one in function.overloads if one.receiver is receiver and len(one.parameters) == count]
    )
    if overloads and overloads[0].total and len({one.compute for one in overloads}) == 1:
        return overloads[0].compute
    return Dispatcher(function.name, overloads)
