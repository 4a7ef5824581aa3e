"""What live objects are charged in the ledger."""

import json
from typing import Any

import pytest
from lockgate.engine.codegen.values import parse_json
from lockgate.engine.quota.amounts import Charge, Limit, QuotaKey
from lockgate.engine.quota.windows import TimedCharge
from lockgate.webhook.quota.accounts import Account, Accounts
from lockgate.webhook.quota.charging import Charger
from lockgate.webhook.quota.checking import learn_known
from lockgate.webhook.quota.paid import paid_claims
from lockgate.webhook.quota.reconciling import Counted, count_objects

from tests.gatekeeper.quotas.making import parsed, quota
from tests.webhook.quota.making import CLASS, DEVICES, claim, deployment
from tests.webhook.quota.making import parsed as parsed_snapshot
from tests.webhook.quota.test_prediction import DEVICE_CLASS, STRICT, WEEK, gpu_pod, library, slices

Json = dict[str, Any]


def account(
    value: Json, *quotas: Json, around: tuple[Json, ...] = (), labels: Json | None = None, user: str = ""
) -> Account:
    known = learn_known([as_value(one) for one in around])
    accounts = Accounts("prod", parsed_snapshot(*quotas).quotas, Charger(library(), known))
    namespace = value["metadata"]["namespace"]
    labelled = None if labels is None else as_value({"metadata": {"name": namespace, "labels": labels}})
    return accounts.of(as_value(value), namespace, labelled, user)


def as_value(value: Json) -> Json:
    made: Json = parse_json(json.dumps(value))  # type: ignore[assignment]
    return made


def key(dimension: str = DEVICES, scope: str = "gpus") -> QuotaKey:
    return QuotaKey("prod", scope, dimension)


def test_claims_are_charged_for_themselves() -> None:
    found = account(
        claim(3), quota(limits=[{"class": CLASS, "hard": 8, "soft": 6}, {"objects": "claims", "hard": 2}])
    )
    assert found == Account(
        (Charge(key(), 3), Charge(key("objects/claims"), 1)),
        (),
        (Limit(key(), 8, 6), Limit(key("objects/claims"), 2)),
    )


def test_what_makes_pods_is_charged_nothing() -> None:
    assert account(deployment()) == Account()


def test_each_quota_has_its_keys() -> None:
    found = account(
        claim(3), quota("a"), quota("b", scope={"team": {"label": "team"}}), labels={"team": "fraud"}
    )
    assert found.charges == (Charge(key(scope="a"), 3), Charge(key(scope="b/fraud"), 3))


def test_labels_that_are_not_known_refuse_what_asks() -> None:
    team = quota(scope={"team": {"label": "team"}})
    assert [one.message for one in account(claim(3), team).refused] == [
        "the labels of namespace ml are not known"
    ]
    assert account(deployment(), team) == Account()


def test_what_cannot_be_counted_is_refused() -> None:
    (one,) = account(claim(1, allocationMode="Some")).refused[:1]
    assert (one.quota, one.message) == (
        "gpus",
        "the allocation mode is not known at spec.devices.requests[0].exactly.allocationMode",
    )
    huge = account(claim(2**60)).refused
    assert [one.message for one in huge] == [f"devices of class {CLASS} cannot be counted"]


def test_drivers_that_cannot_be_told_are_refused() -> None:
    by_driver = quota(limits=[{"driver": CLASS, "hard": 2}])
    assert [one.message for one in account(claim(1), by_driver).refused] == [
        "which drivers its requests can reach cannot be told"
    ]
    around = (DEVICE_CLASS, slices("H100"))
    assert account(claim(1), by_driver, around=around).charges == (Charge(key(f"drivers/{CLASS}"), 1),)


def test_live_objects_that_cannot_be_counted_are_told_so() -> None:
    """Of a claim whose class is gone it is not known which drivers it has: what is held for it is to stay."""
    by_driver = quota(limits=[{"driver": CLASS, "hard": 2}, {"class": CLASS, "hard": 9}])

    def counted(*around: Json) -> Counted:
        known = learn_known([as_value(one) for one in around])
        accounts = Accounts("prod", parsed_snapshot(by_driver).quotas, Charger(library(), known))
        live = as_value(
            {**claim(1), "metadata": {**claim(1)["metadata"], "uid": "a", "resourceVersion": "5"}}
        )
        return count_objects("resourceclaims", [live], "9", accounts, {}, "prod")

    (there,) = counted(DEVICE_CLASS, slices("H100")).listing.objects
    assert there.is_known and len(there.charges) == 2
    gone = counted(slices("H100"))
    (left,) = gone.listing.objects
    assert (left.is_known, left.charges) == (False, (Charge(key(), 1),))
    assert ["cannot be told" in one for one in gone.uncounted] == [True]


