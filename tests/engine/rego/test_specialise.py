"""Code for one constraint: when it is asked for, and that it takes over whenever it comes."""

from collections.abc import Callable

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import PolicyError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import NO_DATA, PARAMETERS, Prepared, Program, compile_program
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.specialise import Allowance, Specialiser

CONSTANTS: dict[tuple[str, ...], Value] = {PARAMETERS: {}}


def program(said: str) -> Program:
    text = f'package test\np := "{said}"'
    return compile_program(
        [parse_module(Source(text, "test.rego"))], entrypoints=["data.test.p"], capabilities=Capabilities()
    )


def prepared(make: Callable[[], Program], later: list[Callable[[], None]] | None, after: int = 2) -> Prepared:
    allowance = Allowance(after=after, apart=0, later=None if later is None else later.append)
    return program("shared").prepare(CONSTANTS, Specialiser(make, allowance))


def asking(one: Prepared, *, by_entry: bool) -> Callable[[], object]:
    entry = one.entry("data.test.p")
    given: Value = {"parameters": {}}
    if by_entry:
        return lambda: entry(given, NO_DATA, 0, Limits())
    return lambda: one.evaluate("data.test.p", input=given, now_ns=0, limits=Limits())


@pytest.mark.parametrize("by_entry", [True, False])
def test_code_that_is_made_at_once(by_entry: bool) -> None:
    ask = asking(prepared(lambda: program("own"), None), by_entry=by_entry)
    assert [ask() for _ in range(4)] == ["shared", "own", "own", "own"]


@pytest.mark.parametrize("by_entry", [True, False])
@pytest.mark.parametrize("after", [0, 2])
def test_code_that_comes_later_takes_over_when_it_comes(by_entry: bool, after: int) -> None:
    given: list[Callable[[], None]] = []
    ask = asking(prepared(lambda: program("own"), given, after), by_entry=by_entry)
    assert [ask() for _ in range(5)] == ["shared"] * 5
    (make,) = given
    make()
    assert [ask() for _ in range(5)] == ["own"] * 5
    assert len(given) == 1


@pytest.mark.parametrize("by_entry", [True, False])
def test_code_that_turns_out_to_be_too_large_never_comes(by_entry: bool) -> None:
    def refuse() -> Program:
        raise PolicyError("too large")

    given: list[Callable[[], None]] = []
    ask = asking(prepared(refuse, given), by_entry=by_entry)
    assert [ask() for _ in range(3)] == ["shared"] * 3
    given[0]()
    assert [ask() for _ in range(3)] == ["shared"] * 3
    assert len(given) == 1
