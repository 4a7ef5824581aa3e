"""Why constraints say what they say: the clauses that held are those that gave violations."""

from collections.abc import Iterator

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.decision import NotEvaluated, Violation
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.policy import EvaluationContext, Facts, Matched
from lockgate.engine.rego.explanation import Named, Reason
from lockgate.engine.review import Review
from lockgate.gatekeeper.admission import is_admission_review
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.loader import Loaded, load_policies
from lockgate.gatekeeper.policy import ConstraintPolicy
from lockgate.gatekeeper.suite_run import gator_review
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.gatekeeper.tracing import TemplateTracer, Traced
from lockgate.webhook.policy_folder import Rule

from tests.gatekeeper.cel_cases import CEL_CASES, POD, CelCase, cel_template
from tests.gatekeeper.workbench import Json, constraint, document, manifest, template
from tests.policies.shipped import RULES, rule_ids

GATOR: EnforcementPoint = "gator.gatekeeper.sh"
CONTEXT = EvaluationContext(Facts(), 0, Limits(max_steps=1_000_000))


def load(*values: Json) -> Loaded:
    return load_policies([document(value, f"{number}.json") for number, value in enumerate(values)])


def traced(rego: str, value: Json, parameters: Json | None = None) -> tuple[Traced, list[str]]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    loaded = load(template(rego, schema=schema), constraint({"parameters": parameters or {}}))
    assert not loaded.errors, loaded.errors
    (policy,) = loaded.policies.policies
    assert isinstance(policy, ConstraintPolicy)
    review = review_document(document(value), Cluster())
    messages = [one.message for one in policy.violations(review, CONTEXT) if isinstance(one, Violation)]
    return TemplateTracer(loaded.templates).trace(policy, review, CONTEXT), messages


REGO = """package labels

import data.lib.names

violation[{"msg": msg}] {
  wanted := input.parameters.labels[_]
  not input.review.object.metadata.labels[wanted]
  msg := sprintf("no %v", [wanted])
}

violation[{"msg": "bad name"}] {
  bad(input.review.object.metadata.name)
}

bad(name) {
  startswith(name, "x-")
}

bad(name) {
  name == "y"
}
"""


def test_clauses_that_held_and_failed() -> None:
    rego = REGO.replace("import data.lib.names\n", "")
    found, messages = traced(rego, manifest(name="z", labels={"a": "1"}), {"labels": ["a", "b"]})
    assert messages == ["no b"]
    first, second = found.reasons
    assert (first.rule, first.held, first.gave) == ("violation", True, ({"msg": "no b"},))
    assert second.failed is not None
    assert second.failed.text == "bad(input.review.object.metadata.name)"
    assert [(below.rule, below.failed and below.failed.text) for below in second.because] == [
        ("bad", 'startswith(name, "x-")'),
        ("bad", 'name == "y"'),
    ]
    assert second.because[0].arguments == ("z",)
    # Places are those of the template's file.
    assert first.location.file == "0.json"


def test_an_error_is_told() -> None:
    rego = 'package p\nviolation[{"msg": "m"}] { x }\nx = 1\nx = 2 { input.review }\n'
    found, _ = traced(rego, manifest())
    assert "eval_conflict_error" in found.error


def samples(rule: Rule, cache: CodeCache) -> Iterator[tuple[ConstraintPolicy, Loaded, Review]]:
    templates = read_documents(rule.template.read_bytes(), str(rule.template), duplicates="error").documents
    for sample in rule.samples():
        given = read_documents(sample.constraint.read_bytes(), "c.yaml", duplicates="error").documents
        loaded = load_policies([*templates, *given], cache=cache)
        (policy,) = loaded.policies.policies
        assert isinstance(policy, ConstraintPolicy)
        for path in [*sample.allowed, *sample.denied]:
            for one in read_documents(path.read_bytes(), str(path), duplicates="error").documents:
                # A sample that is a request is read as gator reads it; a manifest as `check` does.
                is_request = is_admission_review(one.value)
                yield policy, loaded, gator_review(one, {}) if is_request else review_document(one, Cluster())


