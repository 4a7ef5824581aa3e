"""Calls of CEL's functions by name, as the compiler makes them where it knows no types."""

from collections.abc import Callable
from typing import Any

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library.catalogue import FUNCTIONS
from lockgate.engine.cel.library.dispatch import dispatcher
from lockgate.engine.cel.values import Value

BY_NAME: dict[str, Function] = {one.name: one for one in FUNCTIONS}


def body(name: str, receiver: bool, count: int) -> Callable[..., Value]:
    """What computes `name(…)`, or `target.name(…)` for a receiver."""
    return dispatcher(BY_NAME[name], receiver, count)


def called(name: str, *arguments: Any) -> Value:
    """`name(arguments)`, or an operator."""
    return body(name, False, len(arguments))(*arguments)


def asked(name: str, *arguments: Any) -> Value:
    """`target.name(arguments)`, the target first."""
    return body(name, True, len(arguments))(*arguments)


def told(function: Callable[..., Value], *arguments: Any) -> str:
    """The words of the error that a call raises."""
    try:
        found = function(*arguments)
    except CelError as error:
        return str(error)
    raise AssertionError(f"no error, but {found!r}")


def as_seen(value: Value) -> tuple[type, Value]:
    """A value with its kind, since Python's `==` does not tell 1, 1u, 1.0 and true apart."""
    return type(value), value
