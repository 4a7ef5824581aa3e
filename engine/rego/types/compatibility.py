"""Types that can have a value in common."""

from lockgate.engine.rego.types.lattice import (
    ANY,
    ArrayType,
    BasicType,
    FunctionType,
    ObjectType,
    SetType,
    Type,
    UnionType,
    item_of,
)
from lockgate.engine.rego.types.table import TypeTable


class Types(TypeTable):
    """The types of one compilation, and which of them unify."""

    def __init__(self) -> None:
        super().__init__()
        self._unified: dict[tuple[Type, Type], bool] = {}

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
