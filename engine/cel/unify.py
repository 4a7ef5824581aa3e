"""Which types fit where types are open: cel-go's rules of assignment (checker/types.go), over one growing substitution.

`dyn`, and what is already known as wrong, fit anywhere. Null fits objects, opaque types, durations and timestamps, and no
primitive. Numbers fit only their own kind.
"""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.cel.types import (
    ANY,
    DURATION,
    DYN,
    ERROR,
    NULL,
    TIMESTAMP,
    AnyType,
    ObjectType,
    Type,
    TypeVariable,
)

# A type grows where macros nest one variable in two places: each `map(x, {x: x})` doubles it. None in use has fifty parts.
MAX_TYPE_PARTS: Final = 2_000
# Parts one in another: types are gone through by recursion.
MAX_TYPE_DEPTH: Final = 130

_PRIMITIVES: Final = frozenset(["bool", "bytes", "double", "int", "string", "uint"])
_NEVER_NULL: Final = _PRIMITIVES | {"list", "map", "type"}
_UNKNOWN: Final = frozenset([DYN.name, ANY.name, ERROR.name])
_SHOWN: Final = {DURATION: "duration", TIMESTAMP: "timestamp", NULL: "null"}


class TypeSizeError(Exception):
    """A type has more than `MAX_TYPE_PARTS` parts, or is deeper than `MAX_TYPE_DEPTH`."""


def is_dyn_or_error(one: AnyType) -> bool:
    """Whether nothing is known of values of this type."""
    return isinstance(one, Type) and one.name in _UNKNOWN


def unwrap_optional(one: AnyType) -> tuple[AnyType, bool]:
    """The type inside an optional's, and whether it was one."""
    if isinstance(one, Type) and one.name == "optional_type" and one.parameters:
        return one.parameters[0], True
    return one, False


def render_type(one: AnyType) -> str:
    """The type as cel-go's messages show it."""
    if not isinstance(one, Type) or not one.parameters:
        return _SHOWN.get(one, str(one)) if isinstance(one, Type) else str(one)
    return f"{one.name}({', '.join([render_type(part) for part in one.parameters])})"


def is_equivalent(left: AnyType, right: AnyType) -> bool:
    """Whether both are one type; variables are as good as each other."""
    if isinstance(left, TypeVariable) or isinstance(right, TypeVariable):
        return isinstance(left, TypeVariable) and isinstance(right, TypeVariable)
    if isinstance(left, ObjectType) or isinstance(right, ObjectType):
        return left.name == right.name
    return (
        left.name == right.name
        and len(left.parameters) == len(right.parameters)
        and all(map(is_equivalent, left.parameters, right.parameters))
    )


def most_general(left: AnyType, right: AnyType) -> AnyType:
    """The one of two types, of which one fits the other, that says less."""
    return left if _says_no_more(left, right) else right


