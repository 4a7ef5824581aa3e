"""What quotas charge for claims, beside a model of its own that was written from the API's words and knows no Rego."""

import json
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.dra.library import said_of_json
from tests.policies.quota_charges import claim_of, said_of

CLASSES = st.sampled_from(["a.example.com", "b.example.com", "c"])
# `All` has no count; a count that is not given is 1.
ASKED = st.one_of(
    st.fixed_dictionaries({"deviceClassName": CLASSES}, optional={"count": st.integers(1, 40)}),
    st.fixed_dictionaries({"deviceClassName": CLASSES, "allocationMode": st.just("All")}),
    st.fixed_dictionaries(
        {
            "deviceClassName": CLASSES,
            "allocationMode": st.just("ExactCount"),
            "count": st.integers(1, 2**63 - 1),
        }
    ),
)
ADMINISTERED = st.builds(lambda asked, admin: {**asked, "adminAccess": admin}, ASKED, st.booleans())
REQUESTS = st.lists(
    st.one_of(
        st.builds(lambda asked: {"exactly": asked}, ADMINISTERED),
        st.builds(lambda those: {"firstAvailable": those}, st.lists(ASKED, min_size=1, max_size=8)),
    ),
    max_size=6,
)
VERSIONS = st.sampled_from(["v1", "v1beta2", "v1beta1"])


def devices(asked: dict[str, Any]) -> int:
    return 32 if asked.get("allocationMode") == "All" else asked.get("count", 1)


def resource_quota(requests: list[dict[str, Any]]) -> dict[str, int]:
    """By class: for each request and class the most that it may come to, all requests together."""
    total: Counter[str] = Counter()
    for request in requests:
        most: dict[str, int] = {}
        for one in request.get("firstAvailable") or [request["exactly"]]:
            name = one["deviceClassName"]
            most[name] = max(most.get(name, 0), devices(one))
        total.update(most)
    return dict(total)


def charged(value: dict[str, Any], **options: Any) -> dict[str, int]:
    said = said_of(value, {"quota": options})
    assert said["refused"] == []
    assert said["own"].pop("objects/claims") == 1
    return {
        name.removeprefix("devices/"): n for name, n in said["own"].items() if name.startswith("devices/")
    }


@given(VERSIONS, REQUESTS)
def test_kubernetes_mode(version: str, requests: list[dict[str, Any]]) -> None:
    assert charged(claim_of(version, requests)) == resource_quota(requests)


@given(VERSIONS, REQUESTS)
def test_administrators_at_nothing(version: str, requests: list[dict[str, Any]]) -> None:
    paying = [one for one in requests if not one.get("exactly", {}).get("adminAccess")]
    found = charged(claim_of(version, requests), admin="zero")
    assert {name: amount for name, amount in found.items() if amount} == resource_quota(paying)


@given(VERSIONS, REQUESTS)
def test_the_dearest_alternative_alone(version: str, requests: list[dict[str, Any]]) -> None:
    """Each request is charged once, for one class, the most that any of its alternatives has."""
    found = charged(claim_of(version, requests), first="max-cost")
    assert sum(found.values()) == sum(
        max(map(devices, one.get("firstAvailable") or [one["exactly"]])) for one in requests
    )
    whole = resource_quota(requests)
    assert all(amount <= whole[name] for name, amount in found.items())


@given(REQUESTS)
def test_claims_and_templates_count_alike(requests: list[dict[str, Any]]) -> None:
    claim = claim_of("v1", requests)
    template = {**claim, "kind": "ResourceClaimTemplate", "spec": {"spec": claim["spec"]}}
    said = said_of(template)
    assert said["own"] == said["predicted"] == {}
    assert said["each"] == said_of(claim)["own"]


@given(VERSIONS, REQUESTS, st.sampled_from(["Some", "", 1, "exactcount"]), st.data())
def test_unknown_modes_are_refused(
    version: str, requests: list[dict[str, Any]], mode: Any, data: st.DataObject
) -> None:
    """ResourceQuota counts them as nothing."""
    places = [asked for one in requests for asked in one.get("firstAvailable") or [one["exactly"]]]
    if places:
        data.draw(st.sampled_from(places))["allocationMode"] = mode
        said = said_of(json.loads(json.dumps(claim_of(version, requests))))
        assert said["refused"]


@given(VERSIONS, REQUESTS)
def test_claims_shows_what_quotas_charge(version: str, requests: list[dict[str, Any]]) -> None:
    """The charge column of `lockgate claims` and quotas in Kubernetes mode say the same."""
    said = said_of_json(json.dumps(claim_of(version, requests)))
    own = said["quota"]["own"]
    assert said["by_class"] == {
        name.removeprefix("devices/"): amount for name, amount in own.items() if name.startswith("devices/")
    }
