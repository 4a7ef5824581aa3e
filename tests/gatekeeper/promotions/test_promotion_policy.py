"""PromotionPolicy: what is read, and what is refused with its place."""

from typing import Any

import pytest
from lockgate.engine.codegen.values import make_number
from lockgate.engine.errors import PolicyError
from lockgate.engine.promotions.policy import Approvals, DeviceHealth, Requirement, Step
from lockgate.gatekeeper.exemptions.moments import SECOND_NS
from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy

from tests.gatekeeper.exemptions.making import read
from tests.gatekeeper.promotions.making import parsed, promotion_policy

HOUR_NS = 3_600 * SECOND_NS
PROD = {"to": "prod", "soakTime": "24h"}


def test_everything_that_a_step_may_ask_for() -> None:
    found = parsed(
        {"to": "staging", "evidence": [{"kind": "facts"}]},
        {
            "to": "prod",
            "evidence": [{"kind": "signature"}, {"kind": "drift", "maxAge": "30d"}],
            "approvals": [{"group": "ml-leads", "count": 2}, {"group": "risk", "count": 1}],
            "separationOfDuties": False,
            "soakTime": "24h",
            "blockedWhileUnhealthy": True,
            "deviceHealth": {
                "maximumShare": 0.25,
                "pools": ["gpu.nvidia.com"],
                "clusters": [{"name": "us-1", "uid": "2"}, {"name": "eu-1", "uid": "1"}],
                "signers": ["health-bot"],
            },
        },
    )
    assert (found.name, found.environments.names) == ("models", ("dev", "staging", "prod"))
    assert found.step_into("staging") == Step("staging", (Requirement("facts"),))
    assert found.step_into("prod") == Step(
        "prod",
        (Requirement("signature"), Requirement("drift", 720 * HOUR_NS)),
        (Approvals(2, "ml-leads"), Approvals(1, "risk")),
        separation_of_duties=False,
        soak_ns=24 * HOUR_NS,
        blocked_while_unhealthy=True,
        device_health=DeviceHealth(
            0.25, ("gpu.nvidia.com",), (("eu-1", "1"), ("us-1", "2")), ("health-bot",)
        ),
    )
    assert found.step_into("dev") is None


@pytest.mark.parametrize("given", [{}, {"separationOfDuties": None}, {"separationOfDuties": True}], ids=str)
def test_duties_are_separate_unless_it_says_otherwise(given: dict[str, Any]) -> None:
    step = parsed({"to": "prod", "approvals": [{"group": "risk", "count": 1}], **given}).step_into("prod")
    assert step is not None
    assert step.separation_of_duties


def test_the_digest_is_of_what_it_says() -> None:
    assert parsed(PROD).digest == parsed(PROD).digest
    assert parsed(PROD).digest != parsed({**PROD, "soakTime": "1h"}).digest


def approving(**approval: Any) -> dict[str, Any]:
    return {"to": "prod", "approvals": [approval]}


def healthy(**health: Any) -> dict[str, Any]:
    return {"to": "prod", "blockedWhileUnhealthy": True, "deviceHealth": health}


def showing(*evidence: dict[str, Any]) -> dict[str, Any]:
    return {"to": "prod", "evidence": [*evidence]}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"environments": []}, "spec.environments needs two names"),
    ({"environments": ["prod"]}, "spec.environments needs two names"),
    ({"environments": "prod"}, "spec.environments must be a list"),
    ({"environments": ["dev", "prod", "dev"]}, "spec.environments[2] names dev again"),
    ({"environments": ["dev", "Prod"]}, "spec.environments[1] is 'Prod', no name for an environment"),
    ({"environments": [f"e{n}" for n in range(51)]}, "spec.environments has 51 entries"),
    ({"steps": []}, "spec.steps is empty"),
    ({"steps": None}, "spec.steps is empty"),
    ({"order": []}, "unknown field spec.order"),
    ({"steps": [{**PROD, "to": "production"}]}, "spec.steps[0].to is 'production', none of"),
    ({"steps": [{"soakTime": "1h"}]}, "spec.steps[0].to is '', none of"),
    ({"steps": [{**PROD, "to": "dev"}]}, "spec.steps[0].to is the lowest environment"),
    ({"steps": [PROD, PROD]}, "spec.steps[1].to is 'prod' again"),
    ({"steps": [{"to": "prod"}]}, "spec.steps[0] asks for nothing"),
    ({"steps": [{"to": "prod", "blockedWhileUnhealthy": False}]}, "spec.steps[0] asks for nothing"),
    ({"steps": [{**PROD, "soaktime": "1h"}]}, "unknown field spec.steps[0].soaktime"),
    ({"steps": [{"to": "prod", "soakTime": "a day"}]}, "spec.steps[0].soakTime is no span of time"),
    ({"steps": [{**PROD, "blockedWhileUnhealthy": "yes"}]}, "blockedWhileUnhealthy must be true or false"),
    ({"steps": [{**healthy(pools=["a"]), "blockedWhileUnhealthy": False}]}, "the step is not blocked by it"),
    ({"steps": [healthy(maximumShare=1)]}, "deviceHealth.maximumShare is no share from 0 to below 1"),
    ({"steps": [healthy(maximumShare=-0.1)]}, "deviceHealth.maximumShare is no share from 0 to below 1"),
    ({"steps": [healthy(maximumShare="0.1")]}, "deviceHealth.maximumShare is no number"),
    ({"steps": [healthy(pools=[])]}, "deviceHealth.pools has 0 entries"),
    ({"steps": [healthy(pools=[""])]}, "deviceHealth.pools[0] is no name"),
    ({"steps": [healthy(signers=["a\n"])]}, "deviceHealth.signers[0] is no name"),
    ({"steps": [healthy(clusters=[{"name": "a"}])]}, "deviceHealth.clusters[0].uid is no name"),
    (
        {"steps": [healthy(clusters=[{"name": "a", "uid": "1"}, {"name": "a", "uid": "2"}])]},
        "deviceHealth.clusters[1].name is 'a' again",
    ),
    ({"steps": [healthy(share=0.1)]}, "unknown field spec.steps[0].deviceHealth.share"),
    ({"steps": [{**PROD, "separationOfDuties": True}]}, "separationOfDuties is about approvals"),
    ({"steps": [showing({"kind": "luck"})]}, "spec.steps[0].evidence[0].kind is 'luck'"),
    ({"steps": [showing({})]}, "spec.steps[0].evidence[0].kind is ''"),
    ({"steps": [showing({"kind": "drift"})]}, "does not say how old a report on drift may be"),
    ({"steps": [showing({"kind": "facts"}, {"kind": "facts"})]}, "evidence[1] requires facts again"),
    (
        {"steps": [showing({"kind": "facts", "maxage": "1d"})]},
        "unknown field spec.steps[0].evidence[0].maxage",
    ),
    (
        {"steps": [showing(*[{"kind": "evaluation", "metric": f"m{n}", "minimum": 1} for n in range(51)])]},
        "spec.steps[0].evidence has 51 entries, and may have 50",
    ),
    ({"steps": [approving(count=1)]}, "approvals[0].group is empty"),
    ({"steps": [approving(group="a\nb", count=1)]}, "approvals[0].group is empty or no name"),
    (
        {"steps": [{"to": "prod", "approvals": [{"group": "a", "count": 1}] * 2}]},
        "approvals[1] names a again",
    ),
]


