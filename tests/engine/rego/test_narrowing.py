"""References whose operands are known from literals: OPA sees recursion only where they may lead back."""

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source

# What OPA accepts, with the values of `found`, and what it refuses.
ACCEPTED = [
    ('found contains data.t[x] if { x := "a" }', [1]),
    ('found contains data.t[x] if some x in ["a", "b"]', [1, 2]),
    ('found contains data.t[x] if some x in {"a", "b"}', [1, 2]),
    ('found contains data.t[x] if some x in {"k": "a", "l": "b"}', [1, 2]),
    ('found contains data.t[x] if { xs := ["a", "b"]; x := xs[_] }', [1, 2]),
    ('found contains y if { xs := ["a", "b"]; y := data.t[xs[_]] }', [1, 2]),
    ('found contains y if { xs := ["a", "found"]; y := data.t[xs[0]] }', [1]),
    ('found contains y if { xs := {"k": ["a"], "l": ["b"]}; y := data.t[xs[_][_]] }', [1, 2]),
    ('found contains y if { xs := {"k": ["a"], "l": ["found"]}; y := data.t[xs.k[_]] }', [1]),
    ('found contains y if { xs := ["a"]; y := [z | z := data.t[xs[_]]][0] }', [1]),
    ('found contains y if { x := {"k": "b"}.k; y := data.t[x] }', [2]),
    ('found contains y if { x := "a"; x = "b"; y := data.t[x] }', []),
]
REFUSED = [
    'found contains data.t[xs[i]] if { xs := ["found", "b"]; i := 1 }',
    "found contains y if { some x; y := data.t[x] }",
    "found contains y if { some x in input.names; y := data.t[x] }",
    'found contains y if { some x in ["a", "found"]; y := data.t[x] }',
    'found contains y if { y := data.t[x]; x = "a" }',
    "found contains y if { some x in []; y := data.t[x] }",
    'found contains y if { some x, _ in {"a": "b"}; y := data.t[x] }',
    'found contains y if { x := "a" with input as 1; y := data.t[x] }',
    'found contains [y | x := "a"; y := data.t[x]]',
    'found contains y if { xs := {"k": ["a"], "l": 1}; y := data.t[xs[_][_]] }',
    "found contains y if { some x in ["
    + ", ".join(f'"n{number}"' for number in range(100))
    + "]; y := data.t[x] }",
]


@pytest.mark.parametrize(("rule", "values"), ACCEPTED)
def test_known_operands_lead_where_they_say(rule: str, values: list[int]) -> None:
    module = parse_module(Source(f"package t\na := 1\nb := 2\n{rule}", "module.rego"))
    program = compile_program([module], entrypoints=["data.t.found"], capabilities=Capabilities())
    found = program.prepare().evaluate("data.t.found", input={}, now_ns=0, limits=Limits())
    assert sorted(found) == values  # type: ignore[arg-type, type-var]


@pytest.mark.parametrize("rule", REFUSED)
def test_what_may_lead_back_is_recursive(rule: str) -> None:
    with pytest.raises(RegoError) as caught:
        module = parse_module(Source(f"package t\na := 1\nb := 2\n{rule}", "module.rego"))
        compile_program([module], entrypoints=["data.t.found"], capabilities=Capabilities())
    assert caught.value.code == "rego_recursion_error"
