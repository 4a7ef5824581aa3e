"""Records: frozen classes with slots, as `@dataclass(frozen=True, slots=True)` makes them, at a tenth of the cost.

`dataclasses` compiles seven methods for each class whenever the program starts, 0.4 ms a class here; a hundred classes
take a third of the time in which a check of one file is to be done. A record compiles its `__init__` alone, when many
instances are made, and shares the other methods. Type checkers see a dataclass (PEP 681), and `dataclasses.replace`
and `fields` work too.
"""

import inspect
import sys
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field, make_dataclass
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, dataclass_transform

T = TypeVar("T")

# To compile an `__init__` takes as long as to make forty instances without it.
_MADE_SLOWLY = 20

_FIELDS = "__record_fields__"
_VALUES = "__record_values__"


def _nothing(instance: object) -> tuple[()]:
    return ()


def _equals(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    values = type(self).__record_values__
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(type(self).__record_values__(self))


def _text(self: Any) -> str:
    shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in type(self).__record_fields__])
    return f"{type(self).__qualname__}({shown})"


def _refuse_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _reduce(self: Any) -> tuple[Any, tuple[Any, ...]]:
    """For `copy` and `pickle`, which could not set the fields of a frozen instance."""
    return type(self), tuple([getattr(self, name) for name in type(self).__record_fields__])


