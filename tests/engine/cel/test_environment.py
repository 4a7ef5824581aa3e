"""What an environment holds, and that the functions are those of Kubernetes."""

import re
from collections.abc import Iterable

import pytest
from lockgate.engine.cel.admission import ADMISSION_REQUEST
from lockgate.engine.cel.environment import make_environment
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library.catalogue import FUNCTIONS
from lockgate.engine.cel.types import DYN, INT, STRING, TypeVariable, list_of, map_of
from lockgate.engine.cel.unify import render_type

from tests.engine.cel.declarations import TABLE, declared_functions, read_type


def rows(functions: Iterable[Function]) -> set[str]:
    """As the table has them; of type variables it counts only which are the same."""
    return {
        renamed(
            "\t".join(
                [
                    function.name,
                    one.id,
                    "method" if one.receiver else "function",
                    "; ".join([render_type(part) for part in one.parameters]),
                    render_type(one.result),
                ]
            )
        )
        for function in functions
        for one in function.overloads
    }


def renamed(row: str) -> str:
    names: dict[str, str] = {}
    return re.sub(r"\b[A-Z]\b", lambda found: names.setdefault(found.group(), f"#{len(names)}"), row)


def test_the_table_is_read_as_it_is_written() -> None:
    assert read_type("map(string, list(A))") == map_of(STRING, list_of(TypeVariable("A")))
    assert len(declared_functions()) == len({line.split("\t")[0] for line in TABLE.read_text().splitlines()})


def test_overloads_are_those_of_kubernetes() -> None:
    assert rows(FUNCTIONS) - {renamed(line) for line in TABLE.read_text().splitlines()} == set()


@pytest.mark.parametrize("function", FUNCTIONS, ids=[one.name for one in FUNCTIONS])
def test_overloads_are_in_the_order_of_kubernetes(function: Function) -> None:
    # A value of an open type takes the type of the first one that fits.
    ours = [one.id for one in function.overloads]
    declared = {one.name: one for one in declared_functions()}[function.name]
    assert ours == [one.id for one in declared.overloads if one.id in ours]


def test_an_environment_is_extended() -> None:
    base = make_environment(FUNCTIONS, {"a": INT})
    more = base.extended(variables={"request": ADMISSION_REQUEST})
    assert set(more.variables) == {"a", "request"}
    assert "kubernetes.UserInfo" in more.types
    assert "kubernetes.UserInfo" not in base.types
    assert more.functions == base.functions


def test_an_overload_is_declared_once() -> None:
    base = make_environment(FUNCTIONS)
    with pytest.raises(ValueError, match="an overload of size is declared twice"):
        base.extended(functions=[base.functions["size"]])


def test_fingerprints_tell_environments_apart() -> None:
    base = make_environment(FUNCTIONS)
    found = [
        base.fingerprint,
        make_environment(FUNCTIONS[1:]).fingerprint,
        base.extended(variables={"a": INT}).fingerprint,
        base.extended(variables={"a": DYN}).fingerprint,
        base.extended(variables={"b": INT}).fingerprint,
        base.extended(macros=["bind"]).fingerprint,
    ]
    assert len(set(found)) == len(found)
    assert make_environment(FUNCTIONS).fingerprint == base.fingerprint