@pytest.mark.parametrize("rule", RULES, ids=rule_ids())
def test_shipped_rules_are_traced_as_they_judge(rule: Rule, code_cache: CodeCache) -> None:
    tracer: TemplateTracer | None = None
    judged = 0
    read = list(samples(rule, code_cache))
    if not read:
        pytest.skip("its objects are for kpt alone, and no reader gives them as manifests")
    for policy, loaded, review in read:
        if not isinstance(policy.match(review), Matched):
            continue
        judged += 1
        tracer = tracer or TemplateTracer(loaded.templates)
        found = tracer.trace(policy, review, CONTEXT)
        gave = sum([reason.given for reason in found.reasons])
        expected = policy.violations(review, CONTEXT)
        if any(isinstance(one, NotEvaluated) for one in expected):
            # Who asks is not known of a manifest.
            continue
        assert bool(gave) == bool(expected), review.object
        assert all(reason.held or reason.failed for reason in found.reasons)
    assert judged > 0


def test_evaluations_beyond_a_bound_are_counted() -> None:
    rego = 'package p\nok(x) { x < 0 }\nviolation[{"msg": "m"}] { x := numbers.range(1, 6000)[_]; ok(x) }\n'
    found, messages = traced(rego, manifest())
    assert messages == []
    assert found.left_out > 900
    (reason,) = found.reasons
    assert reason.failed is not None
    assert reason.failed.text == "ok(x)"


def cel_traced(source: Json, value: Json, spec: Json | None = None) -> Traced:
    loaded = load_policies([document(cel_template(source)), document(constraint(spec or {}))], point=GATOR)
    assert not loaded.errors, loaded.errors
    (policy,) = loaded.policies.policies
    return TemplateTracer(loaded.templates).trace(policy, gator_review(document(value), {}), CONTEXT)


def is_error(reason: Reason) -> bool:
    return reason.failed is not None and any(one.name == "error" for one in reason.failed.values)


@pytest.mark.parametrize("case", CEL_CASES, ids=lambda case: case.name)
def test_validations_that_failed_are_those_that_are_told(case: CelCase) -> None:
    found = cel_traced(case.source, case.value, case.spec)
    assert all(reason.held or reason.failed for reason in found.reasons)
    conditions = [reason for reason in found.reasons if reason.rule.startswith("matchCondition")]
    validations = [reason for reason in found.reasons if reason.rule.startswith("validations")]
    assert len(conditions) + len(validations) == len(found.reasons)
    counts = case.source.get("failurePolicy") != "Ignore"
    if all(reason.held for reason in conditions):
        told = [reason for reason in validations if not reason.held and (counts or not is_error(reason))]
        assert len(told) == len(case.messages) or found.error
        return
    # Where one is false the policy does not apply; where the others failed with errors, one message tells them.
    assert not validations
    failed = [reason for reason in conditions if not reason.held]
    assert len(case.messages) == (1 if counts and all(map(is_error, failed)) else 0)


def test_a_validation_tells_its_variables_and_the_part_that_decided() -> None:
    source = {
        "variables": [
            {"name": "names", "expression": "object.spec.containers.map(c, c.name)"},
            {"name": "exempt", "expression": "has(object.metadata.labels.exempt) || variables.names == []"},
        ],
        "validations": [
            {"expression": "true"},
            {
                "expression": "variables.exempt || object.spec.containers.all(c, c.image.startsWith('registry/'))"
            },
        ],
    }
    first, second = cel_traced(source, POD).reasons
    assert (first.rule, first.held) == ("validations[0]", True)
    assert (second.rule, second.held) == ("validations[1]", False)
    assert second.failed is not None
    assert second.failed.text.startswith("variables.exempt || object.spec.containers.all(")
    assert second.failed.values[0] == Named("variables.exempt", False)
    (exempt,) = second.because
    assert (exempt.rule, exempt.held) == ("variables.exempt", False)
    (names,) = exempt.because
    assert (names.rule, names.gave) == ("variables.names", (["one", "two"],))


def test_what_ends_an_evaluation_ends_its_explanation() -> None:
    numbers = "[1, 2, 3, 4, 5, 6, 7, 8, 9]"
    source = {"validations": [{"expression": f"{numbers}.all(a, {numbers}.all(b, a + b > 0))"}] * 2}
    loaded = load_policies([document(cel_template(source)), document(constraint({}))], point=GATOR)
    (policy,) = loaded.policies.policies
    context = EvaluationContext(Facts(), 0, Limits(max_steps=500))
    found = TemplateTracer(loaded.templates).trace(policy, gator_review(document(POD), {}), context)
    assert "cost budget" in found.error
