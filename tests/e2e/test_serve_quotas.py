"""DeviceQuotas held at admission: a real API server asks two servers that share a ledger, on SQLite and on PostgreSQL."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from lockgate.engine.quota.store.reader import reading_ledger

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.holding_webhook import holding_webhook
from tests.e2e.postgres import running_postgres
from tests.e2e.quota_place import (
    CLUSTER_NAME,
    Place,
    create,
    delete,
    quota_in_force,
    quota_servers,
    server_options,
)
from tests.e2e.serving_cluster import ACCOUNT, until
from tests.webhook.quota.making import CLASS, claim
from tests.webhook.serving.server_processes import running_server

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
HARD = 5


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({ACCOUNT: ""}) as made:
        yield made


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(
    request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        ledger = str(folder / "ledger.db")
        if request.param == "postgres":
            ledger = stack.enter_context(running_postgres()).url
        yield stack.enter_context(quota_servers(cluster, folder, ledger))


def test_claims_up_to_the_limit_and_no_more(place: Place) -> None:
    name = "upto"
    with quota_in_force(place, name, limits=[{"class": CLASS, "hard": HARD}]):
        for number in range(HARD):
            assert "created" in create(place, claim(1, f"c-{number}", name))
        until(lambda: place.held(name) == (HARD, 0, 0), lambda: place.held(name))
        said = create(place, claim(1, "more", name))
        assert (
            f"quota {name} does not allow it: devices of class {CLASS}: limit {HARD}, used {HARD}, reserved 0, asked 1; "
            f"0 left; held by resourceclaims.resource.k8s.io {name}/c-"
        ) in said
        # What is gone is free, as soon as it is seen to be.
        delete(place, "resourceclaim", name, "c-0")
        until(lambda: "created" in create(place, claim(1, "more", name)), lambda: place.held(name))
        until(lambda: place.held(name) == (HARD, 0, 0), lambda: place.held(name))


def test_a_dry_run_holds_nothing(place: Place) -> None:
    name = "dryrun"
    with quota_in_force(place, name, limits=[{"class": CLASS, "hard": 1}]):
        assert "created" in create(place, claim(1, "tried", name), "--dry-run=server")
        assert place.held(name) == (0, 0, 0)
        assert "created" in create(place, claim(1, "made", name))


def test_requests_at_once_by_both_servers(place: Place) -> None:
    """Of 24 claims of one device that come at once, as many are admitted as there are devices."""
    name = "atonce"
    with quota_in_force(place, name, limits=[{"class": CLASS, "hard": HARD}]):
        before = [*place.balancer.served]
        path = f"/apis/resource.k8s.io/v1/namespaces/{name}/resourceclaims"
        with ThreadPoolExecutor(24) as pool:
            asked = [
                pool.submit(place.cluster.ask, "POST", path, claim(1, f"c-{number}", name))
                for number in range(24)
            ]
            statuses = [one.result()[0] for one in asked]
        assert statuses.count(201) == HARD, statuses
        assert statuses.count(403) == 24 - HARD, statuses
        assert all(now > then for now, then in zip(place.balancer.served, before, strict=True))
        until(lambda: place.held(name) == (HARD, 0, 0), lambda: place.held(name))


def test_what_was_never_stored_is_free_after_a_read(place: Place) -> None:
    """Another webhook refuses what is held by then: nobody tells of that, and a consistent read shows it."""
    name = "refused"
    with (
        quota_in_force(place, name, limits=[{"class": CLASS, "hard": 1}]),
        holding_webhook(place.cluster, name, "resource.k8s.io", "resourceclaims") as other,
    ):
        other.refuses = True
        until(lambda: "no, thanks" in create(place, claim(1, "never", name)))
        other.refuses = False
        until(lambda: "created" in create(place, claim(1, "after", name)), lambda: place.held(name))
        until(lambda: place.held(name) == (1, 0, 0), lambda: place.held(name))


def test_a_start_counts_what_lives(place: Place) -> None:
    name = "restart"
    with quota_in_force(place, name, limits=[{"class": CLASS, "hard": 3}]):
        assert "created" in create(place, claim(2, "lives", name))
        until(lambda: place.held(name) == (2, 0, 0), lambda: place.held(name))
        # A ledger that knows nothing: ready once it was counted.
        own = place.folder / "anew"
        own.mkdir(exist_ok=True)
        ledger = str(own / "ledger.db")
        with running_server(own, None, server_options(place.folder, ledger)) as server:
            assert server.probe("/readyz")[0] == 200
            with reading_ledger(ledger, CLUSTER_NAME) as reader:
                found = {one.key.scope: one.used for one in reader.usages()}
            assert found[name] == 2
            assert "lockgate_quota_held" in server.probe("/metrics")[1]


def window() -> str:
    """A period that does not end within the hours to come."""
    now = datetime.now(UTC)
    is_late_sunday = now.weekday() == 6 and now.hour >= 22
    return "month" if is_late_sunday else "week"


def test_hours(place: Place) -> None:
    name = "hours"
    windows = [{"class": CLASS, "every": window(), "gpuHours": {"hard": 1}}]
    with quota_in_force(
        place, name, limits=[{"class": CLASS, "hard": 100}], windows=windows, maxRunTime="30m"
    ):
        for number in range(2):
            assert "created" in create(place, claim(1, f"c-{number}", name))
        said = create(place, claim(1, "more", name))
        assert f"GPU-hours of class {CLASS}: limit 1 h" in said
        assert "asked 0.5 h" in said
        hours = partial(place.held, name, "gpu-seconds/")
        until(lambda: hours() == (3_600, 0, 0), hours)
        # What is gone has used some seconds of its half an hour, if any; the rest is free.
        delete(place, "resourceclaim", name, "c-0")
        until(lambda: hours()[0] == 1_800, hours)
        assert hours()[1] == 0
        assert hours()[2] < 1_800


def pod(name: str, namespace: str, image: str = "a") -> Json:
    resources = {"limits": {"example.com/gpu": "2"}, "requests": {"example.com/gpu": "2"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [{"name": "c", "image": image, "resources": resources}],
        },
    }


def test_a_lost_race_counts_once(place: Place) -> None:
    """The API server asks anew, under another uid, where an object has changed while it asked; what is held stays the same."""
    name = "lostrace"
    limits = [{"resource": "example.com/gpu", "hard": 2}, {"class": CLASS, "hard": 1}]
    with quota_in_force(place, name, limits=limits):
        assert "created" in create(place, pod("p", name))
        until(lambda: place.held(name, "resources/") == (2, 0, 0), lambda: place.held(name, "resources/"))
        with holding_webhook(place.cluster, name, "", "pods") as other, ThreadPoolExecutor(1) as pool:
            until(lambda: is_asked(place, other, name))
            other.asked.clear()
            other.hold()
            slow = pool.submit(
                patch, place.cluster, name, {"spec": {"containers": [{"name": "c", "image": "b"}]}}
            )
            other.wait_for_one()
            # The next ones are let through.
            assert patch(place.cluster, name, {"metadata": {"labels": {"in": "between"}}}) == 0
            other.release()
            assert slow.result() == 0
        uids = [one["uid"] for one in other.asked if image_of(one) == "b"]
        versions = [
            one["oldObject"]["metadata"]["resourceVersion"] for one in other.asked if image_of(one) == "b"
        ]
        assert (len(uids), len(set(uids)), len(set(versions))) == (2, 2, 2)
        until(lambda: place.held(name, "resources/") == (2, 0, 0), lambda: place.held(name, "resources/"))


def is_asked(place: Place, other: Any, namespace: str) -> bool:
    patch(place.cluster, namespace, {"metadata": {"labels": {"at": str(time.monotonic_ns())}}})
    return bool(other.asked)


def image_of(asked: Json) -> str:
    image: str = asked["object"]["spec"]["containers"][0]["image"]
    return image


def patch(cluster: Cluster, namespace: str, value: Json) -> int:
    return kubectl(cluster, "patch", "pod", "p", "-n", namespace, "-p", json.dumps(value)).returncode
