"""Constraints as policies: what a template's results become."""

from typing import Any, get_args

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.policy import EvaluationContext, Facts, Matched, NotMatched, Policy
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.policy import MessageFailure
from lockgate.gatekeeper.target import Cluster, Operation, review_document
from lockgate.gatekeeper.template import EngineChoice

from tests.gatekeeper.workbench import Json, constraint, document, manifest, template

NOW = 1_700_000_000_000_000_000
KEY = PolicyKey("Probe", "probe")
WEBHOOK: EnforcementPoint = "validation.gatekeeper.sh"
GATOR: EnforcementPoint = "gator.gatekeeper.sh"


def load(
    made: Json, bound: Json | None = None, point: EnforcementPoint = WEBHOOK, engine: EngineChoice = "default"
) -> Policy:
    loaded = load_policies(
        [document(made), document(constraint({}) if bound is None else bound)], point=point, engine=engine
    )
    assert not loaded.errors, loaded.errors
    return loaded.policies.policies[0]


def results(
    rego: str,
    value: Json | None = None,
    *,
    facts: Facts | None = None,
    point: EnforcementPoint = WEBHOOK,
    limits: Limits | None = None,
    spec: Json | None = None,
) -> list[Violation | Failure | NotEvaluated]:
    policy = load(template("package probe\n\n" + rego), constraint(spec or {}), point)
    review = review_document(document(value or manifest()), Cluster())
    context = EvaluationContext(facts or Facts({}), NOW, limits or Limits())
    return sorted(policy.violations(review, context), key=str)


def violation(message: str = "x", **more: Any) -> Violation:
    return Violation(KEY, message, ("deny",), **more)


@pytest.mark.parametrize(
    ("name", "rego", "expected"),
    [
        ("none", 'violation[{"msg": "x"}] { false }', []),
        ("one", 'violation[{"msg": "x"}] { true }', [violation()]),
        ("a result without msg is dropped", 'violation[{"details": {}}] { true }', []),
        ("a result that is no object is dropped", 'violation["x"] { true }', []),
        ("other keys do not count", 'violation[{"msg": "x", "n": n}] { n := [1, 2][_] }', [violation()]),
        (
            "equal messages with other details are two",
            'violation[{"msg": "x", "details": {"n": n}}] { n := [1, 2][_] }',
            [violation(details={"n": 1}), violation(details={"n": 2})],
        ),
        (
            "numbers that are equal are one",
            'violation[{"msg": "x", "details": {"n": n}}] { n := [1, 1.0][_] }',
            [violation(details={"n": 1})],
        ),
        (
            "empty details are none",
            'violation[{"msg": "x", "details": {}}] { true }\nviolation[{"msg": "x"}] { true }',
            [violation()],
        ),
        (
            "true is not 1",
            'violation[{"msg": "x", "details": {"n": n}}] { n := [1, true][_] }',
            [violation(details={"n": 1}), violation(details={"n": True})],
        ),
        (
            "path and fix",
            'violation[{"msg": "x", "details": {"path": ["spec", "a", 0], "fix": "do it"}}] { true }',
            [
                violation(
                    details={"path": ["spec", "a", 0], "fix": "do it"}, path=("spec", "a", 0), fix="do it"
                )
            ],
        ),
        (
            "a path that is none",
            'violation[{"msg": "x", "details": {"path": ["a", null]}}] { true }',
            [violation(details={"path": ["a", None]})],
        ),
        (
            "details that are no object",
            'violation[{"msg": "x", "details": "y"}] { true }',
            [violation(details="y")],
        ),
        (
            "msg that is no string fails the review",
            'violation[{"msg": 3}] { true }\nviolation[{"msg": "x"}] { true }',
            [MessageFailure(KEY, "a violation's msg must be a string, not number")],
        ),
        ("a set by a complete rule", 'violation = {{"msg": "x"}} { true }', [violation()]),
        ("an array binds indices", 'violation = [{"msg": "x"}] { true }', []),
        (
            "an object with object keys binds the keys",
            'violation = {{"msg": "x"}: 1} { true }',
            [violation()],
        ),
        (
            "the clock",
            'violation[{"msg": msg}] { msg := sprintf("%d", [time.now_ns()]) }',
            [violation(str(NOW))],
        ),
    ],
    ids=lambda row: row if isinstance(row, str) and " " in row else "",
)
def test_results(name: str, rego: str, expected: list[Violation | Failure]) -> None:
    assert results(rego) == expected


def test_an_evaluation_that_fails_closes() -> None:
    found = results('violation[{"msg": "x"}] { p == 1 }\np = 1 { true }\np = 2 { true }')
    assert len(found) == 1 and isinstance(found[0], Failure) and "conflict" in found[0].message


def test_an_evaluation_over_its_limit_closes() -> None:
    rego = 'violation[{"msg": "x"}] { numbers.range(1, 100)[_] == numbers.range(1, 100)[_]; input.review.object.kind == "Nothing" }'
    found = results(rego, limits=Limits(max_steps=1_000))
    assert len(found) == 1 and isinstance(found[0], Failure)


