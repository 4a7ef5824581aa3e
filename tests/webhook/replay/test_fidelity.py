"""Why a Decision made again is another one, and that one which is the same is no miss."""

from dataclasses import replace

import pytest
from lockgate.audit.body import mask_decision
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import (
    Decision,
    Exempted,
    Failure,
    NotEvaluated,
    PolicyKey,
    Violation,
)
from lockgate.engine.policy import PolicySet
from lockgate.engine.review import Review, Scope
from lockgate.webhook.replay.fidelity import Fidelity, explain_miss
from lockgate.webhook.replay.outcome import outcome_of
from lockgate.webhook.replay.recorded import Recorded, UnkeptError, parse_recorded

from tests.audit.trails import pod, review

NOW = "lockgate/now"
KEY, QUOTA = PolicyKey("K8sNo", "a"), PolicyKey("DeviceQuota", "gpus")
DENIED = Violation(KEY, "no", ("deny",))
OTHER = Violation(KEY, "no longer", ("deny",))


def decision(*said: Violation | Failure | NotEvaluated | Exempted) -> Decision:
    return Decision(
        "deny",
        tuple([one for one in said if isinstance(one, Violation)]),
        tuple([one for one in said if isinstance(one, Failure)]),
        tuple([one for one in said if isinstance(one, NotEvaluated)]),
        "5" * 64,
        "",
        exempted=tuple([one for one in said if isinstance(one, Exempted)]),
    )


def recorded(made: Decision, evaluator: str = NOW, asked: Review | None = None) -> Recorded:
    body = mask_decision(asked or review(pod("p", "team-a")), made, evaluator).body
    return parse_recorded(7, 1_000, "CREATE", body)


EXEMPT = Exempted(DENIED, "until-march", "team-a", "", 0)
SECRET: dict[str, Value] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "team-a"},
    "data": {"password": "aHVudGVyMi1odW50ZXIy"},
}
MASKED = recorded(decision(DENIED), asked=review(SECRET))
PLAIN_REQUEST = {
    name: part for name, part in review(pod("p", "team-a")).request.items() if name != "userInfo"
}
PLAIN = Review(PLAIN_REQUEST, pod("p", "team-a"), None, None)

# what was recorded, what comes out now → the reason
MISSES = {
    "a quota": (recorded(decision(Violation(QUOTA, "full", ("deny",)))), decision(), "quota"),
    "an answer": (
        recorded(decision(DENIED)),
        decision(NotEvaluated(KEY, "an answer of provider 'p' that was not recorded")),
        "answer",
    ),
    "the inventory": (recorded(decision(DENIED)), decision(NotEvaluated(KEY, "v1/Service")), "facts"),
    "no exemption any more": (recorded(decision(EXEMPT)), decision(DENIED), "exemption"),
    "an exemption since": (recorded(decision(DENIED)), decision(EXEMPT), "exemption"),
    "a deadline": (recorded(decision(Failure(KEY, "late"))), decision(), "stopped"),
    "the clock": (recorded(decision(DENIED)), decision(OTHER), "clock"),
    "another version": (recorded(decision(DENIED), "lockgate/then"), decision(), "evaluator"),
    "a masked value": (MASKED, decision(), "masked"),
    "nothing": (recorded(decision(DENIED), asked=PLAIN), decision(), "unexplained"),
    "a failure now": (recorded(decision(), asked=PLAIN), decision(Failure(KEY, "broken")), "unexplained"),
}


@pytest.mark.parametrize("case", MISSES)
def test_a_miss_has_a_reason(case: str) -> None:
    record, now, reason = MISSES[case]
    momentary = frozenset([KEY]) if case == "the clock" else frozenset[PolicyKey]()
    found = explain_miss(record, now, PolicySet([], "5" * 64, momentary=momentary), NOW)
    assert found is not None
    assert found[0] == reason
    assert set(found[1]) == record.outcome ^ outcome_of(now)


