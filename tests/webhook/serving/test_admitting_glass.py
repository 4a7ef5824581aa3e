"""What a grant does to an answer: it lets through what would be denied, says so, and nothing else."""

import json
from time import monotonic
from typing import Any

import pytest
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.gvk import gvk_of
from lockgate.webhook.serving.admitting import Admitting, Mode, Terms
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.objects import Change, ObjectKey
from lockgate.webhook.serving.wire import AdmissionCall, CallReader

from tests.gatekeeper.break_glass.making import END_NS, START_NS, policy_value, sign, unsigned
from tests.webhook.serving.server_processes import CONSTRAINT, TEMPLATE, config_map, review_of


def change(value: dict[str, Any]) -> Change:
    kind = gvk_of(value)
    assert kind is not None
    return Change(ObjectKey(kind, "", value["metadata"]["name"]), json.dumps(value).encode())


def read(text: str) -> dict[str, Any]:
    (document,) = read_documents(text.encode(), "x.yaml", duplicates="error").documents
    return document.value


def admitting(*grants: dict[str, Any], now_ns: int = START_NS, mode: Mode = "enforce") -> Admitting:
    live, glass = LiveGate(), LiveGrants()
    live.apply([change(read(TEMPLATE)), change(read(CONSTRAINT))], frozenset())
    glass.apply([change(one) for one in (policy_value(), *grants)])
    return Admitting(live, glass, Terms(mode), lambda: now_ns)


def call(**fields: Any) -> AdmissionCall:
    return CallReader().read(json.dumps(review_of(config_map(), **fields)).encode())


def admitted(made: Admitting, asked: AdmissionCall | None = None) -> Any:
    return made.admit(asked or call(), monotonic() + 60)


def test_without_a_grant_it_is_denied() -> None:
    found = admitted(admitting())
    assert (found.response.allowed, found.grant) == (False, "")


def test_a_grant_lets_it_through_and_says_so() -> None:
    found = admitted(admitting(sign(unsigned())))
    assert found.response.allowed
    assert found.response.warnings == (
        "[break-glass] night-1 (OPS-1) until 2026-06-01T00:30:00Z lets through what NeedsOwner/owners denies",
    )
    assert (found.grant, found.annotations) == ("night-1", {"break-glass": "night-1"})
    # The Decision stays what it was: it is what is recorded.
    assert found.judged.decision.verdict == "deny"


@pytest.mark.parametrize(
    ("grant", "now_ns"),
    [
        (unsigned(), START_NS),
        (sign(unsigned()), END_NS),
        (sign(unsigned()), START_NS - 1),
        (sign(unsigned(namespaces=["other"])), START_NS),
        (sign(unsigned(policies=[{"kind": "Other"}])), START_NS),
        (sign(unsigned(audience="other")), START_NS),
        (sign(unsigned(until="2026-06-01T02:00:00Z")), START_NS),
    ],
)
def test_one_that_does_not_reach_it_lets_nothing_through(grant: dict[str, Any], now_ns: int) -> None:
    found = admitted(admitting(grant, now_ns=now_ns))
    assert (found.response.allowed, found.grant) == (False, "")


def test_what_is_allowed_uses_no_grant() -> None:
    asked = CallReader().read(json.dumps(review_of(config_map(labels={"owner": "me"}))).encode())
    found = admitted(admitting(sign(unsigned())), asked)
    assert (found.response.allowed, found.grant, found.response.warnings) == (True, "", ())


def test_in_observe_mode_nothing_is_denied_and_no_grant_is_used() -> None:
    found = admitted(admitting(sign(unsigned()), mode="observe"))
    assert (found.response.allowed, found.grant) == (True, "")


def test_what_could_not_be_judged_is_let_through_by_a_grant_for_all_policies_only() -> None:
    every = admitting(sign(unsigned()))
    found = every.closed("the trail cannot be reached", call())
    assert (found.response.allowed, found.grant, found.reason) == (
        True,
        "night-1",
        "the trail cannot be reached",
    )
    assert "what could not be judged" in found.response.warnings[0]
    some = admitting(sign(unsigned(policies=[{"kind": "NeedsOwner"}])))
    assert not some.closed("the trail cannot be reached", call()).response.allowed
    # Nor is what cannot even be read.
    assert not every.closed_for_all("no review", None).response.allowed


def test_before_policies_are_loaded_a_grant_lets_through() -> None:
    glass = LiveGrants()
    glass.apply([change(policy_value()), change(sign(unsigned()))])
    found = admitted(Admitting(LiveGate(), glass, Terms(), lambda: START_NS))
    assert (found.response.allowed, found.grant) == (True, "night-1")
