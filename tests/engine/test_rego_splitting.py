"""Rules of one document that refer to each other: recursion only where a rule may need itself, as in OPA 1.22.2."""

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, Undefined, parse_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Program, compile_program
from lockgate.engine.rego.source import Source

from tests.conformance.opa import agrees


def compiled(rules: str) -> Program:
    module = parse_module(Source(f"package test\n{rules}", "s.rego"))
    return compile_program([module], entrypoints=["data.test"], capabilities=Capabilities())


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            'p[x].foo.bar if { x := "a"; not p[x].foo.baz }\np[x].foo.baz if { x := "a"; false }',
            '{"p": {"a": {"foo": {"bar": true}}}}',
        ),
        (
            'p[x].foo.bar := 1 if { x := "a" }\np[x].qux := y if { x := "b"; y := p.a.foo.bar + 1 }',
            '{"p": {"a": {"foo": {"bar": 1}}, "b": {"qux": 2}}}',
        ),
        (
            'p[x].a := 1 if some x in {"k", "l"}\np[x].b := p[x].a + 1 if some x in {"k", "l"}\np.k.c := p.k.b + 1',
            '{"p": {"k": {"a": 1, "b": 2, "c": 3}, "l": {"a": 1, "b": 2}}}',
        ),
        (
            'p[x].a contains 1 if x := "k"\np[x].b := count(p[x].a) if x := "k"\nq := p.k.b\nr if p.k.a[1]',
            '{"p": {"k": {"a": [1], "b": 1}}, "q": 1, "r": true}',
        ),
    ],
)
def test_rules_that_use_others_of_their_document(rules: str, expected: str) -> None:
    value = compiled(rules).prepare().evaluate("data.test", input=UNDEFINED, now_ns=0, limits=Limits())
    assert not isinstance(value, Undefined)
    assert agrees(value, parse_json(expected)), value


@pytest.mark.parametrize(
    "rules",
    [
        'p[x].a := 1 if { x := "k"; p[x] }\np[x].b := 2 if x := "k"',
        'p[x].a := p[x].b if x := "k"\np[x].b := p[x].a if x := "k"',
        'p[x].a := p[x][input.y] if x := "k"\np[x].b := 2 if x := "k"',
        'p[x].a := 1 if { x := "k"; q }\np[x].b := 2 if x := "k"\nq := p.k',
    ],
)
def test_rules_that_may_need_themselves(rules: str) -> None:
    with pytest.raises(RegoError) as caught:
        compiled(rules)
    assert caught.value.code == "rego_recursion_error"
    assert "\ud800" not in caught.value.errors[0].message
