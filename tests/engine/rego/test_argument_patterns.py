"""Arguments of functions that are patterns: what variables in sets and keys match, and what is evaluated."""

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source


def value_of(rules: str) -> Value | Undefined:
    module = parse_module(Source(f"package t\n{rules}", "module.rego"))
    program = compile_program([module], entrypoints=["data.t.p"], capabilities=Capabilities()).prepare()
    return program.evaluate("data.t.p", input={"x": 5}, now_ns=0, limits=Limits())


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        # A set or a key is compared with the values that its variables have by then: none is no value.
        ("f({x}) := 1\np if f({1})", UNDEFINED),
        ("f({x: 1}) := 1\np if f({1: 1})", UNDEFINED),
        ("f({x}, x) := 1\np if f({1}, 1)", UNDEFINED),
        ("f([{x}, x]) := 1\np if f([{1}, 1])", UNDEFINED),
        ("f(x, {x}) := 1\np if f(1, {1})", True),
        ("f(x, {x: y}) := y\np := f(1, {1: 2})", 2),
        ("f({input.x}) := 1\np if f({5})", True),
        ("f({input.x}) := 1\np if f({6})", UNDEFINED),
        ("f([input.x, y]) := y\np := f([5, 7])", 7),
        ("f({y | y := input.x}) := 1\np := f({5})", 1),
        ("p := x if max([], x)", UNDEFINED),
    ],
)
def test_patterns_match_as_in_opa(rules: str, wanted: Value | Undefined) -> None:
    assert value_of(rules) == wanted


def test_a_variable_may_have_the_name_of_a_function_that_is_called() -> None:
    with pytest.raises(RegoError, match="var upper is unsafe"):
        value_of("p contains x if { x := {upper | y := input.x[_]}; z := upper(x[_]) }")