def test_time() -> None:
    hours = quota(**STRICT, limits=None, windows=WEEK)
    timed = key(f"gpu-seconds/{CLASS}")
    bounded = account(gpu_pod(2, activeDeadlineSeconds=60), hours, around=(DEVICE_CLASS,))
    assert bounded.timed == (TimedCharge(timed, 2, "week", 60),)
    assert bounded.limits == (Limit(timed, 360_000),)
    assert account(gpu_pod(2), hours, around=(DEVICE_CLASS,)).timed == (TimedCharge(timed, 2, "week", None),)
    assert account(claim(2), hours).timed == (TimedCharge(timed, 2, "week", None),)
    at_most = quota(limits=None, windows=WEEK, maxRunTime="1h")
    assert account(claim(2), at_most).timed == (TimedCharge(timed, 2, "week", 3600),)


def test_the_scheduler_is_not_charged_twice() -> None:
    made = claim(2)
    made["metadata"]["annotations"] = {"resource.kubernetes.io/extended-resource-claim": "true"}
    strict = quota(**STRICT)
    assert account(made, strict, user="system:kube-scheduler").charges == ()
    assert account(made, strict, user="somebody").charges == (Charge(key(), 2),)


@pytest.mark.parametrize("limit", [{"driver": CLASS}, {"product": "H100"}])
@pytest.mark.parametrize("mode", [{}, STRICT])
def test_what_pods_ask_for_by_a_resource_is_charged_where_it_is_claimed(limit: Json, mode: Json) -> None:
    """A pod is charged by class alone; by drivers and products, the claim that is made for it."""
    made = claim(2)
    made["metadata"]["annotations"] = {"resource.kubernetes.io/extended-resource-claim": "true"}
    around = (DEVICE_CLASS, slices("H100", "H100"))
    places = quota(**mode, limits=[{**limit, "hard": 1}])
    assert account(gpu_pod(2), places, around=around).charges == ()
    (charge,) = account(made, places, around=around, user="system:kube-scheduler").charges
    assert charge.amount == 2


def test_quotas_are_in_order() -> None:
    one, two = parsed_snapshot(quota("b"), quota("a")).quotas
    accounts = Accounts("prod", [one, two], Charger(library(), learn_known([])))
    assert [each.name for each in accounts.quotas] == ["a", "b"]
    assert parsed().name == "gpus"


@pytest.mark.parametrize(
    ("around", "charged"), [((DEVICE_CLASS,), {"pods": 2, "claims": 0}), ((), {"pods": 0, "claims": 2})]
)
@pytest.mark.parametrize(
    "limit", [{"limits": [{"class": CLASS, "hard": 9}]}, {"limits": None, "windows": WEEK}]
)
def test_when_a_class_is_deleted_what_a_pod_paid_for_is_charged_to_its_claim(
    around: tuple[Json, ...], charged: dict[str, int], limit: Json
) -> None:
    pod = bound(gpu_pod(2), "pod", "c")
    made = claim(2)
    made["metadata"] |= {
        "uid": "claim",
        "creationTimestamp": "2026-06-01T00:00:00Z",
        "annotations": {"resource.kubernetes.io/extended-resource-claim": "true"},
        "ownerReferences": [{"uid": "pod", "controller": True}],
    }
    known = learn_known([as_value(one) for one in around])
    accounts = Accounts("prod", parsed_snapshot(quota(**STRICT, **limit)).quotas, Charger(library(), known))
    paid = paid_claims([as_value(pod)])
    found = {
        name: count_objects(name, [as_value(value)], "9", accounts, {}, "prod", paid).listing.objects[0]
        for name, value in (("pods", pod), ("claims", made))
    }
    assert {
        name: sum([one.amount for one in seen.charges] + [one.devices for one in seen.timed])
        for name, seen in found.items()
    } == charged


def bound(pod: Json, uid: str, claim_name: str) -> Json:
    """The pod on a node, with the claim that the scheduler made for it."""
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-06-01T00:00:00Z"}
    status = {"extendedResourceClaimStatus": {"resourceClaimName": claim_name}, "conditions": [scheduled]}
    return {**pod, "metadata": {**pod["metadata"], "uid": uid}, "status": status}
