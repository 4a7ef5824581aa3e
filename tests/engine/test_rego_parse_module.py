"""`rego.parse_module`: OPA 1.22.2's JSON of a syntax tree."""

import json
from typing import Any

import pytest
from lockgate.engine.codegen.values import render_json
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.modules import rego_parse_module


class Unmetered:
    """A context that lets a builtin spend what it wants."""

    now_ns = 0

    def spend(self, steps: int) -> None:
        """Nothing is counted."""


def tree(text: str) -> Any:
    return json.loads(render_json(rego_parse_module(Unmetered(), "x.rego", f"package test\n{text}")))


def var(name: str) -> dict[str, Any]:
    return {"type": "var", "value": name}


def number(value: int) -> dict[str, Any]:
    return {"type": "number", "value": value}


def string(value: str) -> dict[str, Any]:
    return {"type": "string", "value": value}


def ref(name: str, *rest: str) -> dict[str, Any]:
    return {"type": "ref", "value": [var(name), *map(string, rest)]}


TRUE = {"type": "boolean", "value": True}
HOLDS = [{"generated": True, "index": 0, "terms": TRUE}]


def test_module() -> None:
    made = tree("# a comment\nimport data.x.y as z\np := 1")
    assert made == {
        "package": {"path": [var("data"), string("test")]},
        "imports": [{"path": ref("data", "x", "y"), "alias": "z"}],
        "comments": [{"Text": "IGEgY29tbWVudA==", "Location": {"file": "x.rego", "row": 2, "col": 1}}],
        "rules": [
            {"body": HOLDS, "head": {"name": "p", "ref": [var("p")], "value": number(1), "assign": True}}
        ],
    }


@pytest.mark.parametrize(
    ("rule", "head"),
    [
        ("p if true", {"name": "p", "ref": [var("p")], "value": TRUE}),
        ("p contains 1", {"name": "p", "ref": [var("p")], "key": number(1)}),
        (
            "p.q := 1",
            {
                "name": "p",
                "ref": [var("p"), string("q")],
                "key": string("q"),
                "value": number(1),
                "assign": True,
            },
        ),
        ("p.q.r := 1", {"ref": [var("p"), string("q"), string("r")], "value": number(1), "assign": True}),
        ("p[x] if x = 1", {"ref": [var("p"), var("x")], "key": var("x"), "value": TRUE}),
        ("f(x) = 2", {"name": "f", "ref": [var("f")], "args": [var("x")], "value": number(2)}),
    ],
)
def test_heads(rule: str, head: dict[str, Any]) -> None:
    assert tree(rule)["rules"][0]["head"] == head


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("input.a", {"index": 0, "terms": ref("input", "a")}),
        ("not x == 1", {"index": 0, "negated": True, "terms": [ref("equal"), var("x"), number(1)]}),
        ("x := 1", {"index": 0, "terms": [ref("assign"), var("x"), number(1)]}),
        ("x = 1", {"index": 0, "terms": [ref("eq"), var("x"), number(1)]}),
        ("some x, y", {"index": 0, "terms": {"symbols": [var("x"), var("y")]}}),
        (
            "some x in y",
            {
                "index": 0,
                "terms": {
                    "symbols": [{"type": "call", "value": [ref("internal", "member_2"), var("x"), var("y")]}]
                },
            },
        ),
        (
            "every x in y { x }",
            {
                "index": 0,
                "terms": {
                    "key": None,
                    "value": var("x"),
                    "domain": var("y"),
                    "body": [{"index": 0, "terms": var("x")}],
                },
            },
        ),
        (
            "x with input.a as 1",
            {"index": 0, "terms": var("x"), "with": [{"target": ref("input", "a"), "value": number(1)}]},
        ),
        (
            "{3, 1, 1}",
            {"index": 0, "terms": {"type": "set", "value": [number(1), number(3)]}},
        ),
        (
            '{"b": 1, "a": _}',
            {
                "index": 0,
                "terms": {"type": "object", "value": [[string("a"), var("$0")], [string("b"), number(1)]]},
            },
        ),
        (
            "[x | x]",
            {
                "index": 0,
                "terms": {
                    "type": "arraycomprehension",
                    "value": {"term": var("x"), "body": [{"index": 0, "terms": var("x")}]},
                },
            },
        ),
        (
            '$"a{x}"',
            {
                "index": 0,
                "terms": {
                    "type": "templatestring",
                    "value": {"multi_line": False, "parts": [string("a"), {"index": 0, "terms": var("x")}]},
                },
            },
        ),
        ("null", {"index": 0, "terms": {"type": "null", "value": {}}}),
    ],
)
def test_statements(statement: str, expected: dict[str, Any]) -> None:
    assert tree(f"p if {{\n{statement}\n}}")["rules"][0]["body"] == [expected]


def test_logic_nests_to_the_left() -> None:
    body = tree("import rego.v2\np if { a and b and { c } }")["rules"][0]["body"]
    (inner,) = body[0]["terms"]["lhs"]
    assert body[0]["terms"]["explicit_rhs"] is True
    assert inner["terms"]["type"] == "and"
    assert inner["terms"]["lhs"] == [{"index": 0, "terms": var("a")}]


def test_else_and_default() -> None:
    first, second = tree("default p := 0\nq := 1 if a else := 2 if b")["rules"]
    assert first["default"] is True
    assert second["else"]["head"]["value"] == number(2)
    assert second["else"]["body"] == [{"index": 0, "terms": var("b")}]


def test_no_rego() -> None:
    with pytest.raises(BuiltinError, match="rego_parse_error") as caught:
        tree("p {")
    assert caught.value.code == "eval_builtin_error"
