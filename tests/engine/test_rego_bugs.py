"""What random programs found wrong once, as small modules with OPA's answers."""

import json

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Undefined, parse_json, render_rego
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Prepared, Program, compile_program
from lockgate.engine.rego.source import Source

from tests.conformance.opa import agrees
from tests.engine.rego_cases import Case

CASES = [
    Case(
        "a rule at a fixed place below a partial document is part of it",
        "v1",
        'r[x] contains y if some x, y in input.q\nr["a"] contains true if input.z\ns.a contains true if input.z',
        {"q": {"b": 1}},
        value={"r": {"b": [1]}, "s": {"a": []}},
    ),
    Case(
        "fixed and free keys of one partial document",
        "v1",
        'r[x][y] := 1 if some x, y in input.q\nr["a"][y] := 2 if some y in input.z\np := r.a\nq := r.a.z',
        {"q": {"b": "c"}, "z": ["z"]},
        value={"r": {"a": {"z": 2}, "b": {"c": 1}}, "p": {"z": 2}, "q": 2},
    ),
    Case(
        "of keys that are written alike the last counts",
        "v1",
        'f(x) := 1 if x == 0\np := {lower(input.k): f(1), lower(input.k): 2}\nq := {"a": f(1), "a": 3}',
        {"k": "K"},
        value={"p": {"k": 2}, "q": {"a": 3}},
    ),
    Case(
        "no word of a policy is replaced in its code",
        "v1",
        'p := "slots_M"\nq[k] := v if some k, v in {"slots_M": "slots_M"}',
        None,
        value={"p": "slots_M", "q": {"slots_M": "slots_M"}},
    ),
]

CASES += [
    Case(
        "keys that turn out to be equal: written ones come first",
        "v1",
        'p := {input.k: 1, "K": 2}\nq := {x: 1, y: 2} if { x := input.k; y := "K" }',
        {"k": "K"},
        value={"p": {"K": 1}, "q": {"K": 2}},
    ),
    Case(
        "`walk` as a statement holds once for each path",
        "v1",
        "p := count([1 | walk(input)])\nq if walk(input)\nr if not walk(input)",
        {"k": ["K"]},
        value={"p": 3, "q": True},
    ),
    Case(
        "literals where Python warns of them",
        "v1",
        'f(x) := y if { y := null; y == x }\np if { x := 1; not is_null("a"); not g(x, null) }\n'
        "g(x, y) if x == y\nq if { x := null; y := true; not g(x, y) }\n"
        "r if { x := true; [a, b] = [x, null]; a == true; b == null; a != b }",
        {},
        value={"p": True, "q": True, "r": True},
    ),
]
LOOPS = "; ".join(f"some x{number} in input.one" for number in range(13))
CASES += [
    Case(
        "`every` in a body so deep that its code goes on in a nested function",
        "v1",
        f"p if {{ {LOOPS}; every y in input.two {{ y == 1 }} }}\n"
        f"q if {{ {LOOPS}; every y in input.two {{ some z in [y]; every w in [z] {{ w == 1 }} }} }}\n"
        f"r contains c if {{ {LOOPS}; c := [x0 | every y in input.two {{ y == 1 }}] }}",
        {"one": [1], "two": [1, 2]},
        value={"r": [[]]},
    ),
]


def compiled(module: str) -> Program:
    source = Source(f"package test\n\n{module}\n", "case.rego", "v1")
    return compile_program([parse_module(source)], entrypoints=["data.test"], capabilities=Capabilities())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_value(case: Case) -> None:
    program = compiled(case.module)

    def evaluated() -> object:
        given = parse_json(json.dumps(case.input))
        return program.prepare().evaluate("data.test", input=given, now_ns=0, limits=Limits())

    if case.error:
        with pytest.raises(EvaluationError, match=f"{case.error}: "):
            evaluated()
        return
    value = evaluated()
    assert not isinstance(value, Undefined)
    assert agrees(value, parse_json(json.dumps(case.value))), value  # type: ignore[arg-type]


@pytest.mark.parametrize("module", ["x := 5\np := x.foo", "p := 5 if { x := 5; x.foo }"])
def test_reference_into_a_number_is_python_code_too(module: str) -> None:
    """OPA's type checker refuses these; here they compile, or are refused as Rego is."""
    try:
        program = compiled(module)
    except RegoError:
        return
    value = program.prepare().evaluate("data.test", input={}, now_ns=0, limits=Limits())
    assert isinstance(value, dict)
    assert "p" not in value


