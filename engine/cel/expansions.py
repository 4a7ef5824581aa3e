"""Types of the functions that cel-go's expansions of macros call; nothing calls them here."""

from collections.abc import Sequence
from typing import Final, NoReturn

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    AnyType,
    TypeVariable,
    list_of,
    map_of,
    optional_of,
)
from lockgate.engine.cel.values import Value

_T: Final = TypeVariable("T")
_KEY: Final = TypeVariable("K")
_VALUE: Final = TypeVariable("V")
_MAP: Final = map_of(_KEY, _VALUE)
_COMPARABLE: Final = (INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES)

Signature = tuple[Sequence[AnyType], AnyType]


def _uncalled(*values: Value) -> NoReturn:
    raise CelError("no such overload")


def _function(name: str, *signatures: Signature) -> tuple[Function, bool]:
    return _declared(name, False, signatures)


def _method(name: str, *signatures: Signature) -> tuple[Function, bool]:
    return _declared(name, True, signatures)


def _declared(name: str, receiver: bool, signatures: Sequence[Signature]) -> tuple[Function, bool]:
    overloads = [
        Overload(f"{name}_{place}", receiver, tuple(parameters), result, _uncalled)
        for place, (parameters, result) in enumerate(signatures)
    ]
    return Function(name, tuple(overloads)), receiver


# By name: the function, and whether it is called on a target.
EXPANSIONS: Final[dict[str, tuple[Function, bool]]] = {
    "_+_": _function("_+_", ((list_of(_T), list_of(_T)), list_of(_T))),
    "_?_:_": _function("_?_:_", ((BOOL, _T, _T), _T)),
    "cel.@mapInsert": _function("cel.@mapInsert", ((_MAP, _KEY, _VALUE), _MAP), ((_MAP, _MAP), _MAP)),
    "@sortByAssociatedKeys": _method(
        "@sortByAssociatedKeys",
        *[((list_of(_T), list_of(one)), list_of(_T)) for one in _COMPARABLE],
    ),
    "hasValue": _method("hasValue", ((optional_of(_VALUE),), BOOL)),
    "value": _method("value", ((optional_of(_VALUE),), _VALUE)),
    "optional.of": _function("optional.of", ((_VALUE,), optional_of(_VALUE))),
}