class Substitution:
    """What type variables stand for, as far as the checker knows by now."""

    def __init__(self) -> None:
        self._bound: dict[str, AnyType] = {}
        # What each name had before, for taking a failed attempt back.
        self._undo: list[tuple[str, AnyType | None]] = []
        self._fresh = 0

    def fresh(self) -> TypeVariable:
        """A variable that stands for nothing yet."""
        made = TypeVariable(f"_var{self._fresh}")
        self._fresh += 1
        return made

    def instantiated(self, parts: Sequence[AnyType]) -> list[AnyType]:
        """An overload's types with fresh variables in place of its own."""
        names: dict[str, AnyType] = {}

        def renew(one: AnyType) -> AnyType:
            if isinstance(one, TypeVariable):
                if one.name not in names:
                    names[one.name] = self.fresh()
                return names[one.name]
            if isinstance(one, Type) and one.parameters:
                return Type(one.name, tuple([renew(part) for part in one.parameters]))
            return one

        return [renew(one) for one in parts]

    def fits(self, given: AnyType, wanted: AnyType) -> bool:
        """Whether `given` can be `wanted`; what that says of variables is kept then."""
        return self.all_fit([given], [wanted])

    def all_fit(self, given: Sequence[AnyType], wanted: Sequence[AnyType]) -> bool:
        """Whether each can be the other; either all that it says of variables is kept, or nothing."""
        self._undo.clear()
        if self._all_assignable(given, wanted):
            return True
        for name, before in reversed(self._undo):
            if before is None:
                self._bound.pop(name, None)
            else:
                self._bound[name] = before
        return False

    def resolved(self, one: AnyType) -> AnyType:
        """The type with all that is known put in. Raises TypeSizeError."""
        if isinstance(one, Type) and not one.parameters:
            return one
        return self._resolve(one, [MAX_TYPE_PARTS], None, MAX_TYPE_DEPTH)

    def closed(self, one: AnyType) -> AnyType:
        """The same, with `dyn` for what is still open. Raises TypeSizeError."""
        return self._resolve(one, [MAX_TYPE_PARTS], DYN, MAX_TYPE_DEPTH)

    def known(self, one: AnyType) -> AnyType:
        """The same, with `dyn` for `any` too. Raises TypeSizeError."""
        if isinstance(one, Type) and not one.parameters:
            return DYN if one.name == ANY.name else one
        return _without_any(self.closed(one))

    def _resolve(self, one: AnyType, left: list[int], unknown: AnyType | None, depth: int) -> AnyType:
        left[0] -= 1
        if left[0] < 0 or depth < 0:
            raise TypeSizeError
        if isinstance(one, TypeVariable):
            bound = self._bound.get(one.name)
            if bound is not None:
                return self._resolve(bound, left, unknown, depth - 1)
            return one if unknown is None else unknown
        if isinstance(one, Type) and one.parameters:
            return Type(
                one.name, tuple([self._resolve(part, left, unknown, depth - 1) for part in one.parameters])
            )
        return one

    def _bind(self, name: str, one: AnyType) -> None:
        self._undo.append((name, self._bound.get(name)))
        self._bound[name] = one

    def _all_assignable(self, given: Sequence[AnyType], wanted: Sequence[AnyType]) -> bool:
        return len(given) == len(wanted) and all(map(self._assignable, given, wanted))

    def _assignable(self, given: AnyType, wanted: AnyType) -> bool:
        if isinstance(wanted, TypeVariable):
            valid, known = self._stands_for(given, wanted)
            if valid:
                return True
            if known:
                return False
        if isinstance(given, TypeVariable):
            return self._stands_for(wanted, given)[0]
        if isinstance(wanted, TypeVariable):
            return False
        if is_dyn_or_error(given) or is_dyn_or_error(wanted):
            return True
        if given.name == NULL.name:
            return wanted.name == NULL.name or _is_nullable(wanted)
        if wanted.name == NULL.name:
            return _is_nullable(given)
        if isinstance(given, ObjectType) or isinstance(wanted, ObjectType):
            return is_equivalent(given, wanted)
        if given.name != wanted.name:
            return False
        if not given.parameters and not wanted.parameters:
            return True
        return given.name == "type" or self._all_assignable(given.parameters, wanted.parameters)

    def _stands_for(self, one: AnyType, variable: AnyType) -> tuple[bool, bool]:
        """Whether the variable can stand for the type, and whether it stood for anything before."""
        assert isinstance(variable, TypeVariable)
        if one == variable:
            return True, True
        before = self._bound.get(variable.name)
        if before is None:
            if self._mentions(one, variable):
                return False, False
            self._bind(variable.name, one)
            return True, False
        if one == before:
            return True, True
        if not self._assignable(one, before):
            return False, True
        general = most_general(one, before)
        if not self._mentions(general, variable):
            self._bind(variable.name, general)
        return True, True

    def _mentions(self, one: AnyType, variable: TypeVariable) -> bool:
        """Whether the variable is in the type: it must not stand for what has itself inside."""
        if one == variable:
            return True
        if isinstance(one, TypeVariable):
            bound = self._bound.get(one.name)
            return bound is not None and self._mentions(bound, variable)
        return isinstance(one, Type) and any(self._mentions(part, variable) for part in one.parameters)


def _without_any(one: AnyType) -> AnyType:
    if one == ANY:
        return DYN
    if isinstance(one, Type) and one.parameters:
        return Type(one.name, tuple([_without_any(part) for part in one.parameters]))
    return one


def _is_nullable(one: AnyType) -> bool:
    if isinstance(one, ObjectType):
        return True
    return isinstance(one, Type) and one.name not in _NEVER_NULL


def _says_no_more(left: AnyType, right: AnyType) -> bool:
    if left in (DYN, ANY) or isinstance(left, TypeVariable):
        return True
    if right in (DYN, ANY) or isinstance(right, TypeVariable):
        return False
    if isinstance(left, ObjectType) or isinstance(right, ObjectType):
        return is_equivalent(left, right)
    if left.name != right.name or len(left.parameters) != len(right.parameters):
        return False
    return left.name == "type" or all(map(_says_no_more, left.parameters, right.parameters))
