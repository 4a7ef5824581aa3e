"""DeviceQuotas at the server's door: wrong ones are refused, and objects are held to right ones by the ledger."""

import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.engine.gvk import GroupVersionKind, gvk_of
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.webhook.serving.admitting import NO_LEDGER, Admitted, Admitting, Mode, Terms
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.objects import Change, ObjectKey
from lockgate.webhook.serving.quota_door import CLAIMED, QuotaDoor, quota_header
from lockgate.webhook.serving.wire import CallReader

from tests.engine.quota.ledgers import CLUSTER, START, make_ledger, usages
from tests.gatekeeper.quotas.making import quota
from tests.webhook.quota.making import CLASS, claim
from tests.webhook.quota.test_prediction import gpu_pod
from tests.webhook.serving.server_processes import CONSTRAINT, TEMPLATE, review_of
from tests.webhook.serving.test_admitting_glass import admitting, read

Json = dict[str, Any]
MakeDoor = Callable[..., "Door"]


def said(value: Json, **fields: Any) -> Any:
    asked = CallReader().read(json.dumps(review_of(value, **fields)).encode())
    return admitting().admit(asked, monotonic() + 60).response


def test_a_right_one_is_let_through_with_a_warning_where_there_is_no_ledger() -> None:
    found = said(quota())
    assert (found.allowed, found.warnings) == (True, (NO_LEDGER,))


def test_a_wrong_one_is_refused_with_its_place() -> None:
    found = said(quota(limits=[{"class": "a", "hard": -1}]))
    assert not found.allowed
    assert found.message.startswith("spec.limits[0].hard: spec.limits[0].hard is no whole number")


class Door:
    """A server's side of quotas, without a cluster: what a worker decides, and the ledger behind it."""

    def __init__(self, ledger: Ledger, cache: CodeCache, mode: Mode = "enforce") -> None:
        self.ledger = ledger
        self.live = LiveGate(LiveSettings(cache=cache, ledger_cluster=CLUSTER))
        self.door = QuotaDoor(ledger)
        self.admitting = Admitting(self.live, LiveGrants(), Terms(mode), lambda: START, self.door)

    def apply(self, *values: Json, covered: frozenset[GroupVersionKind] = DEVICE_KINDS) -> None:
        self.live.apply([change(one) for one in values], covered)

    def tell(self) -> None:
        """As main does once it has counted."""
        state = self.live.state
        assert state is not None
        assert state.quotas is not None
        self.door.tell(quota_header(state.quotas.digest, self.ledger.rebuilt()))

    def ask(self, value: Json, request: str = "", caller: Any = "mtls", **fields: Any) -> Admitted:
        value["metadata"].setdefault("uid", f"uid-{value['metadata']['name']}")
        review = review_of(value, request or f"r-{value['metadata']['name']}", **fields)
        call = CallReader().read(json.dumps(review).encode())
        return self.admitting.admit(call, monotonic() + 60, caller)

    def held(self, scope: str = "gpus") -> tuple[int, int]:
        """Devices that are used and reserved."""
        found = [
            one
            for one in usages(self.ledger).values()
            if one.key.scope == scope and one.key.dimension == f"devices/{CLASS}"
        ]
        return sum(one.used for one in found), sum(one.reserved for one in found)


def change(value: Json) -> Change:
    kind = gvk_of(value)
    assert kind is not None
    metadata = value["metadata"]
    key = ObjectKey(kind, metadata.get("namespace", ""), metadata["name"])
    return Change(key, json.dumps(value).encode())


@pytest.fixture
def make_door(tmp_path: Path, code_cache: CodeCache) -> MakeDoor:
    def make(mode: Mode = "enforce", **options: Any) -> Door:
        return Door(make_ledger(tmp_path, **options), code_cache, mode)

    return make


@pytest.fixture
def door(make_door: MakeDoor) -> Door:
    made = make_door()
    made.apply(quota(limits=[{"class": CLASS, "hard": 8, "soft": 6}]))
    made.tell()
    return made


def test_with_a_ledger_nobody_is_warned_of_a_quota(door: Door) -> None:
    found = door.ask(quota("other")).response
    assert (found.allowed, found.warnings) == (True, ())


