"""Kubernetes 1.34's functions by their signatures alone, for tests of types.

`kubernetes_1_34_overloads.tsv` lists what k8s.io/apiserver 0.34.4 declares (`cel.Env.Functions` of its base environment):
name, overload, way of calling, parameters, result. Overloads that Lockgate has are its own here.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final, NoReturn

from lockgate.engine.cel.admission import ADMISSION_VARIABLES
from lockgate.engine.cel.environment import Environment, make_environment
from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.library.catalogue import FUNCTIONS
from lockgate.engine.cel.types import (
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    AnyType,
    Type,
    TypeVariable,
    list_of,
    map_of,
)
from lockgate.engine.cel.values import Value

TABLE: Final = Path(__file__).with_name("kubernetes_1_34_overloads.tsv")
VARIABLES: Final[dict[str, AnyType]] = {
    **ADMISSION_VARIABLES,
    "params": DYN,
    "variables": map_of(STRING, DYN),
    "i": INT,
    "s": STRING,
    "li": list_of(INT),
    "msi": map_of(STRING, INT),
}
_SHOWN: Final = {"duration": DURATION, "timestamp": TIMESTAMP, "null": NULL}


def read_type(text: str) -> AnyType:
    """The type that is shown so."""
    name, _, inside = text.partition("(")
    if inside:
        parts = re.split(r", (?![^(]*\))", inside.removesuffix(")"))
        return Type(name, tuple([read_type(one) for one in parts]))
    if re.fullmatch("[A-Z]", text):
        return TypeVariable(text)
    return _SHOWN.get(text) or Type(text)


def _uncalled(*values: Value) -> NoReturn:
    raise AssertionError("declared only")


@cache
def declared_functions() -> tuple[Function, ...]:
    """All functions of the table."""
    ours = {(function.name, one.id): one for function in FUNCTIONS for one in function.overloads}
    found: dict[str, list[Overload]] = {}
    for line in TABLE.read_text().splitlines():
        name, overload, style, parameters, result = line.split("\t")
        given = tuple([read_type(one) for one in parameters.split("; ") if one])
        declared = Overload(overload, style == "method", given, read_type(result), _uncalled)
        found.setdefault(name, []).append(ours.get((name, overload), declared))
    return tuple([Function(name, tuple(overloads)) for name, overloads in found.items()])


@cache
def declared_environment() -> Environment:
    """The functions of the table and some variables."""
    return make_environment(declared_functions(), VARIABLES)
