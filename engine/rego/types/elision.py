"""Wide types in messages: what two types have in common is left out, so that what differs can be seen.

The widths and the form of what is left are OPA's.
"""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.values import sort_key
from lockgate.engine.rego.types.lattice import (
    ANY,
    ArrayType,
    FunctionType,
    ObjectType,
    SetType,
    Type,
    UnionType,
)
from lockgate.engine.rego.types.texts import ELLIPSIS, key_text, members_in_order, properties, type_text

# Lines that are not wider are told in full.
WIDEST_LINE: Final = 80
# A type that is not what a message is about is told in full when it is not wider.
_WIDEST_PART: Final = 32
_DEEPEST: Final = 8
# Pairs of types that are compared for one message.
_MOST: Final = 500


def shortened(type: Type | None, name: str = "") -> str:
    """A type in full if that, with its name, is short; else its kind."""
    full = type_text(type, _WIDEST_PART + 1)
    width = len(full) + (len(name) + 2 if name else 0)
    return full if width <= _WIDEST_PART else _collapsed(type, 0)


def _collapsed(type: Type | None, depth: int) -> str:
    """A type of which nothing is told that is nested more than `depth` levels."""
    if isinstance(type, SetType) and type.of is not None:
        return f"set[{ELLIPSIS if depth == 0 else _inside(type.of, depth)}]"
    if isinstance(type, ArrayType):
        static = [_inside(item, depth) for item in type.static]
        dynamic = None if type.dynamic is None else _inside(type.dynamic, depth)
        return _composite("array", *_cut(static, dynamic, depth))
    if isinstance(type, ObjectType):
        static = [f"{key_text(item)}: {_inside(item.type, depth)}" for item in properties(type)]
        dynamic = None if type.dynamic is None else ": ".join([_inside(part, depth) for part in type.dynamic])
        return _composite("object", *_cut(static, dynamic, depth))
    if isinstance(type, UnionType) and type is not ANY:
        members = [_inside(member, depth) for member in members_in_order(type)]
        return _composite("any", [ELLIPSIS] if depth == 0 else members, None)
    if isinstance(type, FunctionType):
        arguments = [_inside(argument, depth) for argument in type.arguments]
        shown = [ELLIPSIS] if depth == 0 and arguments else arguments
        result = ELLIPSIS if depth == 0 and type.result is not None else type_text(type.result)
        return f"({', '.join(shown)}) => {result}"
    return type_text(type)


def _composite(kind: str, static: Sequence[str], dynamic: str | None) -> str:
    shown = f"{kind}<{', '.join(static)}>" if static else kind
    return f"{shown}[{dynamic}]" if dynamic else shown


def _inside(type: Type | None, depth: int) -> str:
    return "" if depth == 0 else _collapsed(type, depth - 1)


def _cut(static: list[str], dynamic: str | None, depth: int) -> tuple[list[str], str | None]:
    if depth > 0:
        return static, dynamic
    return ([ELLIPSIS] if static else []), (None if dynamic is None else ELLIPSIS)


class Differences:
    """Compares two types for a message."""

    def __init__(self) -> None:
        self._left = _MOST

    def of(self, left: Type | None, right: Type | None, depth: int = 0) -> tuple[str, str]:
        """Two types, as much of each as shows how they differ."""
        self._left -= 1
        if self._left < 0 or depth >= _DEEPEST or left is None or right is None or left is right:
            return shortened(left), shortened(right)
        if isinstance(left, SetType) and isinstance(right, SetType) and left.of and right.of:
            one, other = self.of(left.of, right.of, depth + 1)
            return f"set[{one}]", f"set[{other}]"
        if isinstance(left, ArrayType) and isinstance(right, ArrayType):
            return self._arrays(left, right, depth)
        if isinstance(left, ObjectType) and isinstance(right, ObjectType):
            return self._objects(left, right, depth)
        if isinstance(left, UnionType) and isinstance(right, UnionType):
            return _members(left, right), _members(right, left)
        return shortened(left), shortened(right)

    def _arrays(self, left: ArrayType, right: ArrayType, depth: int) -> tuple[str, str]:
        if len(left.static) != len(right.static) or (left.dynamic is None) != (right.dynamic is None):
            return _collapsed(left, 1), _collapsed(right, 1)
        pairs = [self.of(*pair, depth + 1) for pair in zip(left.static, right.static, strict=True)]
        ends: tuple[str | None, str | None] = (None, None)
        if left.dynamic is not None:
            ends = self.of(left.dynamic, right.dynamic, depth + 1)
        return (
            _composite("array", [one for one, _ in pairs], ends[0]),
            _composite("array", [other for _, other in pairs], ends[1]),
        )

    def _objects(self, left: ObjectType, right: ObjectType, depth: int) -> tuple[str, str]:
        ours: list[str] = []
        theirs: list[str] = []
        common = False
        keys = {**left.static, **right.static}
        for name, item in sorted(keys.items(), key=lambda pair: sort_key(pair[1].key)):
            shown = key_text(item)
            one, other = left.static.get(name), right.static.get(name)
            if one is None or other is None:
                (theirs if one is None else ours).append(f"{shown}: {shortened(item.type)}")
            elif one.type is other.type:
                common = True
            else:
                first, second = self.of(one.type, other.type, depth + 1)
                ours.append(f"{shown}: {first}")
                theirs.append(f"{shown}: {second}")
        if common:
            ours.append(ELLIPSIS)
            theirs.append(ELLIPSIS)
        if left.dynamic is not None and right.dynamic is not None:
            pairs = [self.of(*pair, depth + 1) for pair in zip(left.dynamic, right.dynamic, strict=True)]
            ends = [": ".join(parts) for parts in zip(*pairs, strict=True)]
        else:
            ends = [_pair(left.dynamic), _pair(right.dynamic)]
        return _composite("object", ours, ends[0]), _composite("object", theirs, ends[1])


def _pair(dynamic: "tuple[Type | None, Type | None] | None") -> str:
    return "" if dynamic is None else f"{shortened(dynamic[0])}: {shortened(dynamic[1])}"


def _members(union: UnionType, other: UnionType) -> str:
    """The members of a union that another has not; an ellipsis stands for those that it has too."""
    own = [shortened(member) for member in members_in_order(union) if member not in other.members]
    common = any(member in other.members for member in union.members)
    return _composite("any", [*own, *([ELLIPSIS] if common else [])], None)