@pytest.mark.parametrize(("spec", "said"), WRONG, ids=[said for _, said in WRONG])
def test_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parsed(**{"steps": [PROD], **spec})
    assert said in str(caught.value)
    location = caught.value.location
    assert location is not None
    assert (location.file, location.line > 0) == ("promotion.yaml", True)


@pytest.mark.parametrize("count", [0, -1, 21, 1.5, "2", True, None, 10**30])
def test_counts_that_are_none(count: Any) -> None:
    with pytest.raises(PolicyError, match=r"approvals\[0\]\.count is no whole number from 1 to 20"):
        parsed(approving(group="risk", count=count))


def test_the_place_is_told() -> None:
    value = promotion_policy(showing({"kind": "facts"}, {"kind": "luck"}))
    document = read(value)
    with pytest.raises(PolicyError) as caught:
        parse_promotion_policy(document)
    location = caught.value.location
    assert location is not None
    assert '"kind": "luck"' in document.lines[location.line - 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"apiVersion": "promotion.lockgate.dev/v2"}, "unsupported version 'promotion.lockgate.dev/v2'"),
        ({"kind": "Promotion"}, "kind is no PromotionPolicy"),
        ({"metadata": {"name": "A/b"}}, "is no name for a PromotionPolicy"),
        ({"data": {}}, "unknown field data"),
    ],
    ids=["version", "kind", "name", "field"],
)
def test_other_objects_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_promotion_policy(read({**promotion_policy(PROD), **change}))
    assert said in str(caught.value)


def demanded(*evidence: dict[str, Any]) -> tuple[Requirement, ...]:
    return parsed({"to": "prod", "evidence": [*evidence]}).steps[0].evidence


def test_values_that_evidence_has_to_have() -> None:
    made = demanded(
        {"kind": "evaluation", "metric": "auc", "minimum": 0.9},
        {"kind": "evaluation", "metric": "latency", "maximum": 20},
        {"kind": "drift", "maxAge": "30d", "maximumShare": 0.2},
    )
    assert [one.name for one in made] == ["evaluation/auc", "evaluation/latency", "drift"]
    assert made[0].minimum == make_number("0.9") and made[2].metric == "share"


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ({"kind": "evaluation", "metric": "auc"}, "has no bound for auc"),
        ({"kind": "evaluation", "minimum": 1}, "is of no metric"),
        ({"kind": "evaluation", "metric": "auc", "minimum": "0.9"}, "is no number"),
        ({"kind": "evaluation", "metric": "", "minimum": 1}, "is no name of a metric"),
        ({"kind": "facts", "metric": "auc"}, "is nothing that facts has"),
        ({"kind": "drift", "maxAge": "1d", "minimum": 1}, "is nothing that drift has"),
        ({"kind": "drift", "maxAge": "1d", "maximumShare": True}, "is no number"),
    ],
)
def test_values_that_are_none(evidence: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        demanded(evidence)


def test_an_evaluation_twice() -> None:
    with pytest.raises(PolicyError, match="requires evaluation/auc again"):
        demanded(*[{"kind": "evaluation", "metric": "auc", "minimum": 1}] * 2)
