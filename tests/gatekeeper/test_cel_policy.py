"""Templates with CEL: what they say of objects, and the places that their errors name."""

import gc
from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.document import Document
from lockgate.engine.policy import EvaluationContext, Facts, Policy
from lockgate.engine.review import Review
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.suite_run import gator_review
from lockgate.gatekeeper.target import Cluster, review_document

from tests.gatekeeper.cel_cases import CEL_CASES, POD, REFUSED, CelCase, cel_template, needs, says
from tests.gatekeeper.workbench import Json, constraint, document, documents

GATOR: EnforcementPoint = "gator.gatekeeper.sh"
WEBHOOK: EnforcementPoint = "validation.gatekeeper.sh"
KEY = PolicyKey("Probe", "probe")


def policy_of(
    made: Json, spec: Json | None = None, *, point: EnforcementPoint = GATOR, cache: CodeCache | None = None
) -> Policy:
    loaded = load_policies([document(made), document(constraint(spec or {}))], point=point, cache=cache)
    assert not loaded.errors, loaded.errors
    return loaded.policies.policies[0]


@pytest.fixture(params=["one by one", "fused"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> CodeCache | None:
    """None, with which expressions are fused after many evaluations only; or a cache, for which they are at once."""
    return CodeCache(str(tmp_path / "code"), compiler_fingerprint()) if request.param == "fused" else None


def judged(
    policy: Policy, review: Review, limits: Limits | None = None
) -> list[Violation | Failure | NotEvaluated]:
    return list(policy.violations(review, EvaluationContext(Facts({}), 0, limits or Limits())))


def messages(policy: Policy, value: Json) -> tuple[str, ...]:
    found = judged(policy, gator_review(document(value), {}))
    assert all(isinstance(one, Violation) and one.actions == ("deny",) for one in found), found
    return tuple([one.message for one in found if isinstance(one, Violation)])


@pytest.mark.parametrize("case", CEL_CASES, ids=lambda case: case.name)
def test_what_templates_say(case: CelCase) -> None:
    assert messages(policy_of(case.template, case.spec), case.value) == case.messages


@pytest.mark.parametrize("case", CEL_CASES, ids=lambda case: case.name)
def test_what_templates_say_that_come_from_the_cache(case: CelCase, tmp_path: Path) -> None:
    cache = CodeCache(str(tmp_path / "code"), compiler_fingerprint())
    for _ in range(2):
        assert messages(policy_of(case.template, case.spec, cache=cache), case.value) == case.messages
    assert len(list((tmp_path / "code").iterdir())) == 1


@pytest.mark.parametrize(("name", "source", "message"), REFUSED)
def test_sources_that_are_refused(name: str, source: Json, message: str) -> None:
    loaded = load_policies([document(cel_template(source), "template.json")])
    assert [message in error.message for error in loaded.errors] == [True], loaded.errors
    location = loaded.errors[0].location
    assert location is not None
    assert location.file == "template.json"


TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: probe}
spec:
  crd: {spec: {names: {kind: Probe}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: K8sNativeValidation
          source:
            variables:
              - name: containers
                expression: |
                  has(object.spec)
                    ? object.spec.containers
                    : objects.spec
            matchCondition:
              - {name: c, expression: "'no bool'"}
            validations:
              - expression: variables.containers.all(c, c.privileged == nothing)
                messageExpression: >-
                  1 + 'a'
"""


def test_mistakes_name_their_place_in_the_file() -> None:
    (made,) = documents(TEMPLATE, "template.yaml")
    loaded = load_policies([made])
    assert [f"{error}" for error in loaded.errors] == [
        "template.yaml:16:23: undeclared reference to 'objects' (in container '')",
        "template.yaml:18:40: must evaluate to bool but got string",
        "template.yaml:20:73: undeclared reference to 'nothing' (in container '')",
    ]
    assert loaded.errors[0].quoted == "                    : objects.spec"


def test_a_messageexpression_with_a_mistake_is_a_lint() -> None:
    source = {"validations": [{"expression": "false", "message": "no", "messageExpression": "1 + 'a'"}]}
    loaded = load_policies([document(cel_template(source)), document(constraint({}))])
    assert not loaded.errors
    (lint,) = loaded.lints
    assert lint.message.startswith("found no matching overload for '_+_' applied to '(int, string)'")


def test_cel_comes_before_rego() -> None:
    made = cel_template(says("'from CEL'"))
    rego = 'package probe\n\nviolation[{"msg": "from Rego"}] { true }\n'
    made["spec"]["targets"][0]["rego"] = rego
    given = [document(made), document(constraint({}))]
    for engine, message in (("default", "from CEL"), ("rego", "from Rego")):
        loaded = load_policies(given, point=GATOR, engine="rego" if engine == "rego" else "default")
        assert messages(loaded.policies.policies[0], POD) == (message,)


def test_what_is_not_known_is_not_evaluated() -> None:
    user = policy_of(cel_template(needs("request.userInfo.username == 'me'")), point=WEBHOOK)
    review = review_document(document(POD), Cluster())
    (found,) = judged(user, review)
    assert isinstance(found, NotEvaluated)
    assert "userInfo" in found.needs
    namespace = policy_of(cel_template(needs("namespaceObject.metadata.labels.size() > 0")), point=WEBHOOK)
    (found,) = judged(namespace, review)
    assert isinstance(found, NotEvaluated)
    known = Cluster(
        namespaces={"default": {"kind": "Namespace", "metadata": {"name": "default", "labels": {"a": "b"}}}}
    )
    assert judged(namespace, review_document(document(POD), known)) == []


def test_a_namespace_shows_what_kubernetes_shows() -> None:
    value: Json = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "default", "labels": {"a": "b"}, "managedFields": [{}]},
    }
    made = says(
        "namespaceObject.metadata.name + string(has(namespaceObject.spec)) + namespaceObject.metadata.labels.a"
    )
    review = review_document(document(POD), Cluster(namespaces={"default": value}))
    (found,) = judged(policy_of(cel_template(made), point=WEBHOOK), review)
    assert isinstance(found, Violation)
    assert found.message == "defaulttrueb"


QUADRATIC = "object.spec.items.all(a, object.spec.items.all(b, a == b || a != b))"


def many(count: int) -> Document:
    return document({**POD, "spec": {"items": list(range(count))}})


@pytest.mark.parametrize(("policy", "expected"), [("Fail", Failure), ("Ignore", None)])
def test_an_evaluation_that_costs_too_much(
    policy: str, expected: type | None, cache: CodeCache | None
) -> None:
    made = policy_of(cel_template(needs(QUADRATIC, failurePolicy=policy)), cache=cache)
    found = judged(made, gator_review(many(2_000), {}))
    assert [type(one) for one in found] == ([] if expected is None else [expected])
    assert judged(made, gator_review(many(20), {})) == []


def test_the_time_of_a_request_bounds_an_evaluation(cache: CodeCache | None) -> None:
    made = policy_of(cel_template(needs(QUADRATIC)), cache=cache)
    over = Limits(until=0.0)
    (found,) = judged(made, gator_review(many(200), {}), over)
    assert isinstance(found, Failure)
    assert "more time than there is for the request" in found.message


def test_each_expression_has_a_limit_of_its_own(cache: CodeCache | None) -> None:
    # Together they take more than one may, and less than a policy may.
    made = policy_of(cel_template({"validations": [{"expression": QUADRATIC}] * 8}), cache=cache)
    assert judged(made, gator_review(many(150), {})) == []


def test_conditions_have_a_limit_of_their_own(cache: CodeCache | None) -> None:
    source = needs("true", matchCondition=[{"name": f"c{at}", "expression": QUADRATIC} for at in range(20)])
    made = policy_of(cel_template(source), cache=cache)
    assert judged(made, gator_review(many(50), {})) == []
    (found,) = judged(made, gator_review(many(220), {}))
    assert isinstance(found, Failure)


def test_reviews_do_not_mix() -> None:
    policies = load_policies(
        [
            document(cel_template(says("string(object.metadata.name)"))),
            *[document(constraint({}, name=name)) for name in ("one", "two")],
        ],
        point=GATOR,
    ).policies.policies
    first, second = POD, {**POD, "metadata": {"name": "b"}}
    for value, name in ((first, "a"), (second, "b"), (first, "a")):
        for policy in policies:
            assert messages(policy, value) == (name,)


def test_an_evaluation_leaves_nothing_to_the_collector(cache: CodeCache | None) -> None:
    source = {
        "variables": [{"name": "a", "expression": "object.spec.containers.map(c, c.name)"}],
        "matchCondition": [{"name": "c", "expression": "variables.a.size() > 0"}],
        "validations": [
            {"expression": "variables.a.size() > 5", "messageExpression": "variables.a.join(', ')"}
        ],
    }
    policy = policy_of(cel_template(source), cache=cache)
    review = gator_review(document(POD), {})
    judged(policy, review)
    gc.collect()
    gc.disable()
    try:
        found = judged(policy, review)
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert [one.message for one in found if isinstance(one, Violation)] == ["one, two"]


def test_defaults_of_the_schema_are_parameters() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}}
    made = cel_template(says("string(variables.params.a)"), schema=schema)
    assert messages(policy_of(made, {"parameters": {}}), POD) == ("x",)
