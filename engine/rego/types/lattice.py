"""The types that a term can have, after https://www.openpolicyagent.org/docs/policy-language (schemas and types).

Types of one compilation are made by one `Types`, once each: equal types are the same object, so that comparing them
costs nothing however large they are. `None` in the place of a type is a type that is not known (yet).
"""

from collections.abc import Iterable
from typing import ClassVar, Final, Literal, final

from lockgate.engine.codegen.values import Key, Object, Set, Value, key, object_items, ordered

# What is nested deeper is taken for `any`: no person writes it, and every walk over types stays shallow.
MAX_DEPTH: Final = 80
# A union of more types is taken for `any`.
MAX_MEMBERS: Final = 2_000


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


class Types:
    """Makes the types of one compilation, each once."""

    def __init__(self) -> None:
        self._made: dict[object, Type] = {}
        self._values: dict[Type, Type | None] = {}
        self._unified: dict[tuple[Type, Type], bool] = {}

    def _once(self, key: object, made: Type) -> Type:
        found = ANY if made.depth > MAX_DEPTH else made
        self._made[key] = found
        return found

    def array(self, static: "tuple[Type | None, ...]", dynamic: Type | None) -> Type:
        """The type of an array."""
        key = (ArrayType, static, dynamic)
        return self._made.get(key) or self._once(key, ArrayType(static, dynamic))

    def object(
        self, static: dict[Key, Property], dynamic: "tuple[Type | None, Type | None] | None" = None
    ) -> Type:
        """The type of an object."""
        key = (ObjectType, frozenset([(name, item.type) for name, item in static.items()]), dynamic)
        return self._made.get(key) or self._once(key, ObjectType(static, dynamic))

    def set(self, of: Type | None) -> Type:
        """The type of a set."""
        if of is None:
            return EMPTY_SET
        key = (SetType, of)
        return self._made.get(key) or self._once(key, SetType(of))

    def function(self, arguments: "tuple[Type | None, ...]", result: Type | None) -> Type:
        """The type of a function of a policy."""
        key = (FunctionType, arguments, result)
        return self._made.get(key) or self._once(key, FunctionType(arguments, result))

    def union(self, members: Iterable[Type]) -> Type:
        """The type of what has one of the types, which are no unions and no functions."""
        distinct = dict.fromkeys(members)
        if len(distinct) > MAX_MEMBERS:
            return ANY
        key = (UnionType, frozenset(distinct))
        return self._made.get(key) or self._once(key, UnionType(tuple(distinct)))

    def either(self, left: Type | None, right: Type | None) -> Type | None:
        """The type of what has one type or the other; None for a function and something else."""
        if left is None or left is right:
            return right
        if right is None:
            return left
        if isinstance(left, FunctionType) or isinstance(right, FunctionType):
            return self._either_function(left, right)
        if left is ANY or right is ANY:
            return ANY
        first = left.members if isinstance(left, UnionType) else (left,)
        second = right.members if isinstance(right, UnionType) else (right,)
        return self.union((*first, *second))

    def any_of(self, types: "Iterable[Type | None]") -> Type | None:
        """The union of several types; None when there are none."""
        found: Type | None = None
        for type in types:
            found = self.either(found, type)
        return found

    def _either_function(self, left: Type, right: Type) -> Type | None:
        if not isinstance(left, FunctionType) or not isinstance(right, FunctionType):
            return None
        if len(left.arguments) != len(right.arguments) or left.variadic is not right.variadic:
            return None
        pairs = zip(left.arguments, right.arguments, strict=True)
        arguments = tuple([self.either(one, other) for one, other in pairs])
        return self.function(arguments, self.either(left.result, right.result))

    # What is inside

    def of_constant(self, value: Value) -> Type:
        """The type of a value, of which sets are taken for arrays, as in JSON."""
        basic = basic_type(value)
        if basic is not None:
            return basic
        if isinstance(value, list):
            return self.array(tuple([self.of_constant(item) for item in value]), None)
        if isinstance(value, Set):
            return self.array(tuple([self.of_constant(item) for item in ordered(value)]), None)
        assert isinstance(value, dict | Object)
        items = object_items(value)
        return self.object({key(name): Property(name, self.of_constant(item)) for name, item in items})

    def member(self, object: ObjectType, name: Value, name_key: Key) -> Type | None:
        """The type of an object's member with a fixed key."""
        found = object.static.get(name_key)
        if found is not None:
            return found.type
        if object.dynamic is not None and self.contains(object.dynamic[0], self.of_constant(name)):
            return object.dynamic[1]
        return None

    def contains(self, whole: Type | None, part: Type) -> bool:
        """Is `part` the same type as `whole`, or one of its union?"""
        if isinstance(whole, UnionType):
            return whole is ANY or whole is part or part in whole.members
        return whole is part

    def select(self, type: Type | None, name: Value, name_key: Key) -> Type | None:
        """The type of what a fixed operand leads to; None when it leads nowhere."""
        if isinstance(type, ObjectType):
            return self.member(type, name, name_key)
        if isinstance(type, ArrayType):
            if basic_type(name) is not NUMBER:
                return None
            index = name if isinstance(name, int) else None
            return None if index is None else item_of(type, index)
        if isinstance(type, SetType):
            wanted = self.of_constant(name)
            if type.of is wanted:
                return wanted
            return wanted if isinstance(type.of, UnionType) and self.contains(type.of, wanted) else None
        if isinstance(type, UnionType):
            if type is ANY:
                return ANY
            return self.any_of([self.select(member, name, name_key) for member in type.members])
        return None

    def keys(self, type: Type | None) -> Type | None:
        """The type of the keys of a collection; None when it has none."""
        if isinstance(type, ArrayType):
            return NUMBER
        if isinstance(type, ObjectType):
            found: Type | None = None
            for item in type.static.values():
                found = self.either(found, self.of_constant(item.key))
            return found if type.dynamic is None else self.either(found, type.dynamic[0])
        if isinstance(type, SetType):
            return type.of
        if isinstance(type, UnionType):
            return ANY if type is ANY else self.any_of([self.keys(member) for member in type.members])
        return None

    def values(self, type: Type | None) -> Type | None:
        """The type of the members of a collection; None when it has none."""
        if type is ANY or type is None:
            return type
        if isinstance(type, SetType):
            return type.of
        if type not in self._values:
            self._values[type] = self._values_of(type)
        return self._values[type]

    def _values_of(self, type: Type) -> Type | None:
        if isinstance(type, ArrayType):
            return self.any_of((*type.static, type.dynamic))
        if isinstance(type, ObjectType):
            found = self.any_of([item.type for item in type.static.values()])
            return found if type.dynamic is None else self.either(found, type.dynamic[1])
        if isinstance(type, UnionType):
            return self.any_of([self.values(member) for member in type.members])
        return None

    # Unification of types

    def unifies(self, left: Type | None, right: Type | None) -> bool:
        """Can a value of one type equal one of the other? An unknown type unifies with none."""
        if left is None or right is None:
            return False
        if left is right and not left.unknown and left.rank < 7:
            return True
        key = (left, right)
        found = self._unified.get(key)
        if found is None:
            found = self._unified[key] = self._unifies(left, right)
        return found

    def _unifies(self, left: Type, right: Type) -> bool:
        one = isinstance(left, UnionType) and self._unifies_union(left, right)
        if one or (isinstance(right, UnionType) and self._unifies_union(right, left)):
            return True
        if isinstance(left, BasicType):
            return left is right
        if isinstance(left, ArrayType):
            return isinstance(right, ArrayType) and self._unifies_arrays(left, right)
        if isinstance(left, ObjectType):
            return isinstance(right, ObjectType) and self._unifies_objects(left, right)
        if isinstance(left, SetType):
            if not isinstance(right, SetType):
                return False
            return left.of is None or right.of is None or self.unifies(left.of, right.of)
        if isinstance(left, FunctionType):
            if not isinstance(right, FunctionType) or len(left.arguments) != len(right.arguments):
                return False
            return all(map(self.unifies, left.arguments, right.arguments))
        return False

    def _unifies_union(self, union: UnionType, other: Type) -> bool:
        if isinstance(other, FunctionType):
            return False
        return union is ANY or any(self.unifies(member, other) for member in union.members)

    def _unifies_arrays(self, left: ArrayType, right: ArrayType) -> bool:
        length = max(len(left.static), len(right.static))
        if not all(self.unifies(item_of(left, i), item_of(right, i)) for i in range(length)):
            return False
        return left.dynamic is None or right.dynamic is None or self.unifies(left.dynamic, right.dynamic)

    def _unifies_objects(self, left: ObjectType, right: ObjectType) -> bool:
        return (
            self._unifies_members(left, right)
            and self._unifies_members(right, left)
            and self._unifies_others(left, right)
        )

    def _unifies_others(self, left: ObjectType, right: ObjectType) -> bool:
        one = None if left.dynamic is None else left.dynamic[1]
        other = None if right.dynamic is None else right.dynamic[1]
        return one is None or other is None or self.unifies(one, other)

    def _unifies_members(self, left: ObjectType, right: ObjectType) -> bool:
        open_ended = any(o.dynamic is not None and o.dynamic[1] is not None for o in (left, right))
        for name_key, item in left.static.items():
            other = self.member(right, item.key, name_key)
            if other is None:
                if not open_ended:
                    return False
            elif not self.unifies(item.type, other):
                return False
        return True