def test_nobody_asked_then_is_nobody_asked_now() -> None:
    record = recorded(decision(NotEvaluated(KEY, "the answers of provider 'p' (external_data)")))
    again = decision(NotEvaluated(KEY, "an answer of provider 'p' that was not recorded"))
    assert explain_miss(record, again, PolicySet([], "5" * 64), NOW) is None
    other = decision(NotEvaluated(KEY, "an answer of provider 'q' that was not recorded"))
    found = explain_miss(record, other, PolicySet([], "5" * 64), NOW)
    assert found is not None
    assert found[0] == "answer"


SAYS = {
    "nothing": decision(),
    "a violation": decision(DENIED),
    "two of one policy": decision(DENIED, OTHER),
    "a path and details": decision(
        replace(DENIED, path=("spec", "containers", 0), details={"path": ["spec"]}, rule="a/b", fix="do")
    ),
    "a failure": decision(Failure(KEY, "broken")),
    "what needs more": decision(NotEvaluated(KEY, "v1/Service")),
    "what is exempt": decision(EXEMPT, OTHER),
    "what only warns": decision(Violation(KEY, "hm", ("dryrun", "warn"))),
}


@pytest.mark.parametrize("case", SAYS)
def test_what_is_the_same_is_no_miss(case: str) -> None:
    assert explain_miss(recorded(SAYS[case]), SAYS[case], PolicySet([], "5" * 64), NOW) is None


def test_counts_are_put_together() -> None:
    policies = PolicySet([], "5" * 64)
    whole, parts = Fidelity(), [Fidelity(), Fidelity()]
    for place, (record, now, _) in enumerate(MISSES.values()):
        under = record if place % 4 else replace(record, policies="6" * 64)
        whole.take(under, now, policies, NOW)
        parts[place > 5].take(under, now, policies, NOW)
    parts[0].add(parts[1])
    assert vars(parts[0]) == vars(whole)
    assert (whole.judged, whole.others) == (8, {"6" * 64: 3})


def test_a_review_is_the_one_that_was_judged() -> None:
    asked = review(pod("p", "team-a", replicas=3))
    found = recorded(decision(), asked=asked)
    assert (found.review.object, found.review.request["operation"]) == (asked.object, "CREATE")
    assert (found.namespace, found.process, found.index) == ("team-a", "webhook", 7)


def test_a_deletion_is_about_what_there_was() -> None:
    obj = pod("p", "team-a")
    request: dict[str, Value] = {
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "DELETE",
        "name": "p",
        "namespace": "team-a",
        "object": None,
        "oldObject": obj,
        "namespaceObject": {"metadata": {"name": "team-a", "labels": {"tier": "prod"}}},
    }
    found = recorded(decision(), asked=Review(request, obj, obj, None)).review
    assert found.object == found.old_object == obj
    assert found.namespace == request["namespaceObject"]


def test_what_is_too_deep_to_be_masked_cannot_be_judged_again() -> None:
    deep: Value = "x"
    for _ in range(160):
        deep = [deep]
    with pytest.raises(UnkeptError):
        recorded(decision(), asked=review(pod("p", "team-a", deep=deep)))


# request → scope
SCOPES: dict[str, tuple[dict[str, Value], Scope]] = {
    "in a namespace": ({"namespace": "team-a", "operation": "CREATE"}, "Namespaced"),
    "an API server's": ({"uid": "1", "operation": "CREATE"}, "Cluster"),
    "a sweep's": ({"operation": ""}, "Cluster"),
    "a check's of a kind that it knows": (
        {"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Node"}},
        "Cluster",
    ),
    "a check's of another kind": (
        {"operation": "CREATE", "kind": {"group": "example.com", "version": "v1", "kind": "Thing"}},
        "Unknown",
    ),
}


@pytest.mark.parametrize("case", SCOPES)
def test_what_is_known_of_the_scope(case: str) -> None:
    request, scope = SCOPES[case]
    body = mask_decision(Review({**request, "object": None}, None, None, None), decision(), NOW).body
    assert parse_recorded(7, 1_000, "", body).review.scope == scope
