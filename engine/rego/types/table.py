"""The types of one compilation, each made once, and what is inside of them.

Equal types are the same object, so that comparing them costs nothing however large they are.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.engine.codegen.values import Key, Object, Set, Value, key, object_items, ordered
from lockgate.engine.rego.types.lattice import (
    ANY,
    EMPTY_SET,
    NUMBER,
    ArrayType,
    FunctionType,
    ObjectType,
    Property,
    SetType,
    Type,
    UnionType,
    basic_type,
    item_of,
)

# What is nested deeper is taken for `any`: no person writes it, and every walk over types stays shallow.
MAX_DEPTH: Final = 80
# A union of more types is taken for `any`.
MAX_MEMBERS: Final = 2_000


class TypeTable:
    """Makes the types of one compilation, each once."""

    def __init__(self) -> None:
        self._made: dict[object, Type] = {}
        self._keys: dict[Type, Type | None] = {}
        self._values: dict[Type, Type | None] = {}

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

    def any_of(self, types: "Sequence[Type | None]") -> Type | None:
        """The union of several types; None when there are none."""
        found: Type | None = None
        if any(isinstance(type, FunctionType) for type in types):
            for type in types:
                found = self.either(found, type)
            return found
        members: dict[Type, None] = {}
        for type in types:
            if type is ANY:
                return ANY
            if isinstance(type, UnionType):
                members.update(dict.fromkeys(type.members))
            elif type is not None:
                members[type] = None
        if len(members) > 1:
            return self.union(members)
        return next(iter(members), None)

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
        if isinstance(type, SetType):
            return type.of
        if type is ANY or not isinstance(type, ObjectType | UnionType):
            return ANY if type is ANY else None
        if type not in self._keys:
            self._keys[type] = self._keys_of(type)
        return self._keys[type]

    def _keys_of(self, type: ObjectType | UnionType) -> Type | None:
        if isinstance(type, UnionType):
            return self.any_of([self.keys(member) for member in type.members])
        found = self.any_of([self.of_constant(item.key) for item in type.static.values()])
        return found if type.dynamic is None else self.either(found, type.dynamic[0])

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
