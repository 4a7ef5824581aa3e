"""What comparisons with OPA and the fuzzer found, each as the smallest program that shows it, with OPA's answer."""

from dataclasses import dataclass
from typing import Any

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import parse_json, render_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Program, compile_program
from lockgate.engine.rego.source import Source


@dataclass(frozen=True, slots=True)
class Difference:
    """A module of package `test`, and the JSON text of its document for an input."""

    name: str
    module: str
    value: str
    given: str = "{}"


VALUES = [
    Difference(
        "a place named by a number or a constant is there without members",
        "r[1][x] := 1 if some x in input.q\ns[null] contains 1 if input.q\nt[true].a[x] := 1 if some x in input.q",
        '{"r":{"1":{}},"s":{"null":[]},"t":{"true":{"a":{}}}}',
    ),
    Difference(
        "names and constants below one document",
        'r[3.0e1] := true\nr.d[input.x] := "a"',
        '{"r":{"3.0e1":true,"d":{}}}',
    ),
    Difference(
        "of equal members the first is kept",
        "p := json.marshal({1e0, 1})\nq := json.marshal({x | some x in input.l})\nr contains x if some x in input.l\n"
        "s := json.marshal(r)",
        '{"p":"[1e0]","q":"[1.0]","r":[1.0],"s":"[1.0]"}',
        '{"l": [1.0, 1]}',
    ),
    Difference(
        "of equal keys the first is kept, with the last value",
        'p := object.get({0: [{1e0: "a", 1: []}]}, 0, null)',
        '{"p":[{"1e0":[]}]}',
    ),
    Difference(
        "a union keeps the first of equal members in the order of the sets",
        "p := json.marshal(union({{1e2, 5}, {100}}))",
        '{"p":"[5,1e2]"}',
    ),
    Difference(
        "a negative zero keeps its sign",
        "p := json.marshal(-0)\nq := input.n",
        '{"p":"-0","q":-0}',
        '{"n": -0}',
    ),
    Difference(
        "keys that are no strings are escaped like JSON in JSON",
        'p := json.marshal({["<"]: 1})',
        r'{"p":"{\"[\\\"\\\\u003c\\\"]\":1}"}',
    ),
    Difference(
        "keys in YAML go by the numbers in them",
        'p := yaml.marshal({"<&>": 1, "1": 1, "a10": 1, "a9": 1, "aB": 1, "007": 1, "ab1c": 1, "ab1": 1, "-": 1})',
        r"""{"p":"'-': 1\n<&>: 1\n\"1\": 1\n\"007\": 1\na9: 1\na10: 1\naB: 1\nab1: 1\nab1c: 1\n"}""",
    ),
    Difference("an empty key in YAML", 'p := yaml.marshal({"": 1})', r'{"p":"\"\": 1\n"}'),
    Difference("bytes that are not UTF-8, each for itself", 'p := count(hex.decode("c3e282ff"))', '{"p":4}'),
    Difference(
        "a reference binds what stands in a collection on the other side",
        "p contains x if [[x], {}] == input.l[x]",
        '{"p":[0]}',
        '{"l": [[[0], {}], [[2], {}]]}',
    ),
    Difference("a negated call of a call binds its wildcard", "p if not is_null(count(input.x[_]))", "{}"),
    Difference(
        "one comma ahead of a collection",
        'p := [,1]\nq := {,1}\nr := {,"a":1}',
        '{"p":[1],"q":[1],"r":{"a":1}}',
    ),
    Difference(
        "without networks nothing is looked at for matches",
        "p := net.cidr_contains_matches(set(), input.x)",
        '{"p":[]}',
        '{"x": [null]}',
    ),
    Difference("the least of nothing", "p := min(set())\nq := max([])\nr := 1", '{"r":1}'),
]

REFUSED = [
    ("a keyword heads a reference inside of a statement", "p if { x := not.foo; x }", "rego_parse_error"),
    ("a keyword heads a reference in an argument", "p if { count(package.foo) }", "rego_parse_error"),
    ("a keyword heads a statement", "p if { as.foo == 1 }", "rego_unsafe_var_error"),
    (
        "a function with its result as value has one argument too many",
        "p if { y := q(1); y }\nq() := 1",
        "rego_type_error",
    ),
    (
        "a keyword with an unknown target",
        "p contains x if { input.l[x] with dota.q as 1 }",
        "rego_type_error",
    ),
    (
        "a builtin as the value of a document",
        "p if { input.x with input.x as lower }",
        "rego_unsafe_var_error",
    ),
    ("a wildcard of a negated call", "p if not count(input.x[_])", "rego_unsafe_var_error"),
    ("unsafe variables come before recursion", "p := q\nq := p if x", "rego_unsafe_var_error"),
]


def compiled(module: str) -> Program:
    """The program of a module of package `test`."""
    source = Source(f"package test\n{module}\n", "case.rego")
    return compile_program([parse_module(source)], entrypoints=["data.test"], capabilities=Capabilities())


@pytest.mark.parametrize("case", VALUES, ids=lambda case: case.name)
def test_value(case: Difference) -> None:
    value: Any = (
        compiled(case.module)
        .prepare()
        .evaluate("data.test", input=parse_json(case.given), now_ns=0, limits=Limits())
    )
    assert render_json(value) == case.value


@pytest.mark.parametrize(
    ("module", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refused(module: str, code: str) -> None:
    with pytest.raises(RegoError) as caught:
        compiled(module)
    assert caught.value.code == code


def test_packages_are_named_as_keywords_are() -> None:
    for name in ("package", "default", "not", "true", "with", "in"):
        assert parse_module(Source(f"package {name}\np := 1\n", "case.rego")).package == (name,)
