"""Templates and constraints of any shape are loaded or refused with a place; nothing else is raised."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.errors import PolicyError
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.target import Cluster, review_document

from tests.gatekeeper.workbench import Json, constraint, document, manifest, template

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70),
    st.floats(-2, 2),
    st.sampled_from(["", "a", "*", "object", "Pod", "a-*"]),
)
ANY = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["a", "type", "name", "key"]), inner, max_size=2),
    ),
    max_leaves=5,
)
SCHEMA = {
    "type": "object",
    "properties": {
        "a": {"type": "string", "pattern": "^a", "default": "a"},
        "b": {"type": "array", "items": {"x-kubernetes-int-or-string": True}},
    },
}
SPEC: Json = {
    "enforcementAction": "scoped",
    "scopedEnforcementActions": [{"action": "deny", "enforcementPoints": [{"name": "*"}]}],
    "match": {
        "kinds": [{"apiGroups": [""], "kinds": ["Pod"]}],
        "namespaces": ["a*"],
        "labelSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
        "namespaceSelector": {"matchLabels": {"a": "b"}},
    },
    "parameters": {"a": "ab", "b": [1, "x"]},
}


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for name, item in value.items():
            found += _paths(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _paths(item, (*path, index))
    return found


def _with(value: Any, path: tuple[Any, ...], put: Any) -> Any:
    if not path:
        return put
    if isinstance(value, dict):
        return {name: _with(item, path[1:], put) if name == path[0] else item for name, item in value.items()}
    return [_with(item, path[1:], put) if index == path[0] else item for index, item in enumerate(value)]


TEMPLATE = template(schema=SCHEMA, libs=["package lib.x\n\nx = 1\n"], operations=["CREATE"])
CONSTRAINT = constraint(SPEC, metadata={"name": "probe", "annotations": {"a": "b"}})
# The two fields without which it is another kind of object, and is left alone.
_KEPT = [("apiVersion",), ("kind",)]


def _check(documents: list[Json]) -> None:
    loaded = load_policies(
        [document(value, f"{index}.json") for index, value in enumerate(documents)], engine="rego"
    )
    for error in loaded.errors:
        assert type(error).__mro__.count(PolicyError) == 1 and error.message
        assert error.location is not None and error.location.line > 0 and error.location.column > 0
    subject = document(manifest(labels={"a": "b"}))
    decision = evaluate(
        review_document(subject, Cluster()), loaded.policies, Facts({}), now_ns=0, limits=Limits(10_000)
    )
    assert decision.verdict in ("allow", "deny", "warn", "error")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([path for path in _paths(TEMPLATE) if path not in _KEPT]), ANY)
def test_any_value_anywhere_in_a_template(path: tuple[Any, ...], put: Any) -> None:
    _check([_with(TEMPLATE, path, put), CONSTRAINT])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([path for path in _paths(CONSTRAINT) if path not in _KEPT]), ANY)
def test_any_value_anywhere_in_a_constraint(path: tuple[Any, ...], put: Any) -> None:
    _check([TEMPLATE, _with(CONSTRAINT, path, put)])


def test_a_schema_of_any_depth() -> None:
    for depth in (20, 60, 110):
        schema: Json = {"type": "string"}
        for _ in range(depth // 2):
            schema = {"type": "object", "properties": {"a": schema}}
        _check([template(schema=schema), constraint({})])


_DOUBLED = "x0 := [1]\n" + "\n".join([f"  x{n + 1} := [x{n}, x{n}]" for n in range(45)])


@pytest.mark.parametrize(
    ("name", "rego", "reason"),
    [
        ("endless details", 'violation[{"msg": "m", "details": x45}]', "values"),
        ("endless details of two", 'violation[{"msg": ["m", "n"][_], "details": x45}]', "values"),
        ("endless message", 'violation[{"msg": sprintf("%v", [x45])}]', "steps"),
    ],
)
def test_results_that_are_small_and_endless(name: str, rego: str, reason: str) -> None:
    text = f"package x\n\n{rego} {{\n  {_DOUBLED}\n}}\n"
    documents = [document(template(rego=text), "template.json"), document(constraint({}), "constraint.json")]
    policies = load_policies(documents, engine="rego").policies
    review = review_document(document(manifest()), Cluster())
    limits = Limits(max_steps=100_000)
    decision = evaluate(review, policies, Facts({}), now_ns=0, limits=limits)
    (failure,) = decision.failures
    assert "template.json:" in failure.message and "data.template.violation" in failure.message
    assert reason in failure.message and decision.verdict == "error"