INVENTORY = 'violation[{"msg": "x"}] { not data.inventory.cluster.v1.Namespace.shop }'


def test_the_inventory_must_be_known() -> None:
    found = results(INVENTORY, facts=Facts(None))
    assert len(found) == 1 and isinstance(found[0], NotEvaluated) and "inventory" in found[0].needs
    assert results(INVENTORY, facts=Facts({})) == [violation()]
    there: Any = {"cluster": {"v1": {"Namespace": {"shop": manifest("Namespace", "shop")}}}}
    assert results(INVENTORY, facts=Facts(there)) == []


@pytest.mark.parametrize(
    ("name", "rego", "value", "point", "evaluated"),
    [
        ("user", "input.review.userInfo.username", manifest(), WEBHOOK, False),
        ("user in gator", "input.review.userInfo.username", manifest(), GATOR, True),
        ("Namespace", "input.review.namespaceObject.metadata", manifest(), WEBHOOK, False),
        ("Namespace, by a key", 'input.review["namespaceObject"].metadata', manifest(), WEBHOOK, False),
        ("Namespace of none", "input.review.namespaceObject.metadata", manifest("Node"), WEBHOOK, True),
        ("Namespace in gator", "input.review.namespaceObject.metadata", manifest(), GATOR, True),
        (
            "user, by a variable",
            'object.get(input.review, "userInfo", {}).username',
            manifest(),
            WEBHOOK,
            False,
        ),
        ("other fields", "input.review.object.metadata.x", manifest(), WEBHOOK, True),
    ],
)
def test_what_a_manifest_does_not_tell(
    name: str, rego: str, value: Json, point: EnforcementPoint, evaluated: bool
) -> None:
    policy = load(
        template(f'package probe\n\nviolation[{{"msg": "x"}}] {{ not {rego} }}'), constraint({}), point
    )
    # That an object is judged as created does not tell who creates it.
    for operation in get_args(Operation):
        review = review_document(document(value), Cluster(), operation=operation)
        found = policy.violations(review, EvaluationContext(Facts({}), NOW, Limits()))
        assert found == [violation()] if evaluated else isinstance(found[0], NotEvaluated)


def test_annotations_name_rule_page_and_fix() -> None:
    made = template()
    made["metadata"]["annotations"] = {
        "lockgate.dev/rule": "r1",
        "lockgate.dev/docs": "a",
        "lockgate.dev/fix": "b",
    }
    plain = load(made)
    review = review_document(document(manifest()), Cluster())
    context = EvaluationContext(Facts({}), NOW, Limits())
    assert plain.violations(review, context) == [violation("hit", rule="r1", docs="a", fix="b")]
    own = constraint({"enforcementAction": "warn"})
    own["metadata"]["annotations"] = {"lockgate.dev/docs": "c", "lockgate.dev/rule": "ignored"}
    found = load(made, own).violations(review, context)
    assert found == [Violation(KEY, "hit", ("warn",), rule="r1", docs="c", fix="b")]


def test_a_constraint_without_an_action_at_the_point_does_not_match() -> None:
    scoped = [{"action": "deny", "enforcementPoints": [{"name": "audit.gatekeeper.sh"}]}]
    bound = constraint({"enforcementAction": "scoped", "scopedEnforcementActions": scoped})
    review = review_document(document(manifest()), Cluster())
    found = load(template(), bound).match(review)
    assert isinstance(found, NotMatched) and found.matcher == "enforcementAction"
    assert isinstance(load(template(), bound, "audit.gatekeeper.sh").match(review), Matched)


@pytest.mark.parametrize(
    ("operations", "operation", "point", "matches"),
    [
        ([], "DELETE", WEBHOOK, True),
        (["*"], "DELETE", WEBHOOK, True),
        (["CREATE"], "CREATE", WEBHOOK, True),
        (["CREATE"], "UPDATE", WEBHOOK, False),
        (["UPDATE"], "", WEBHOOK, True),
        (["DELETE"], "", WEBHOOK, False),
        (["DELETE"], "CREATE", GATOR, True),
    ],
)
def test_operations_count_at_the_webhook(
    operations: list[str], operation: str, point: EnforcementPoint, matches: bool
) -> None:
    from dataclasses import replace

    policy = load(template(operations=operations), point=point)
    review = review_document(document(manifest()), Cluster())
    review = replace(review, request={**review.request, "operation": operation})
    assert isinstance(policy.match(review), Matched) is matches


def test_parameters_reach_the_policy_with_defaults() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "default": "d"}, "b": {"type": "integer"}},
    }
    rego = 'package p\n\nviolation[{"msg": msg}] { msg := json.marshal(input.parameters) }\n'
    review = review_document(document(manifest()), Cluster())
    context = EvaluationContext(Facts({}), NOW, Limits())
    policy = load(template(rego, schema=schema), constraint({"parameters": {"b": 1_000_000}}))
    assert policy.violations(review, context) == [violation('{"a":"d","b":1000000}')]