def _less(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    values = type(self).__record_values__
    return values(self) < values(other)


def _less_or_equal(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    values = type(self).__record_values__
    return values(self) <= values(other)


def _greater(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    values = type(self).__record_values__
    return values(self) > values(other)


def _greater_or_equal(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    values = type(self).__record_values__
    return values(self) >= values(other)


_LIGHT: dict[str, Callable[..., Any]] = {
    "__eq__": _equals,
    "__hash__": _hash,
    "__repr__": _text,
    "__reduce__": _reduce,
}
_MUTABLE: dict[str, Callable[..., Any]] = {"__repr__": _text}
_SHARED: dict[str, Callable[..., Any]] = {
    **_LIGHT,
    "__setattr__": _refuse_set,
    "__delattr__": _refuse_delete,
}
_ORDER: dict[str, Callable[..., Any]] = {
    "__lt__": _less,
    "__le__": _less_or_equal,
    "__gt__": _greater,
    "__ge__": _greater_or_equal,
}


class _OfDataclass:
    """Gives what `dataclasses` asks a class for (`replace`, `fields`, `asdict`, inheritance), made when it asks."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: Any) -> Any:
        defaults = owner.__record_defaults__
        parts: list[Any] = [
            (name, Any, defaults[name]) if name in defaults else (name, Any)
            for name in owner.__record_fields__
        ]
        twin = make_dataclass(owner.__name__, parts, frozen=True)
        # Kept on the class, in place of this.
        for name in _DATACLASS:
            setattr(owner, name, getattr(twin, name))
        return getattr(twin, self.name)


_DATACLASS = {name: _OfDataclass(name) for name in ("__dataclass_fields__", "__dataclass_params__")}


def _plain_default(cls: type, name: str, default: Any) -> Any:
    """The default of a field: a value, or a `Field` for one that is made anew. Raises TypeError for any other."""
    if isinstance(default, Field):
        if not (default.init and default.repr and default.compare and default.hash is None):
            raise TypeError(f"field {name!r} of {cls.__qualname__} takes a default only")
        if default.default_factory is not MISSING:
            return default
        default = default.default
    if type(default).__hash__ is None:
        raise TypeError(f"the default of {name!r} in {cls.__qualname__} can change: use a default_factory")
    return default


def _waiting_init(cls: Any, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """An `__init__` that makes the first instances itself and compiles the real one when there are more of them.

    Half of the classes of a start have fewer.
    """
    setters = [getattr(cls, name).__set__ for name in names]
    made = 0

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:
        nonlocal made
        # Two threads that come here at once make the same.
        made += 1
        given = {**dict(zip(names, arguments)), **named}  # noqa: B905 - the count is compared below
        if made <= _MADE_SLOWLY and len(given) == len(arguments) + len(named):
            values = {**defaults, **given} if len(given) < len(names) else given
            if len(values) == len(names) and all(map(values.__contains__, names)):
                for name, setter in zip(names, setters, strict=True):
                    value = values[name]
                    # A field's own factory, which `_plain_default` has seen.
                    is_made = type(value) is Field and name not in given
                    setter(self, value.default_factory() if is_made else value)  # pyright: ignore[reportCallIssue]
                return
        # It is the one that tells what is wrong with the arguments, too.
        compiled = cls.__init__ = _make_init(cls, names, defaults)
        compiled(self, *arguments, **named)

    return __init__


def _make_init(cls: Any, names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """An `__init__` that sets the slots. Only names of fields, which are identifiers, become code."""
    refuses = cls.__setattr__ is not object.__setattr__
    space: dict[str, Any] = {}
    parameters: list[str] = []
    body: list[str] = []
    for name in names:
        if refuses:
            # Two underscores, so that a field `set_x` does not hide what sets `x`.
            space[f"__set_{name}"] = getattr(cls, name).__set__
        value = name
        if name in defaults:
            default = defaults[name]
            if isinstance(default, Field):
                space[f"__make_{name}"], space[f"__default_{name}"] = default.default_factory, MISSING
                value = f"__make_{name}() if {name} is __default_{name} else {name}"
            else:
                space[f"__default_{name}"] = default
            parameters.append(f"{name}=__default_{name}")
        else:
            parameters.append(name)
        body.append(f" __set_{name}(self, {value})" if refuses else f" self.{name} = {value}")
    source = f"def __init__({', '.join(['self', *parameters])}):\n" + ("\n".join(body) or " pass")
    exec(source, space)  # noqa: S102 - identifiers of a class body only
    return space["__init__"]


def _own_fields(cls: type) -> tuple[str, ...]:
    """The annotated names of a class body, in its order; each is a field."""
    if sys.version_info >= (3, 14):
        # Annotations may name what only type checkers import (PEP 649).
        from annotationlib import Format, get_annotations

        found = get_annotations(cls, format=Format.FORWARDREF)
    else:
        found = inspect.get_annotations(cls)
    for name, annotation in found.items():
        if annotation is ClassVar or getattr(annotation, "__origin__", None) is ClassVar:
            raise TypeError(f"{name!r} of {cls.__qualname__} is no field: keep it outside of the record")
    return tuple(found)


def _make(cls: type, shared: dict[str, Callable[..., Any]]) -> Any:
    if "__post_init__" in cls.__dict__:
        raise TypeError(f"{cls.__qualname__} has __post_init__, which records do not call")
    own = _own_fields(cls)
    inherited: tuple[str, ...] = ()
    defaults: dict[str, Any] = {}
    for base in reversed(cls.__mro__[1:]):
        if _FIELDS in base.__dict__:
            inherited = base.__dict__[_FIELDS]
            defaults.update(base.__dict__["__record_defaults__"])
    names = (*inherited, *[name for name in own if name not in inherited])
    for name in own:
        if name in cls.__dict__:
            defaults[name] = _plain_default(cls, name, cls.__dict__[name])
    space = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in own and name not in ("__dict__", "__weakref__")
    }
    space["__slots__"] = tuple([name for name in own if name not in inherited])
    space["__match_args__"] = names
    space[_FIELDS] = names
    space["__record_defaults__"] = defaults
    space[_VALUES] = staticmethod(attrgetter(*names) if names else _nothing)
    space.update(_DATACLASS)
    for name, function in shared.items():
        space.setdefault(name, function)
    made: Any = type(cls)(cls.__name__, cls.__bases__, space)
    made.__qualname__ = cls.__qualname__
    if "__init__" not in space:
        made.__init__ = _waiting_init(made, names, defaults)
    return made


def changed(instance: T, **changes: Any) -> T:
    """A copy of a record with other values, as `dataclasses.replace` makes it, for which a first copy takes 2 ms.

    Raises TypeError for a name that is no field.
    """
    cls: Any = type(instance)
    return cls(**{name: getattr(instance, name) for name in cls.__record_fields__} | changes)  # type: ignore[no-any-return]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Makes a class of annotated fields a record: frozen, with slots, compared and hashed by its fields.

    Defaults are values that cannot change, or `dataclasses.field(default_factory=…)`.
    """
    made: type[T] = _make(cls, _SHARED)
    return made


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def light_record(cls: type[T]) -> type[T]:
    """A record that is made many times a second: in a third of the time, since only type checkers refuse assignments."""
    made: type[T] = _make(cls, _LIGHT)
    return made


@dataclass_transform(frozen_default=True, order_default=True, field_specifiers=(field,))
def ordered_record(cls: type[T]) -> type[T]:
    """A record that is also ordered by its fields, first to last."""
    made: type[T] = _make(cls, _SHARED | _ORDER)
    return made


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def mutable_record(cls: type[T]) -> type[T]:
    """A class of annotated fields that change: with slots and an `__init__`, equal to nothing but itself."""
    made: type[T] = _make(cls, _MUTABLE)
    return made