TOO_LARGE = {
    "loops": "p if { " + "; ".join(f"some x{number} in input.x" for number in range(120)) + " }",
    "wildcards": "p if input" + "[_]" * 200,
    "every": "p if { "
    + "".join(f"every x{n} in input.x {{ x{n}; " for n in range(55))
    + "x0 == x54"
    + " }" * 56,
    "keys": f"p{''.join(f'[x{n}]' for n in range(120))} := 1 if {{ {'; '.join(f'x{n} = input[_]' for n in range(120))} }}",
    "reference": "p := input" + ".a" * 2_001,
    "order": "p if { " + "; ".join(f"x{number} = x{number + 1}" for number in range(3_000)) + "; x3000 = 1 }",
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_python_cannot_compile_is_refused_with_its_rule(name: str) -> None:
    with pytest.raises(RegoError, match=r"rule data\.test\.p does not compile: ") as caught:
        compiled(TOO_LARGE[name])
    assert caught.value.errors[0].location.line == 3


def test_entry_points_inside_of_rules() -> None:
    module = 'package a\nb[x] := {"y": 1} if some x in ["x", "z"]\nc := {"x": {"y": 2}}\nf(x) := x'
    below = 'package a.b\nviolation contains "no" if input.x'
    asked = {"data.a.b.violation": '{"no"}', "data.a.b.x.y": "1", "data.a.c.x": '{"y": 2}'}
    modules = [parse_module(Source(text, f"{number}.rego")) for number, text in enumerate([module, below])]
    missing = ["data.a.c.y", "data.a.f.x", "data.a.q"]
    program = compile_program(modules, entrypoints=[*asked, *missing], capabilities=Capabilities())
    found = {
        entry: program.prepare().evaluate(entry, input={"x": 1}, now_ns=0, limits=Limits())
        for entry in [*asked, *missing]
    }
    assert {
        entry: render_rego(value) for entry, value in found.items() if not isinstance(value, Undefined)
    } == asked


@pytest.mark.parametrize("reference", ['{"a"}.s[i]', '{"a": {}}.b[i]', '{"a": {}}.a.b.c[i]'])
def test_variables_of_a_place_that_is_not_there(reference: str) -> None:
    """What calls itself is looked at as a whole, before types tell of places that are not there."""
    with pytest.raises(RegoError, match="recurs"):
        compiled(f'p if {{\n\tx = {reference}\n\tj := sprintf("%v", [i])\n\tj != x\n\tp\n}}')


def test_rules_that_no_entry_point_leads_to_are_looked_at_and_not_generated() -> None:
    def source(other: str) -> str:
        module = parse_module(Source(f"package a\np if f(input.x)\nf(x) if x == 1\n{other}", "a.rego"))
        return compile_program(
            [module], entrypoints=["data.a.p"], capabilities=Capabilities()
        ).artifact.source

    assert source("other(x) := x + 1") == source("") != source("p if input.y")
    for wrong in ("other if x > 1", "other(x) := y", "other := [x | not x]"):
        with pytest.raises(RegoError, match=r"unsafe|undefined"):
            source(wrong)


def test_long_format() -> None:
    count = 3_000
    module = f'p := sprintf("{"%v" * count}", [{", ".join(["input.x"] * count)}])'
    value = compiled(module).prepare().evaluate("data.test", input={"x": "a"}, now_ns=0, limits=Limits())
    assert value == {"p": "a" * count}


@pytest.mark.parametrize("steps", range(1, 200, 7))
def test_a_limit_means_the_same_whatever_was_computed_before(steps: int) -> None:
    """A document, a comprehension and a function of constants, which later evaluations share."""
    module = """
fixed := [x | some x in input.parameters.xs]
f(s) := n if { n := count([1 | some x in fixed; startswith(x, s)]) }
f(s) := 0 if s == "none"
p := [count(fixed), f(input.s), {x | some x in input.parameters.xs}, [y | some y in input.ys]]
"""
    parameters = [f"a{number}" for number in range(40)]
    program = compiled(module)
    constants = {("input", "parameters"): parse_json(json.dumps({"xs": parameters}))}
    used = program.prepare(constants)  # type: ignore[arg-type]

    def outcome(prepared: Prepared, text: str) -> str:
        given = parse_json(json.dumps({"parameters": {"xs": parameters}, "s": text, "ys": [1] * 30}))
        try:
            value = prepared.evaluate("data.test", input=given, now_ns=0, limits=Limits(max_steps=steps))
        except EvaluationError as error:
            return str(error)
        assert not isinstance(value, Undefined)
        return render_rego(value)

    for text in ("a", "a", "b", "none", "a"):
        alone = outcome(program.prepare(constants), text)  # type: ignore[arg-type]
        assert outcome(used, text) == alone
