"""The part of an expression that decided its value, or failed."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.errors import CostError
from lockgate.engine.cel.explanation import Part, decisive_part, plain_value
from lockgate.engine.cel.values import Map, Optional, Uint, Value
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, Number

from tests.engine.cel.evaluating import checked, compiled, outcome

OBJECT: dict[str, Value] = {
    "spec": {
        "replicas": 1,
        "host": True,
        "containers": [{"name": "a", "image": "x/a"}, {"name": "b", "image": "y/b", "privileged": True}],
    },
    "metadata": {"name": "web", "labels": {"app": "web"}},
}
VARIABLES: dict[str, Value] = {"object": OBJECT, "x": {"list": [1, 2, 3]}}


@dataclass(frozen=True)
class Case:
    """An expression, the text of its decisive part, what that names, its error, and what decided inside."""

    source: str
    text: str
    values: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    inner: str = ""


CASES = (
    Case("object.spec.replicas >= 2", "object.spec.replicas >= 2", {"object.spec.replicas": 1}),
    # Of `&&` the first term that is false decides, of `||` the first that is true; else all of them do.
    Case(
        "object.spec.host && object.spec.replicas > 3 && object.spec.replicas > 2",
        "object.spec.replicas > 3",
        {"object.spec.replicas": 1},
    ),
    Case(
        "object.spec.replicas > 3 || !object.spec.host",
        "object.spec.replicas > 3 || !object.spec.host",
        {"object.spec.replicas": 1, "object.spec.host": True},
    ),
    Case("object.spec.replicas > 3 || object.spec.host", "object.spec.host", {"object.spec.host": True}),
    Case("!(object.spec.replicas > 3 || object.spec.host)", "object.spec.host", {"object.spec.host": True}),
    Case("object.spec.host ? object.spec.replicas == 2 : true", "object.spec.replicas == 2", {"object.spec.replicas": 1}),
    Case("has(object.spec.volumes)", "has(object.spec.volumes)", {"has(object.spec.volumes)": False}),
    Case(
        "object.metadata.name.startsWith('x')",
        'object.metadata.name.startsWith("x")',
        {"object.metadata.name": "web"},
    ),
    # Macros: the turn that decided.
    Case(
        "object.spec.containers.all(c, c.name != '' && c.image.startsWith('x/'))",
        'object.spec.containers.all(c, c.name != "" && c.image.startsWith("x/"))',
        {"object.spec.containers": OBJECT["spec"]["containers"]},
        inner='c.image.startsWith("x/")',
    ),
    Case(
        "!object.spec.containers.exists(c, has(c.privileged) && c.privileged)",
        "object.spec.containers.exists(c, has(c.privileged) && c.privileged)",
        {"object.spec.containers": OBJECT["spec"]["containers"]},
        inner="has(c.privileged) && c.privileged",
    ),
    Case(
        "x.list.exists(i, i > 3)", "x.list.exists(i, i > 3)", {"x.list": [1, 2, 3]}
    ),
    Case("x.list.map(i, i * 2) == []", "x.list.map(i, i * 2) == []", {"x.list": [1, 2, 3]}),
    # Errors: the operand that raised it.
    Case(
        "size(object.spec.volumes) == 0", "object.spec.volumes", {"object.spec.volumes": UNDEFINED}, "no such key: volumes"
    ),
    Case("object.a.b.c == 1", "object.a", {"object.a": UNDEFINED}, "no such key: a"),
    Case(
        "object.spec.containers.all(c, c.privileged)",
        "object.spec.containers.all(c, c.privileged)",
        {"object.spec.containers": OBJECT["spec"]["containers"]},
        "no such key: privileged",
        "c.privileged",
    ),
    Case("1 / (object.spec.replicas - 1) > 0", "1 / (object.spec.replicas - 1)", {"object.spec.replicas": 1}, "division by zero"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.source)
def test_the_decisive_part(case: Case) -> None:
    for expression in (compiled(case.source), checked(case.source)):
        assert expression is not None
        part = decisive_part(expression, VARIABLES, CostBudget(Limits()))
        assert (part.text, dict(part.values), part.error) == (case.text, case.values, case.error)
        assert ("" if part.inner is None else part.inner.text) == case.inner


def test_a_turn_shows_its_own_values_and_where_it_is() -> None:
    source = "object.spec.containers.all(c,\n  c.image.startsWith('x/'))"
    part = decisive_part(compiled(source), VARIABLES, CostBudget(Limits()))
    assert part.inner is not None
    assert dict(part.inner.values) == {"c.image": "y/b"}
    assert source[part.inner.offset :].startswith("c.image")


def test_variables_that_are_read_are_named() -> None:
    variables: dict[str, Value] = {"variables": {"a": False, "b": 1}, "object": {}, "x": 1}
    part = decisive_part(
        compiled("variables.a || variables.b + variables.b > 2"), variables, CostBudget(Limits())
    )
    assert part.reads == ("a", "b")


def test_the_budget_is_the_expression_s() -> None:
    expression = compiled("[1, 2, 3].all(a, [1, 2, 3].all(b, [1, 2, 3].all(c, a + b + c < 0)))")
    with pytest.raises(CostError):
        decisive_part(expression, VARIABLES, CostBudget(Limits(max_steps=20)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (Uint(3), 3),
        (1.5, Number("1.5")),
        (float("inf"), "+Inf"),
        (float("nan"), "NaN"),
        (b"ab", "[97 98]"),
        (Optional(1), "optional(1)"),
        (Map([(1, "a"), (True, "b")]), {"1": "a", "true": "b"}),
        (list(range(1000)), list(range(50))),
        ({"a": [{"b": 1.0}]}, {"a": [{"b": Number("1")}]}),
    ],
)
def test_values_are_shown_as_plain_data(value: Value, shown: Any) -> None:
    assert plain_value(value) == shown


def test_deep_values_end() -> None:
    deep: Value = 1
    for _ in range(200):
        deep = [deep]
    assert "1" in str(plain_value(deep))


_TERMS = st.recursive(
    st.sampled_from(["true", "false", "object.spec.host", "object.spec.none", "object.spec.replicas > 2", "x.list.all(i, i > 1)"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
        inner.map(lambda one: f"x.list.exists(i, {one})"),
    ),
    max_leaves=8,
)  # fmt: skip


def _innermost(part: Part) -> Part:
    return part if part.inner is None else _innermost(part.inner)


@given(_TERMS)
def test_a_part_fails_if_the_whole_does(source: str) -> None:
    expression = compiled(source)
    part = decisive_part(expression, VARIABLES, CostBudget(Limits()))
    assert bool(part.error) == str(outcome(expression, VARIABLES)).startswith("CelError")
    assert bool(_innermost(part).error) == bool(part.error)


@pytest.mark.parametrize(
    "source",
    [
        " + ".join(["x.none"] * 240) + " == 1",
        " && ".join(["x.list == []"] * 240),
        "!" * 240 + "x.none",
        "x" + ".a" * 240 + " == 1",
        "x.list == " + "[" * 110 + "]" * 110,
        "[1].all(a, " * 60 + "a == 2" + ")" * 60,
        "(true ? " * 50 + "false" + " : true)" * 50,
    ],
)
def test_the_deepest_expressions_are_explained(source: str) -> None:
    part = decisive_part(compiled(source), VARIABLES, CostBudget(Limits()))
    assert part.text
