"""Trees as text again."""

import pytest
from hypothesis import given
from lockgate.engine.cel.ast import Node
from lockgate.engine.cel.parser import parse
from lockgate.engine.cel.printing import render_expression

from tests.engine.cel.trees import TREES, shape

# As it is written, and as it is rendered.
RENDERED = [
    ("a&&b||c", "a && b || c"),
    ("a && (b && c)", "a && (b && c)"),
    ("a && b && c && d && e", "a && b && c && d && e"),
    ("(a && b) && c", "a && b && c"),
    ("((a + b)) * c", "(a + b) * c"),
    ("a - (b - c)", "a - (b - c)"),
    ("a ? b : c ? d : e", "a ? b : c ? d : e"),
    ("a ? (b ? c : d) : e", "a ? (b ? c : d) : e"),
    ("-(5)", "-(5)"),
    ("--5", "5"),
    ("!(!a)", "!(!a)"),
    ("(-a).b", "(-a).b"),
    ("-5.f()", "-5.f()"),
    ("has(a.b)", "has(a.b)"),
    ("a.?b[?'c'].orValue(1u)", 'a.?b[?"c"].orValue(1u)'),
    ("[?a, b,]", "[?a, b]"),
    ("{?'a': b, 1: 2.50}", '{?"a": b, 1: 2.5}'),
    ("a.b.C{?d: 1}", "a.b.C{?d: 1}"),
    ("a.existsOne(k, v, v > k)", "a.exists_one(k, v, v > k)"),
    (r"'\'\"\\\n\u00e9\u0001\U0001F600'", '"\'\\"\\\\\\né\\u0001😀"'),
    (r"b'é\x00\"'", r'b"\xc3\xa9\x00\""'),
]


@pytest.mark.parametrize(("source", "rendered"), RENDERED)
def test_rendered(source: str, rendered: str) -> None:
    assert render_expression(parse(source)) == rendered


@given(TREES)
def test_rendered_trees_are_parsed_as_they_were(node: Node) -> None:
    assert shape(parse(render_expression(node))) == shape(node)
