"""`lockgate quota reconcile`: live objects beside the ledger."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.quota.amounts import Charge, Limit, QuotaKey
from lockgate.webhook.quota.reconciling import started_ns

from tests.engine.quota.ledgers import CLUSTER, START, asked, make_ledger
from tests.gatekeeper.quotas.making import quota
from tests.webhook.cluster.listing_server import Served, serving
from tests.webhook.helpers import Ran
from tests.webhook.quota.conftest import Here
from tests.webhook.quota.making import CLASS, DEVICES, claim
from tests.webhook.quota.test_prediction import gpu_pod

Json = dict[str, Any]

KEY = QuotaKey(CLUSTER, "gpus", DEVICES)
GROUP = "/apis/resource.k8s.io/v1"
RESOURCES = (
    ("resourceclaims", "ResourceClaim"),
    ("deviceclasses", "DeviceClass"),
    ("resourceslices", "ResourceSlice"),
)


def live(value: Json, uid: str, version: str = "5") -> Json:
    """The object as a list has it."""
    metadata = {**value["metadata"], "uid": uid, "resourceVersion": version}
    return {
        **{name: item for name, item in value.items() if name not in ("apiVersion", "kind")},
        "metadata": metadata,
    }


@dataclass(frozen=True, slots=True)
class Place:
    """A ledger beside an API server."""

    folder: Path
    served: Served
    here: Here

    def reconcile(self, *arguments: str) -> Ran:
        given = ("quota", "reconcile", "--ledger", "ledger.db", "--cluster", CLUSTER, *arguments)
        return self.here(*given, cwd=self.folder, env={"KUBECONFIG": str(self.folder / "kubeconfig")})

    def claims(self, *claims: Json) -> None:
        self.served.lists[f"{GROUP}/resourceclaims"] = list(claims)


@pytest.fixture
def place(here: Here, tmp_path: Path) -> Iterator[Place]:
    listed = [{"name": name, "kind": kind, "namespaced": True, "verbs": ["list"]} for name, kind in RESOURCES]
    served = Served(
        discovery={
            "/apis": {"groups": [{"name": "resource.k8s.io", "versions": [{"version": "v1"}]}]},
            GROUP: {"resources": listed},
        },
        lists={
            "/apis/quota.lockgate.dev/v1alpha1/devicequotas": [quota()],
            "/api/v1/namespaces": [{"metadata": {"name": "ml"}}],
            "/api/v1/pods": [],
            **{f"{GROUP}/{name}": [] for name, _ in RESOURCES},
        },
    )
    make_ledger(tmp_path).engine.dispose()
    with serving(served) as address:
        (tmp_path / "kubeconfig").write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "c", "cluster": {"server": address}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                    "users": [{"name": "u", "user": {}}],
                    "current-context": "c",
                }
            )
        )
        yield Place(tmp_path, served, here)


def test_they_agree(place: Place) -> None:
    ran = place.reconcile("--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "0 pods, 0 resourceclaims.resource.k8s.io: the ledger says the same\n"


def test_it_is_told_and_then_mended(place: Place) -> None:
    place.claims(live(claim(3, "a"), "u1"), live(claim(2, "b"), "u2"), live(claim(9, "c", "other"), "u3"))
    told = place.reconcile("--dry-run")
    assert (told.code, told.err) == (1, "")
    assert told.out == (
        f"gpus: devices of class {CLASS}: the ledger says 0, live objects are charged 5\n"
        "0 pods, 3 resourceclaims.resource.k8s.io: nothing was changed\n"
    )
    assert place.reconcile("--dry-run").code == 1
    mended = place.reconcile("--format", "json")
    assert mended.code == 0
    assert json.loads(mended.out) == {
        "version": 1,
        "objects": {"pods": 0, "resourceclaims.resource.k8s.io": 3},
        "differences": [{"scope": "gpus", "dimension": DEVICES, "ledger": 0, "cluster": 5}],
        "uncounted": [],
        "mended": True,
    }
    assert place.reconcile("--dry-run").code == 0


def test_what_is_gone_is_released_and_what_is_reserved_stays(place: Place) -> None:
    place.claims(live(claim(3, "a"), "u1"))
    assert place.reconcile().code == 0
    ledger = make_ledger_again(place.folder)
    ledger.reserve(asked("u9", 2, charges=(Charge(KEY, 2),), limits=(Limit(KEY, 8),)), START)
    ledger.engine.dispose()
    place.claims()
    assert place.reconcile().code == 0
    shown = place.here("quota", "show", "--ledger", "ledger.db", "--cluster", CLUSTER, cwd=place.folder).out
    assert shown.splitlines()[1].split()[5:7] == ["0", "2"]


def make_ledger_again(folder: Path) -> Any:
    from lockgate.engine.quota.store.ledger import Ledger
    from lockgate.engine.quota.store.schema import open_ledger

    return Ledger(open_ledger(str(folder / "ledger.db")), CLUSTER)


def test_pods(place: Place) -> None:
    place.served.lists["/apis/quota.lockgate.dev/v1alpha1/devicequotas"] = [
        quota(limits=[{"resource": "example.com/gpu", "hard": 8}])
    ]
    ended = {**live(gpu_pod(4), "u2"), "status": {"phase": "Succeeded"}}
    place.served.lists["/api/v1/pods"] = [live(gpu_pod(3), "u1"), ended]
    assert place.reconcile("--dry-run").out.startswith(
        "gpus: example.com/gpu: the ledger says 0, live objects are charged 3\n1 pods"
    )


WEEKS = [{"class": CLASS, "every": "week", "gpuHours": {"hard": 10_000}}]


def hours(value: Any) -> list[tuple[int, int, int]]:
    """Window, ledger and cluster of the differences over time."""
    return [
        (one["window"], one["ledger"], one["cluster"])
        for one in json.loads(value)["differences"]
        if one["dimension"] == f"gpu-seconds/{CLASS}"
    ]


def test_hours(place: Place) -> None:
    quotas = [quota(limits=None, windows=WEEKS, maxRunTime="1h")]
    place.served.lists["/apis/quota.lockgate.dev/v1alpha1/devicequotas"] = quotas
    place.claims(live(claim(2, "a"), "u1"))
    told = place.reconcile("--dry-run")
    assert told.code == 1
    # The hour may be in two weeks.
    lines = [line for line in told.out.splitlines() if line.startswith("gpus: GPU-hours of class")]
    assert lines
    assert all(": the ledger says 0 h, live objects are charged " in line for line in lines)
    found = hours(place.reconcile("--dry-run", "--format", "json").out)
    assert [one[1] for one in found] == [0] * len(found)
    assert sum([one[2] for one in found]) == 2 * 3600
    assert place.reconcile().code == 0
    assert place.reconcile("--dry-run").code == 0
    # It asks for more, and is gone.
    place.claims(live(claim(3, "a"), "u1", "6"))
    found = hours(place.reconcile("--dry-run", "--format", "json").out)
    assert sum([one[2] - one[1] for one in found]) in range(3600 - 60, 3601)
    place.claims()
    found = hours(place.reconcile("--dry-run", "--format", "json").out)
    assert (sum([one[1] for one in found]), sum([one[2] for one in found])) == (2 * 3600, 0)
    assert place.reconcile().code == 0
    assert place.reconcile("--dry-run").code == 0


def test_hours_of_what_outlives_its_bound(place: Place) -> None:
    """It is settled as it goes, and is no difference."""
    quotas = [quota(limits=None, windows=WEEKS, maxRunTime="1h")]
    place.served.lists["/apis/quota.lockgate.dev/v1alpha1/devicequotas"] = quotas
    allocated = {"allocation": {"allocationTimestamp": "2026-01-01T00:00:00Z"}}
    place.claims({**live(claim(2, "a"), "u1"), "status": allocated})
    assert hours(place.reconcile("--dry-run", "--format", "json").out) == []


def test_what_cannot_be_counted_changes_nothing(place: Place) -> None:
    place.claims(live(claim(1, "a", allocationMode="Some"), "u1"), live(claim(2, "b"), "u2"))
    ran = place.reconcile()
    assert ran.code == 2
    assert (
        "cannot be counted: resourceclaims.resource.k8s.io ml/a: quota gpus: the allocation mode is not known"
        in ran.err
    )
    assert "nothing was changed" in ran.out


def test_a_cluster_without_the_kind(place: Place) -> None:
    del place.served.lists["/apis/quota.lockgate.dev/v1alpha1/devicequotas"]
    ran = place.reconcile()
    assert (ran.code, ran.out) == (2, "")
    assert "the cluster has no DeviceQuotas" in ran.err


def test_a_list_that_fails_changes_nothing(place: Place) -> None:
    place.claims(live(claim(1, "a"), "u1"))
    place.served.statuses["/api/v1/pods"] = [500]
    ran = place.reconcile()
    assert (ran.code, ran.out) == (2, "")
    assert place.reconcile("--dry-run").code == 1


@pytest.mark.parametrize(
    ("status", "second"),
    [
        ({"allocation": {"allocationTimestamp": "2026-06-01T00:00:00Z"}}, 1_780_272_000),
        ({"startTime": "2026-06-01T00:00:00Z"}, 1_780_272_000),
        ({"startTime": "2026-06-01T00:00:00"}, None),
        ({"startTime": "soon"}, None),
        ({"startTime": 7}, None),
        (None, None),
    ],
)
def test_when_it_began(status: Any, second: int | None) -> None:
    assert started_ns({"status": status}) == (None if second is None else second * 10**9)
