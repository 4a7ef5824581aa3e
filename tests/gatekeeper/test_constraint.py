"""Constraints against a table of facts; enforcement actions by point."""

from typing import Any

import pytest
from lockgate.engine.codegen.values import render_json
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.constraint import Constraint, find_template, parse_constraint
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.problems import ConstraintSchemaError, flatten
from lockgate.gatekeeper.template import parse_template

from tests.gatekeeper.constraint_cases import CONSTRAINT_CASES, ConstraintCase
from tests.gatekeeper.workbench import Json, constraint, document, template


def parse(value: Json, schema: Any = None, point: EnforcementPoint = "gator.gatekeeper.sh") -> Constraint:
    made = parse_template(document(template(schema=schema)))
    bound = document(value, "constraint.yaml")
    return parse_constraint(bound, find_template(bound, [made]), point=point)


@pytest.mark.parametrize("case", CONSTRAINT_CASES, ids=lambda case: case.name)
def test_constraint_facts(case: ConstraintCase) -> None:
    if case.outcome == "valid":
        assert render_json(parse(case.value, case.schema).parameters) == case.shown
        return
    with pytest.raises(PolicyError) as caught:
        parse(case.value, case.schema)
    assert isinstance(caught.value, ConstraintSchemaError) is (case.outcome == "schema")
    errors = flatten(caught.value)
    assert any(case.shown in f"{error.message} {error.hint}" for error in errors), [e.message for e in errors]
    for error in errors:
        assert error.location is not None and error.location.file == "constraint.yaml" and error.quoted


EVERYWHERE = [{"action": "deny", "enforcementPoints": [{"name": "*"}]}]
SPLIT = [
    {
        "action": "warn",
        "enforcementPoints": [{"name": "gator.gatekeeper.sh"}, {"name": "audit.gatekeeper.sh"}],
    },
    {
        "action": "deny",
        "enforcementPoints": [{"name": "validation.gatekeeper.sh"}, {"name": "audit.gatekeeper.sh"}],
    },
]
GATOR: EnforcementPoint = "gator.gatekeeper.sh"
WEBHOOK: EnforcementPoint = "validation.gatekeeper.sh"
AUDIT: EnforcementPoint = "audit.gatekeeper.sh"
VAP: EnforcementPoint = "vap.k8s.io"


@pytest.mark.parametrize(
    ("name", "spec", "point", "actions"),
    [
        ("default", {}, WEBHOOK, ("deny",)),
        ("warn", {"enforcementAction": "warn"}, GATOR, ("warn",)),
        ("dryrun", {"enforcementAction": "dryrun"}, AUDIT, ("dryrun",)),
        (
            "everywhere",
            {"enforcementAction": "scoped", "scopedEnforcementActions": EVERYWHERE},
            VAP,
            ("deny",),
        ),
        ("at gator", {"enforcementAction": "scoped", "scopedEnforcementActions": SPLIT}, GATOR, ("warn",)),
        (
            "at the webhook",
            {"enforcementAction": "scoped", "scopedEnforcementActions": SPLIT},
            WEBHOOK,
            ("deny",),
        ),
        (
            "two at once",
            {"enforcementAction": "scoped", "scopedEnforcementActions": SPLIT},
            AUDIT,
            ("deny", "warn"),
        ),
        ("at none", {"enforcementAction": "scoped", "scopedEnforcementActions": SPLIT}, VAP, ()),
        (
            "not scoped: ignored",
            {"enforcementAction": "warn", "scopedEnforcementActions": EVERYWHERE},
            VAP,
            ("warn",),
        ),
    ],
)
def test_actions_by_point(name: str, spec: Json, point: EnforcementPoint, actions: tuple[str, ...]) -> None:
    assert parse(constraint(spec), point=point).actions == actions


def _scoped(action: str, point: str) -> Json:
    entry: Json = {"action": action, "enforcementPoints": [{"name": point}]}
    return {"enforcementAction": "scoped", "scopedEnforcementActions": [entry]}


@pytest.mark.parametrize(
    ("name", "spec", "message"),
    [
        ("unknown action", {"enforcementAction": "reject"}, "unrecognized enforcementAction: 'reject'"),
        ("unknown scoped action", _scoped("reject", "*"), "unrecognized enforcementAction: 'reject'"),
        ("scoped in scoped", _scoped("scoped", "*"), "unrecognized enforcementAction: 'scoped'"),
        ("unknown point", _scoped("deny", "webhook"), "unrecognized enforcement points: 'webhook'"),
        (
            "no point",
            {"enforcementAction": "scoped", "scopedEnforcementActions": [{"action": "deny"}]},
            "names no enforcement point",
        ),
    ],
)
def test_actions_that_gatekeepers_webhook_refuses(name: str, spec: Json, message: str) -> None:
    with pytest.raises(PolicyError, match=message) as caught:
        parse(constraint(spec))
    assert caught.value.location is not None


def test_a_kind_that_no_template_has_names_the_nearest() -> None:
    with pytest.raises(PolicyError) as caught:
        parse(constraint({}, kind="Prob"))
    assert "known kinds: Probe" in caught.value.message and caught.value.hint == "did you mean Probe?"


def test_the_digest_covers_parameters_match_and_action() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    specs: list[Json] = [
        {},
        {"parameters": {"a": "x"}},
        {"parameters": {"a": "y"}},
        {"match": {"name": "a"}},
        {"enforcementAction": "warn"},
    ]
    digests = {parse(constraint(spec), schema).digest for spec in specs}
    assert len(digests) == len(specs)
    assert parse(constraint({"enforcementAction": "deny"}), schema).digest in digests
