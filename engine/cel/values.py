"""Values of CEL in Python.

null None · bool bool · int int (64 bits, signed) · uint `Uint` · double float · string str · bytes bytes · list list ·
map dict where all keys are strings, else `Map` · type `TypeValue` · `Optional`, `Duration`, `Timestamp`, and opaque
values of Kubernetes' libraries (subclasses of `Opaque`). A document's `Number` is a double that was not read yet:
`native` reads it. Values are never mutated once made.
"""

from collections.abc import Iterable, Iterator
from math import inf
from typing import Any, Final, final

from lockgate.engine.codegen.values import Number

MIN_INT: Final = -(1 << 63)
MAX_INT: Final = (1 << 63) - 1
MAX_UINT: Final = (1 << 64) - 1

# Any of the above. The kinds are told apart by `type`, which checkers cannot follow.
Value = Any


@final
class Uint(int):
    """An unsigned integer of 64 bits; never equal in kind to an int, though `1u == 1` as numbers."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


class Opaque:
    """A value that only its own functions look into. `type_name` is what `type()` shows."""

    __slots__ = ()
    type_name: str = ""


@final
class Duration(Opaque):
    """A span of time in nanoseconds (64 bits, signed)."""

    __slots__ = ("ns",)
    type_name = "google.protobuf.Duration"

    def __init__(self, ns: int) -> None:
        self.ns: Final = ns

    def __eq__(self, other: object) -> bool:
        return type(other) is Duration and self.ns == other.ns

    def __hash__(self) -> int:
        return hash((Duration, self.ns))


@final
class Timestamp(Opaque):
    """A moment: nanoseconds since 1970 in UTC; years 1 to 9999.

    offset: seconds east of UTC that it was written with, which only `string()` shows.
    """

    __slots__ = ("ns", "offset")
    type_name = "google.protobuf.Timestamp"

    def __init__(self, ns: int, offset: int = 0) -> None:
        self.ns: Final = ns
        self.offset: Final = offset

    def __eq__(self, other: object) -> bool:
        return type(other) is Timestamp and self.ns == other.ns

    def __hash__(self) -> int:
        return hash((Timestamp, self.ns))


@final
class Optional(Opaque):
    """`optional.of(value)`, or `optional.none()` (`NONE`)."""

    __slots__ = ("has_value", "value")
    type_name = "optional_type"

    def __init__(self, value: Value, *, has_value: bool = True) -> None:
        self.value: Final = value
        self.has_value: Final = has_value


NONE: Final = Optional(None, has_value=False)


@final
class TypeValue:
    """What `type(x)` gives, under its name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: Final = name

    def __eq__(self, other: object) -> bool:
        return type(other) is TypeValue and self.name == other.name

    def __hash__(self) -> int:
        return hash((TypeValue, self.name))


def map_key(value: Value) -> tuple[bool, Value]:
    """A key of `Map` under which `1`, `1u` and `1.0` are one key, and `true` is another. `value` is a valid key."""
    return type(value) is bool, value


@final
class Map:
    """A map with keys that are not all strings: ints, uints, bools and strings."""

    __slots__ = ("entries",)

    def __init__(self, items: Iterable[tuple[Value, Value]] = ()) -> None:
        self.entries: Final[dict[tuple[bool, Value], tuple[Value, Value]]] = {
            map_key(name): (name, value) for name, value in items
        }

    def __len__(self) -> int:
        return len(self.entries)

    def items(self) -> Iterator[tuple[Value, Value]]:
        """Keys and values, in the order in which they were given."""
        return iter(self.entries.values())


def native(value: Any) -> Value:
    """A value of a document, one level of it, as CEL's: a `Number` is a double, and so is an int of more than 64 bits.

    That is how Kubernetes' decoder of JSON gives them.
    """
    kind = type(value)
    if kind is Number:
        return float(value.exact)
    if kind is int and not MIN_INT <= value <= MAX_INT:
        try:
            return float(value)
        except OverflowError:
            # Infinite, as a `Number` of that size is.
            return inf if value > 0 else -inf
    return value