def test_what_fits_is_held_and_what_does_not_is_refused(door: Door) -> None:
    first = door.ask(claim(5, "first"))
    assert first.response.allowed
    assert first.judged is not None
    assert first.judged.held is not None
    second = door.ask(claim(4, "second"))
    assert (second.response.allowed, second.response.code, second.response.reason) == (
        False,
        403,
        "Forbidden",
    )
    assert second.response.message == (
        "[gpus] quota gpus does not allow it: devices of class gpu.example.com: limit 8, used 0, reserved 5, asked 4; 3 left; "
        "held by resourceclaims.resource.k8s.io ml/first (5)"
    )
    assert second.judged is not None
    # A Decision like another: it is recorded, and counted.
    decision = second.judged.decision
    assert (decision.verdict, decision.matched, decision.valid_until_ns) == ("deny", 1, START)
    assert decision.violations[0].details == {
        "scope": "gpus",
        "dimension": "devices/gpu.example.com",
        "window": 0,
        "limit": 8,
        "used": 0,
        "reserved": 5,
        "spent": 0,
        "asked": 4,
    }
    assert door.held() == (0, 5)


def test_above_the_soft_limit_one_is_warned(door: Door) -> None:
    found = door.ask(claim(7)).response
    assert found.allowed
    assert found.warnings == (
        "[gpus] quota gpus warns of it: devices of class gpu.example.com: soft limit 6, used 0, reserved 0, asked 7; 6 left",
    )
    assert door.held() == (0, 7)


def test_the_same_request_again_holds_nothing_more(door: Door) -> None:
    for _ in range(3):
        assert door.ask(claim(5)).response.allowed
    assert door.held() == (0, 5)
    other = door.ask(claim(6))
    assert not other.response.allowed
    assert "came before, and asked for something else" in other.response.message
    assert door.held() == (0, 5)


@pytest.mark.parametrize(
    "fields",
    [
        {"dryRun": True},
        {"operation": "DELETE"},
        {"operation": "UPDATE", "oldObject": claim(5)},
        {"subResource": "status", "operation": "UPDATE", "oldObject": claim(1)},
        {"namespace": "elsewhere"},
    ],
)
def test_what_holds_nothing(door: Door, fields: Json) -> None:
    if fields.get("operation") == "DELETE":
        fields = {**fields, "object": None, "oldObject": claim(5)}
    found = door.ask(claim(5), **fields)
    assert found.response.allowed, found.response
    assert found.judged is None or found.judged.held is None
    assert door.held() == (0, 0)


def test_a_dry_run_is_refused_as_it_would_be(door: Door) -> None:
    assert "limit 8, used 0, reserved 0, asked 9" in door.ask(claim(9), dryRun=True).response.message


def test_what_is_being_deleted_loses_its_finalizers_whatever_is_left(door: Door) -> None:
    before, value = claim(99), claim(100)
    value["metadata"]["deletionTimestamp"] = "2026-06-01T00:00:00Z"
    # What is said to be deleted, and is not.
    assert not door.ask(value, operation="UPDATE", oldObject=before).response.allowed
    before["metadata"]["deletionTimestamp"] = "2026-06-01T00:00:00Z"
    assert door.ask(value, operation="UPDATE", oldObject=before).response.allowed


def test_until_the_ledger_was_counted_what_is_charged_is_closed(make_door: MakeDoor) -> None:
    made = make_door()
    made.apply(quota())
    closed = made.ask(claim(1)).response
    assert not closed.allowed
    assert "the ledger has not been compared with the live objects under these DeviceQuotas yet" in (
        closed.message
    )
    # Nothing else waits for it.
    assert made.ask(claim(1, namespace="elsewhere")).response.allowed
    assert made.ask(gpu_pod(1, "example.com/other")).response.allowed
    made.tell()
    assert made.ask(claim(1)).response.allowed
    # Other quotas are counted anew.
    made.apply(quota(limits=[{"class": CLASS, "hard": 7}]))
    assert not made.ask(claim(1, "next")).response.allowed
    made.tell()
    assert made.ask(claim(1, "next")).response.allowed


def test_a_ledger_that_was_rebuilt_less_often_than_told_is_closed(make_door: MakeDoor) -> None:
    made = make_door()
    made.apply(quota())
    state = made.live.state
    assert state is not None
    assert state.quotas is not None
    made.door.tell(quota_header(state.quotas.digest, made.ledger.rebuilt() + 1))
    assert "has not been rebuilt from the live objects yet" in made.ask(claim(1)).response.message


def test_devices_that_are_not_told_yet_close_what_quotas_are_for(make_door: MakeDoor) -> None:
    made = make_door()
    made.apply(quota(), covered=frozenset())
    made.tell()
    assert "has not told all of its DeviceClass and ResourceSlice objects yet" in (
        made.ask(claim(1)).response.message
    )
    assert made.ask(claim(1, namespace="elsewhere")).response.allowed


def test_what_cannot_be_counted_is_refused(door: Door) -> None:
    found = door.ask(claim(-1)).response
    assert not found.allowed
    assert "quota gpus cannot count it" in found.message
    assert door.held() == (0, 0)


