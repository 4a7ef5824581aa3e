"""What is refused of the kinds that decide, in the words that whoever applies them sees."""

from typing import Any

import pytest
from lockgate.gatekeeper.expansion import load_expansion
from lockgate.gatekeeper.template import Template, parse_template
from lockgate.webhook.serving.own_kinds import object_error

from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.gatekeeper.workbench import constraint, document, manifest, template
from tests.webhook.serving.builders import as_value
from tests.webhook.serving.test_live_gate import BROKEN, CONFIG, EXEMPTION, RULES

Json = dict[str, Any]
SCHEMA = {"type": "object", "properties": {"labels": {"type": "array", "items": {"type": "string"}}}}
CEL = "K8sNativeValidation"


def known() -> tuple[Template, ...]:
    return (parse_template(document(template(schema=SCHEMA))),)


def of(api_version: str, kind: str, spec: Any, name: str = "a") -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def parameters(value: Any) -> Json:
    return constraint({"parameters": value})


@pytest.mark.parametrize(
    "value",
    [
        template(),
        template(schema=SCHEMA),
        constraint(),
        parameters({"labels": ["a"]}),
        CONFIG,
        EXEMPTION,
        RULES,
        promotion_policy({"to": "prod", "soakTime": "24h"}),
        environment_map({"name": "dev", "namespaces": ["*"]}, {"name": "prod"}),
        of("syncset.gatekeeper.sh/v1alpha1", "SyncSet", {"gvks": [{"version": "v1", "kind": "Pod"}]}),
        of("externaldata.gatekeeper.sh/v1beta1", "SyncSet", {"nothing": "ours"}),
        manifest("Config", "a" * 100),
        {"kind": "ConstraintTemplate"},
    ],
)
def test_what_is_right_or_not_ours_is_let_through(value: Json) -> None:
    assert object_error(as_value(value), None, known()) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            template(BROKEN),
            "spec.targets[0].rego:4:3: rego_type_error: undefined function nothing (no builtin and no function",
        ),
        (
            template(rego="", code=[{"engine": CEL, "source": {"validations": [{"expression": "1 +"}]}}]),
            "spec.targets[0].code[0].source.validations[0].expression:1:4: Syntax error: mismatched input '<EOF>'",
        ),
        (constraint(kind="Prob"), "kind: missing ConstraintTemplate: no template has the kind 'Prob'"),
        (
            parameters({"labels": "a"}),
            "spec.parameters.labels: schema validation failed: spec.parameters.labels ",
        ),
        (parameters({"label": []}), "spec.parameters.label: invalid Constraint: unknown field"),
        (
            constraint({"enforcementAction": "denny"}),
            "spec.enforcementAction: unrecognized enforcementAction: 'denny' is not within the supported list [deny,",
        ),
        (
            constraint(name="a" * 64),
            "resource cannot have metadata.name larger than 63 char; length: 64",
        ),
        (
            of("quota.lockgate.dev/v1alpha1", "DeviceQuota", {"scope": {"namespaces": ["a"]}}),
            "spec: the DeviceQuota limits nothing",
        ),
        (
            of("config.gatekeeper.sh/v1alpha1", "Config", {}, "other"),
            "metadata.name: the Config is named 'other', and Gatekeeper heeds the one named 'config' only",
        ),
        (
            of("syncset.gatekeeper.sh/v1alpha1", "SyncSet", {"gvks": [{"kind": "Pod"}]}),
            "spec.gvks[0]: an entry of what is synced needs a version and a kind",
        ),
        (of("externaldata.gatekeeper.sh/v1beta1", "Provider", {}), "invalid Provider: missing spec.url"),
        (
            of("expansion.gatekeeper.sh/v1alpha1", "ExpansionTemplate", {"templateSource": 1}),
            "spec.templateSource",
        ),
        ({**EXEMPTION, "spec": {**EXEMPTION["spec"], "owner": ""}}, "spec.owner"),
        ({**RULES, "spec": {}}, "spec.rules is empty"),
        (
            promotion_policy({"to": "dev", "soakTime": "24h"}),
            "spec.steps[0].to is the lowest environment, which nothing is promoted to (one of staging, prod)",
        ),
        (
            promotion_policy({"to": "prod", "soakTmie": "24h"}),
            "spec.steps[0].soakTmie: unknown field spec.steps[0].soakTmie",
        ),
        (
            environment_map({"name": "dev", "namespaces": ["*"]}, {"name": "prod"}, name="mine"),
            "metadata.name: the EnvironmentMap is named 'mine', and there is one, which is named 'cluster'",
        ),
    ],
    ids=lambda one: one["kind"] if isinstance(one, dict) else "",
)
def test_what_is_wrong_is_said_with_its_place(value: Json, said: str) -> None:
    found = object_error(as_value(value), None, known())
    assert found is not None
    assert said in found


def test_what_decides_nothing_new_may_be_written_whatever_is_wrong() -> None:
    wrong = as_value(constraint(kind="Gone"))
    without = as_value(constraint(kind="Gone"))
    without["metadata"]["finalizers"] = ["x"]
    assert object_error(wrong, None, known()) is not None
    assert object_error(wrong, without, known()) is None
    without["spec"] = {"enforcementAction": "warn"}
    assert object_error(wrong, without, known()) is not None


def test_many_errors_are_cut() -> None:
    wrong = as_value(parameters({f"p{number}": 1 for number in range(9)}))
    found = object_error(wrong, None, known())
    assert found is not None
    assert found.count("unknown field") == 5
    assert found.endswith("; and 4 more")


def expands(name: str, applies_to: str, generates: str) -> Json:
    spec = {
        "applyTo": [{"groups": ["apps"], "kinds": [applies_to], "versions": ["v1"]}],
        "templateSource": "spec.template",
        "generatedGVK": {"group": "apps", "version": "v1", "kind": generates},
    }
    return of("expansion.gatekeeper.sh/v1beta1", "ExpansionTemplate", spec, name)


def test_an_expansion_that_leads_back_to_itself_is_refused() -> None:
    there, errors = load_expansion([document(as_value(expands("there", "A", "B")))])
    assert errors == ()
    back = as_value(expands("back", "B", "A"))
    found = object_error(back, None, known(), expansion=there)
    assert found is not None
    assert "template forms expansion cycle: back, there" in found
    assert object_error(back, None, known()) is None
    onwards = as_value(expands("onwards", "B", "C"))
    assert object_error(onwards, None, known(), expansion=there) is None
    # One that takes the other's place is no circle with it.
    instead = as_value(expands("there", "B", "A"))
    assert object_error(instead, None, known(), expansion=there) is None
    alone = as_value(expands("alone", "A", "A"))
    assert "also applies to that same kind" in str(object_error(alone, None, known(), expansion=there))
