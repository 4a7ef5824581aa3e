"""What a cluster has in place of what was promoted decides nothing, and is told with its field, its PolicyBundle and the way out."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from lockgate.webhook.serving.objects import Change
from lockgate.webhook.serving.promoted_set import Drift, PromotedSet, first_difference

from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.gatekeeper.quotas.making import quota
from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.builders import gone, key_of, present
from tests.webhook.serving.test_live_gate import EXEMPTION

Json = dict[str, Any]

DIGEST = f"sha256:{'1' * 64}"
BUNDLE = f"PolicyBundle platform in prod ({DIGEST})"
PROMOTE = "to promote it: lockgate policy promote BUNDLE --name platform --to prod"
OBJECTS: tuple[Json, ...] = (
    template(),
    constraint({"match": {"namespaces": ["ml"]}, "parameters": {"most": 1}}),
    promotion_policy({"to": "prod", "soakTime": "1h"}),
    environment_map({"name": "staging"}, {"name": "prod", "namespaces": ["ml"]}),
    quota(),
    EXEMPTION,
)
PLACES = {key_of(one): f"{number} a.yaml" for number, one in enumerate(OBJECTS)}


def promoted(*objects: Json, digest: str = DIGEST) -> PromotedSet:
    made = {one.key: one.data for one in present(*objects) if one.data is not None}
    return PromotedSet("platform", "prod", digest, "bundles/my one.tar.gz", made, PLACES)


def drift_of(*changes: Change) -> Drift:
    made = Drift()
    assert made.take(changes) == ()
    made.promoted(promoted(*OBJECTS))
    return made


def told(drift: Drift) -> dict[str, str]:
    return {str(key): str(one) for key, one in drift.problems.items()}


def test_what_is_as_it_was_promoted_is_none() -> None:
    assert told(drift_of(*present(*OBJECTS))) == {}


def test_what_the_api_server_and_tools_write_is_none() -> None:
    made = copy.deepcopy([*OBJECTS])
    for one in made:
        one["metadata"] |= {
            "uid": "1",
            "generation": 3,
            "labels": {"app": "x"},
            "annotations": {"argocd.argoproj.io/sync-wave": "1"},
        }
        one["status"] = {"created": True}
    made[0]["spec"]["crd"]["spec"]["validation"] = {"legacySchema": False}
    bundle = copy.deepcopy(OBJECTS)
    bundle[0]["spec"]["crd"]["spec"]["validation"] = {}
    # An older version of the same kind.
    made[1]["apiVersion"] = "constraints.gatekeeper.sh/v1alpha1"
    drift = Drift()
    drift.take(present(*made))
    drift.promoted(promoted(*bundle))
    assert told(drift) == {}


def changed(place: int, change: Callable[[Json], object]) -> Json:
    made = copy.deepcopy(OBJECTS[place])
    change(made)
    return made


@pytest.mark.parametrize(
    ("place", "change", "field"),
    [
        (0, lambda one: one["spec"]["targets"][0].update(rego="package a"), "spec.targets[0].rego"),
        (1, lambda one: one["spec"].update(enforcementAction="dryrun"), "spec.enforcementAction"),
        (1, lambda one: one["spec"]["match"]["namespaces"].append("x"), "spec.match.namespaces[1]"),
        (1, lambda one: one["spec"].pop("match"), "spec.match"),
        (1, lambda one: one["spec"]["parameters"].update(most=True), "spec.parameters.most"),
        (
            1,
            lambda one: one["metadata"].update(annotations={"lockgate.dev/sweep": "without-user"}),
            "metadata.annotations['lockgate.dev/sweep']",
        ),
        (2, lambda one: one["spec"]["steps"][0].update(soakTime="1m"), "spec.steps[0].soakTime"),
        (
            3,
            lambda one: one["spec"]["environments"][0].update(namespaces=["ml"]),
            "spec.environments[0].namespaces",
        ),
        (4, lambda one: one["spec"]["limits"][0].update(hard=80), "spec.limits[0].hard"),
        (5, lambda one: one["spec"].update(expiresAt="2030-01-01T00:00:00Z"), "spec.expiresAt"),
    ],
    ids=[
        "rego",
        "action",
        "longer",
        "shorter",
        "boolean",
        "annotation",
        "promotion",
        "environments",
        "quota",
        "exemption",
    ],
)
def test_what_differs_is_told(place: int, change: Callable[[Json], object], field: str) -> None:
    value = changed(place, change)
    others = [one for number, one in enumerate(OBJECTS) if number != place]
    assert told(drift_of(*present(value, *others))) == {
        str(key_of(value)): (
            f"{field}: not in force as it is: it differs from {BUNDLE}, which is ({PROMOTE}; "
            f"to restore it: tar -xzOf 'bundles/my one.tar.gz' '{place} a.yaml' | kubectl apply -f -)"
        )
    }


def test_what_was_not_promoted_is_told() -> None:
    value = quota("more")
    assert told(drift_of(*present(value))) == {
        "DeviceQuota.quota.lockgate.dev/more": (
            f"not in force: {BUNDLE} does not have it ({PROMOTE}; to take it away: kubectl delete DeviceQuota.quota.lockgate.dev more)"
        )
    }


def test_it_ends_with_the_object_with_its_repair_and_with_a_promotion() -> None:
    value = changed(4, lambda one: one["spec"]["limits"][0].update(hard=80))
    drift = drift_of(*present(value, quota("more")))
    assert len(told(drift)) == 2
    drift.take(gone(quota("more")))
    assert [*told(drift)] == ["DeviceQuota.quota.lockgate.dev/gpus"]
    drift.take(present(OBJECTS[4]))
    assert told(drift) == {}
    drift.take(present(value))
    assert [*told(drift)] == ["DeviceQuota.quota.lockgate.dev/gpus"]
    drift.promoted(promoted(value, digest=f"sha256:{'2' * 64}"))
    assert told(drift) == {}


def test_before_it_is_known_what_was_promoted_nothing_is_said_and_nothing_goes_on() -> None:
    drift = Drift()
    other = present(manifest())
    assert drift.take([*present(*OBJECTS), *other]) == tuple(other)
    assert told(drift) == {}


def test_an_object_that_cannot_be_read_differs() -> None:
    (change,) = present(OBJECTS[1])
    drift = drift_of(Change(change.key, b"[]"))
    assert [one.location for one in drift.problems.values()] == ["spec"]


@pytest.mark.parametrize(
    ("wanted", "found", "path"),
    [
        ({"b": 1, "a": 1}, {"a": 2, "b": 2}, ("a",)),
        ([1, 2], [1], (1,)),
        ([], [[]], (0,)),
        ({"a": {}}, {"a": []}, ("a",)),
        (1, True, ()),
        ({"legacySchema": False}, {}, None),
        ({"legacySchema": True}, {}, ("legacySchema",)),
        ({"a": [{"b": None}]}, {"a": [{"b": None}]}, None),
    ],
)
def test_the_first_difference(wanted: Any, found: Any, path: tuple[str | int, ...] | None) -> None:
    assert first_difference(wanted, found) == path
    assert first_difference(found, wanted) == path