def test_what_policies_deny_holds_nothing(door: Door) -> None:
    of_claims = CONSTRAINT.replace('""', "resource.k8s.io").replace("ConfigMap", "ResourceClaim")
    door.apply(read(TEMPLATE), read(of_claims))
    found = door.ask(claim(1)).response
    assert found.message == "[owners] c has no owner"
    assert door.held() == (0, 0)


def test_observed_nothing_is_denied_and_what_fits_is_held(make_door: MakeDoor) -> None:
    made = make_door("observe")
    made.apply(quota())
    made.tell()
    assert made.ask(claim(8, "first")).response.allowed
    assert made.ask(claim(1, "second")).annotations == {"observed": "denied"}
    assert made.held() == (0, 8)


def test_who_denies_after_all_gives_up_what_is_held(door: Door) -> None:
    found = door.ask(claim(5))
    assert door.held() == (0, 5)
    asked = CallReader().read(json.dumps(review_of(claim(5))).encode())
    door.admitting.give_up(door.admitting.closed_for_all("it was not recorded", asked, found.judged))
    assert door.held() == (0, 0)


@pytest.mark.parametrize(
    ("callers", "allowed"),
    [
        (("mtls", "token"), (True, True)),
        # Names that nobody vouches for.
        (("unauthenticated", "unauthenticated"), (True, False)),
    ],
)
def test_names_that_nobody_vouches_for_share_a_bound(
    make_door: MakeDoor, callers: tuple[str, ...], allowed: tuple[bool, ...]
) -> None:
    made = make_door(most_open=1)
    made.apply(quota())
    made.tell()
    found = [
        made.ask(claim(1, name), caller=caller, userInfo={"username": name}).response
        for name, caller in zip(("ann", "bob"), callers, strict=True)
    ]
    assert tuple([one.allowed for one in found]) == allowed
    if not allowed[-1]:
        assert f"{CLAIMED} has 1 reservations of which nothing was seen" in found[-1].message


@pytest.mark.parametrize(
    ("user", "is_shared"),
    [
        ("ann", True),
        ("system:serviceaccount:ml:deployer", False),
        ("system:serviceaccount:kube-system:resource-claim-controller", False),
        ("system:kube-controller-manager", False),
    ],
)
def test_what_a_controller_waits_for_in_one_namespace_keeps_no_other_from_it(
    make_door: MakeDoor, user: str, is_shared: bool
) -> None:
    made = make_door(most_open=1)
    made.apply(quota(scope={"namespaces": ["ml", "other"]}))
    made.tell()

    def ask(name: str, namespace: str) -> Any:
        value = claim(1, name, namespace)
        return made.ask(value, namespace=namespace, userInfo={"username": user}).response

    assert ask("first", "ml").allowed
    assert f"{user}" in ask("second", "ml").message
    assert ask("third", "other").allowed is not is_shared


def test_labels_that_say_whose_quota_counts_are_guarded(make_door: MakeDoor) -> None:
    made = make_door()
    made.apply(
        quota("teams", scope={"team": {"label": "example.com/team"}}),
        quota("tiers", scope={"namespaceSelector": {"matchLabels": {"example.com/tier": "a"}}}),
    )

    def labelled(**labels: str) -> Json:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml", "labels": labels}}

    def admit(after: Json) -> Any:
        review = review_of(after, operation="UPDATE", oldObject=labelled(), userInfo={"username": "ann"})
        return made.admitting.admit_label(CallReader().read(json.dumps(review).encode())).response

    assert admit(labelled(other="x")).allowed
    assert not admit(labelled(**{"example.com/team": "fraud"})).allowed
    assert not admit(labelled(**{"example.com/tier": "b"})).allowed


def test_teams_have_amounts_of_their_own(make_door: MakeDoor) -> None:
    made = make_door()
    names = ("one", "two")
    made.apply(
        quota("teams", scope={"team": {"label": "team"}}, limits=[{"class": CLASS, "hard": 2}]),
        *[
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": name}}}
            for name in names
        ],
    )
    made.tell()
    assert all(made.ask(claim(2, name, name)).response.allowed for name in names)
    assert not made.ask(claim(1, "more", "one")).response.allowed
    assert made.held("teams/one") == (0, 2)


def test_a_wrong_quota_is_told_and_not_in_force(make_door: MakeDoor) -> None:
    made = make_door()
    made.apply(quota(limits=[{"class": "a", "hard": -1}]))
    assert [str(key) for key in made.live.problems] == ["DeviceQuota.quota.lockgate.dev/gpus"]
    assert made.ask(claim(100)).response.allowed
