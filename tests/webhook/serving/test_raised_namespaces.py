"""A Namespace whose environment rises is refused where what runs in it would be, by the policies that know of environments."""

import json
import time
from typing import Any

import pytest
from lockgate.webhook.serving import raised_namespaces
from lockgate.webhook.serving.admitting import Admitting, Terms
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.wire import CallReader

from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.builders import present
from tests.webhook.serving.server_processes import review_of
from tests.webhook.serving.test_live_gate import ALL

Json = dict[str, Any]

LABEL = "lockgate.dev/environment"
MAP = environment_map(
    {"name": "dev", "namespaces": ["*"]}, {"name": "staging", "namespaces": ["s"]}, {"name": "prod"}
)
POLICY = promotion_policy({"to": "prod", "soakTime": "1h"})
# What needs a promotion is refused, but for what has one.
TEMPLATE = template(
    """package asking
violation[{"msg": msg}] {
  key := json.marshal({"label": "", "namespace": input.review.namespace})
  answer := external_data({"provider": "lockgate-environments", "keys": [key]})
  answer.responses[_][1].required
  not input.review.object.metadata.annotations.promoted
  msg := sprintf("%v is not promoted to %v", [input.review.object.metadata.name, answer.responses[_][1].environment])
}
violation[{"msg": msg}] {
  key := json.marshal({"label": "", "namespace": input.review.namespace})
  answer := external_data({"provider": "lockgate-environments", "keys": [key]})
  count(answer.errors) > 0
  msg := "nobody knows"
}"""
)
# Of what does not ask nothing is judged anew.
OTHER = template('package a\n\nviolation[{"msg": "hit"}] { true }', kind="Other")


def deployment(name: str, namespace: str = "s", kind: str = "Deployment", **metadata: Any) -> Json:
    return manifest(kind, name, group="apps/v1", namespace=namespace, **metadata)


def namespace(**labels: str) -> Json:
    return manifest("Namespace", "s", labels=labels)


def raising(
    *running: Json, action: str = "deny", living: bool = True, policies: tuple[Json, ...] = ()
) -> Admitting:
    live = LiveGate(LiveSettings(cluster_name="eu-1", living=living))
    match = {"kinds": [{"apiGroups": ["apps"], "kinds": ["*"]}]}
    asking = constraint({"enforcementAction": action, "match": match})
    other = constraint({"match": match}, kind="Other", name="other")
    given = policies or (MAP, POLICY, TEMPLATE, asking, OTHER, other)
    live.apply(present(*given, namespace(), manifest("Namespace", "t"), *running), ALL)
    return Admitting(live, LiveGrants(), Terms(), time.time_ns)


def said(admitting: Admitting, after: Json, before: Json | None = None, until: float = float("inf")) -> Any:
    masters = {"username": "ann", "groups": ["system:masters"]}
    review = review_of(after, operation="UPDATE", oldObject=before or namespace(), userInfo=masters, name="s")
    call = CallReader().read(json.dumps(review).encode())
    return admitting.admit_label(call, until).response


PROD = namespace(**{LABEL: "prod"})


def test_what_would_be_refused_there_is_named() -> None:
    answer = said(
        raising(deployment("b"), deployment("a"), deployment("fine", annotations={"promoted": "yes"})), PROD
    )
    assert (answer.allowed, answer.message) == (
        False,
        (
            "Namespace s goes from staging to prod, and what runs in it would be refused there: "
            "Deployment a: a is not promoted to prod, Deployment b: b is not promoted to prod"
        ),
    )


def test_the_constraint_may_only_warn() -> None:
    answer = said(raising(deployment("a"), action="warn"), PROD)
    assert (answer.allowed, answer.warnings) == (
        True,
        (
            (
                "Namespace s goes from staging to prod, and what runs in it is not allowed there: "
                "Deployment a: a is not promoted to prod"
            ),
        ),
    )
    assert said(raising(deployment("a"), action="dryrun"), PROD).warnings == ()


CONTROLLED: Json = {"ownerReferences": [{"controller": True, "kind": "X", "name": "x"}]}


@pytest.mark.parametrize(
    ("running", "after"),
    [
        ((), PROD),
        ((deployment("a", annotations={"promoted": "yes"}),), PROD),
        ((deployment("a", "t"),), PROD),
        ((deployment("a", **CONTROLLED),), PROD),
        ((deployment("a", kind="ControllerRevision"),), PROD),
        # An environment that asks for nothing, a lower one, and another label.
        ((deployment("a"),), namespace(**{LABEL: "staging"})),
        ((deployment("a"),), namespace(**{LABEL: "dev"})),
        ((deployment("a"),), namespace(team="x")),
    ],
    ids=["empty", "promoted", "elsewhere", "controlled", "no workload", "same", "lower", "other label"],
)
def test_nothing_is_against_it(running: tuple[Json, ...], after: Json) -> None:
    answer = said(raising(*running), after)
    assert (answer.allowed, answer.warnings) == (True, ()), answer.message


def test_an_environment_that_nobody_knows_is_a_higher_one() -> None:
    answer = said(raising(deployment("a")), namespace(**{LABEL: "nowhere"}))
    assert "goes from staging to an environment that is not known" in answer.message
    assert "Deployment a: nobody knows" in answer.message


def test_to_lower_it_again_is_nobodys_business() -> None:
    assert said(raising(deployment("a")), namespace(), PROD).allowed


@pytest.mark.parametrize("policies", [(MAP, POLICY), (TEMPLATE, constraint())], ids=["nobody asks", "no map"])
def test_without_policies_or_a_map_nothing_is_judged(policies: tuple[Json, ...]) -> None:
    assert said(raising(deployment("a"), policies=policies), PROD).allowed


def test_it_is_judged_where_it_is_asked_for() -> None:
    assert said(raising(deployment("a"), living=False), PROD).allowed


def test_more_than_can_be_judged_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raised_namespaces, "MAX_OBJECTS", 1)
    fine = [deployment(one, annotations={"promoted": "yes"}) for one in "ab"]
    assert "more than 1 objects run in it" in said(raising(*fine), PROD).message


def test_who_has_no_time_is_told_to_try_again() -> None:
    assert (
        "there was no time to judge all that runs in it"
        in said(raising(deployment("a")), PROD, until=0).message
    )


def test_many_are_named_in_part() -> None:
    answer = said(raising(*[deployment(f"d{number}") for number in range(9)]), PROD)
    assert answer.message.count("is not promoted") == 5
    assert "4 more" in answer.message


def test_what_is_gone_runs_no_more() -> None:
    def living(live: LiveGate) -> list[str]:
        assert live.state is not None
        return [*live.state.living]

    live = LiveGate(LiveSettings(living=True))
    (change,) = present(deployment("a"))
    live.apply([change], ALL)
    assert living(live) == ["s"]
    live.apply([type(change)(change.key, None)], ALL)
    assert living(live) == []
