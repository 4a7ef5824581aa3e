"""References into `data` that are not fixed: what they lead to, and nothing else, is evaluated.

Expectations are OPA 1.22.2's.
"""

from typing import Any

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, parse_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source

from tests.conformance.opa import agrees


def answer(modules: list[str], entry: str, data: str = "{}", given: str = "{}") -> Any:
    parsed = [parse_module(Source(text, f"m{number}.rego")) for number, text in enumerate(modules)]
    program = compile_program(parsed, entrypoints=[entry], capabilities=Capabilities())
    base = parse_json(data)
    assert isinstance(base, dict)
    return program.prepare().evaluate(entry, input=parse_json(given), data=base, now_ns=0, limits=Limits())


BASE = '{"n": {"2": "two", "k": [10, 20]}, "3": "three"}'
A = ["package a.x\nr := 1\ns contains 5", "package a.y\nr := 2\nf(z) := z", "package a.z.w\nr := 3"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("p := data.n[2]", '"two"'),
        ("p := data.n.k[1]", "20"),
        ("p := data.n[input.two]", '"two"'),
        ("p := [k | data.n[k]]", '["2", "k"]'),
        ("p := {k: v | v := data.a[k].r}", '{"x": 1, "y": 2}'),
        ("p := [k | data.a[k]]", '["x", "y", "z"]'),
        ("p := data.a[input.k].r", "2"),
        ("p := data.a[input.k]", '{"r": 2}'),
        ("p := data.a.x[input.s][5]", "5"),
        ("p := [[k, l] | data.a[k][l].r]", '[["z", "w"]]'),
        ('p := v if v := data.a[input.k].r with data.a.y as {"r": 9}', "9"),
        ("p := v if v := data.a[input.k].r with data.a as {}", None),
        ('p := v if v := [k | data.a[k]] with data.a as {"q": 1}', '["q"]'),
        ("p := data.a[input.none].r", None),
        ('p := data[x].r if x := "test"\nr := 7', "7"),
        ('p := data[x].q if some x in ["a", "b"]', None),
        ("p := data[input.k].r.s.t", None),
        ("p := count({k | data[k].no.such.rule})", "0"),
    ],
)
def test_value(rule: str, expected: str | None) -> None:
    given = '{"two": 2, "k": "y", "a": "a", "s": "s"}'
    value = answer([*A, f"package test\n{rule}"], "data.test.p", BASE, given)
    if expected is None:
        assert value is UNDEFINED
    else:
        assert agrees(value, parse_json(expected)), value


def test_what_does_not_fit_is_not_evaluated() -> None:
    rules = "package test\np := data[x].only.here if x := input.x\nloop := p"
    other = "package other\nonly.here := 4"
    assert answer([rules, other], "data.test.p", given='{"x": "other"}') == 4


@pytest.mark.parametrize(
    "rule",
    [
        "p if data[input.x].p",
        "p if data[input.x]",
        "p if some x in data.test[input.y]",
        "p if data",
        "p if data[_]",
    ],
)
def test_what_may_lead_back_is_recursive(rule: str) -> None:
    with pytest.raises(RegoError) as caught:
        answer([f"package test\n{rule}"], "data.test.p")
    assert caught.value.code == "rego_recursion_error"
