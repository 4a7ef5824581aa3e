"""Which claims pods are charged for: those that the scheduler made for them, and no others of the same name."""

from typing import Any

import pytest
from lockgate.webhook.quota.paid import paid_claims, payer_of

Json = dict[str, Any]

BOUND = "2026-06-01T00:00:10Z"


def pod(**status: Any) -> Json:
    """A pod on a node, which the scheduler made a claim for."""
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": BOUND}
    return {
        "kind": "Pod",
        "metadata": {"namespace": "ml", "name": "p", "uid": "pod"},
        "status": {
            "extendedResourceClaimStatus": {"resourceClaimName": "p-x"},
            "conditions": [{"type": "Ready", "status": "False"}, scheduled],
            **status,
        },
    }


def made(created: Any = "2026-06-01T00:00:09Z", **metadata: Any) -> Json:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "pod", "controller": True}
    own = {"namespace": "ml", "name": "p-x", "creationTimestamp": created, "ownerReferences": [owner]}
    return {"kind": "ResourceClaim", "metadata": {**own, **metadata}}


def test_the_claim_that_was_made_for_a_pod() -> None:
    paid = paid_claims([pod(), {}, {"status": None}])
    assert list(paid) == [("ml", "p-x")]
    assert payer_of(made(), paid) is paid["ml", "p-x"]
    # Moments are told to the second.
    assert payer_of(made(BOUND), paid) is not None


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(made("2026-06-01T00:00:11Z"), id="made when the pod was on its node"),
        pytest.param(made(None), id="not stored yet"),
        pytest.param(made("soon"), id="of no time"),
        pytest.param(made("2026-06-01T00:00:09"), id="of no zone"),
        pytest.param(made(ownerReferences=None), id="nobody's"),
        pytest.param(made(ownerReferences=[{"uid": "pod"}]), id="not controlled by it"),
        pytest.param(made(ownerReferences=[{"uid": "other", "controller": True}]), id="another pod's"),
        pytest.param(made(name="p-y"), id="of another name"),
        pytest.param(made(namespace="other"), id="elsewhere"),
    ],
)
def test_claims_that_are_charged_themselves(claim: Json) -> None:
    assert payer_of(claim, paid_claims([pod()])) is None


@pytest.mark.parametrize(
    "payer",
    [
        pytest.param(pod(phase="Succeeded"), id="ended"),
        pytest.param(pod(phase="Failed"), id="failed"),
        pytest.param(pod(conditions=[]), id="on no node yet"),
        pytest.param(pod(conditions=[{"type": "PodScheduled", "status": "False"}]), id="not scheduled"),
        pytest.param(pod(conditions="all"), id="unreadable"),
        pytest.param(pod(extendedResourceClaimStatus=None), id="without such a claim"),
    ],
)
def test_pods_that_pay_for_nothing(payer: Json) -> None:
    assert paid_claims([payer]) == {}
