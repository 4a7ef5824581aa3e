"""The types that a term can have, after https://www.openpolicyagent.org/docs/policy-language (schemas and types).

They are made by a `TypeTable`. `None` in the place of a type is a type that is not known (yet).
"""

from collections.abc import Iterable
from typing import ClassVar, Final, Literal, final

from lockgate.engine.codegen.values import Key, Object, Set, Value


class Type:
    """A type. `unknown` tells that a part of it is not known; `depth` how deep it nests."""

    __slots__ = ("depth", "unknown")

    # The place of the kind among others, where they are shown in order.
    rank: ClassVar[int] = -1

    def __init__(self, parts: "Iterable[Type | None]" = (), *, unknown: bool = False) -> None:
        self.depth: int = 1 + max([part.depth for part in parts if part is not None], default=0)
        self.unknown = unknown


@final
class BasicType(Type):
    """null, boolean, number or string."""

    __slots__ = ("name", "place")

    def __init__(self, name: Literal["null", "boolean", "number", "string"], place: int) -> None:
        super().__init__()
        self.name = name
        self.place = place


@final
class ArrayType(Type):
    """An array: the types of its first items, and that of any others it may have."""

    __slots__ = ("dynamic", "static")
    rank = 4

    def __init__(self, static: "tuple[Type | None, ...]", dynamic: Type | None) -> None:
        unknown = any(item is None or item.unknown for item in static)
        super().__init__((*static, dynamic), unknown=unknown or (dynamic is not None and dynamic.unknown))
        self.static = static
        self.dynamic = dynamic


@final
class Property:
    """A fixed member of an object: the key's value and the type of what it leads to."""

    __slots__ = ("key", "type")

    def __init__(self, key: Value, type: Type | None) -> None:
        self.key = key
        self.type = type


@final
class ObjectType(Type):
    """An object: its fixed members by the key of their keys, and the types of keys and values of any others."""

    __slots__ = ("dynamic", "static")
    rank = 5

    def __init__(
        self, static: dict[Key, Property], dynamic: "tuple[Type | None, Type | None] | None"
    ) -> None:
        types = [item.type for item in static.values()]
        parts = types if dynamic is None else [*types, *dynamic]
        super().__init__(parts, unknown=any(part is None or part.unknown for part in parts))
        self.static = static
        self.dynamic = dynamic


@final
class SetType(Type):
    """A set and the type of its members; without one, the empty set."""

    __slots__ = ("of",)
    rank = 6

    def __init__(self, of: Type | None) -> None:
        super().__init__((of,), unknown=of is None or of.unknown)
        self.of = of


@final
class UnionType(Type):
    """One of several types; of none, any type at all."""

    __slots__ = ("members",)
    rank = 7

    def __init__(self, members: tuple[Type, ...]) -> None:
        super().__init__(members)
        self.members = members


@final
class FunctionType(Type):
    """A function: the types of its arguments and of its result (None: it has none, or it is unknown).

    `names` has what the arguments, and the result last, are called where a builtin's documentation names them.
    """

    __slots__ = ("arguments", "names", "result", "variadic")
    rank = 8

    def __init__(
        self,
        arguments: "tuple[Type | None, ...]",
        result: Type | None,
        variadic: Type | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        unknown = result is None or any(part is None or part.unknown for part in (*arguments, result))
        super().__init__((*arguments, result), unknown=unknown)
        self.arguments = arguments
        self.result = result
        self.variadic = variadic
        self.names = names


NULL: Final = BasicType("null", 0)
BOOLEAN: Final = BasicType("boolean", 1)
NUMBER: Final = BasicType("number", 2)
STRING: Final = BasicType("string", 3)
ANY: Final = UnionType(())
EMPTY_SET: Final = SetType(None)


def is_unknown(type: Type | None) -> bool:
    """Is it, or a part of it, not known?"""
    return type is None or type.unknown


def is_empty(type: Type | None) -> bool:
    """Is it the type of a collection that has no members?"""
    kind = type.__class__
    if kind is ObjectType:
        assert isinstance(type, ObjectType)
        return not type.static and type.dynamic is None
    if kind is ArrayType:
        assert isinstance(type, ArrayType)
        return not type.static and type.dynamic is None
    return type is EMPTY_SET


def item_of(array: ArrayType, index: int) -> Type | None:
    """The type of an array's item."""
    if index < 0:
        return None
    return array.static[index] if index < len(array.static) else array.dynamic


def basic_type(value: Value) -> BasicType | None:
    """The type of a scalar value; None for collections."""
    kind = value.__class__
    if kind is str:
        return STRING
    if kind is bool:
        return BOOLEAN
    if value is None:
        return NULL
    return None if kind is list or kind is dict or kind is Set or kind is Object else NUMBER
