"""Quotas while what they rely on is away: the API server, its watches, the ledger's database. Never an admission by accident."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count
from threading import Event
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.holding_webhook import holding_webhook
from tests.e2e.postgres import Postgres, running_postgres
from tests.e2e.quota_place import Place, create, delete, quota_in_force, quota_servers
from tests.e2e.serving_cluster import ACCOUNT, apply_values, until
from tests.webhook.quota.making import CLASS, claim
from tests.webhook.serving.server_processes import running_server

pytestmark = pytest.mark.e2e

TTL_S = 3
CALLERS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({ACCOUNT: ""}) as made:
        yield made


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


@pytest.fixture(scope="module")
def place(cluster: Cluster, database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("servers")
        yield stack.enter_context(quota_servers(cluster, folder, database.url, ttl_s=TTL_S))


class Traffic:
    """Claims of one device each that several callers create one after the other, until told to stop."""

    def __init__(self, place: Place, namespace: str) -> None:
        self._path = f"/apis/resource.k8s.io/v1/namespaces/{namespace}/resourceclaims"
        self._place = place
        self._namespace = namespace
        self._numbers = count()
        self._ended = Event()
        # When each began and ended, its status and what was said.
        self.answers: list[tuple[float, float, int, str]] = []

    def _call(self) -> None:
        while not self._ended.is_set():
            number = next(self._numbers)
            begun = time.monotonic()
            try:
                status, said = self._place.cluster.ask(
                    "POST", self._path, claim(1, f"c-{number}", self._namespace)
                )
            except OSError as error:
                # The API server itself is away.
                status, said = 0, {"message": str(error)}
            message = str(said.get("message", ""))
            self.answers.append((begun, time.monotonic(), status, message))

    def during(self, work: Callable[[], None]) -> None:
        """Does the work while the callers go on."""
        with ThreadPoolExecutor(CALLERS) as pool:
            callers = [pool.submit(self._call) for _ in range(CALLERS)]
            try:
                work()
            finally:
                self._ended.set()
            for one in callers:
                one.result()

    def created(self, since: float = 0.0, until: float = float("inf")) -> int:
        """How many of those that began and ended in a time were created."""
        return sum(since <= begun and end <= until for begun, end, status, _ in self.answers if status == 201)

    def there(self) -> set[str]:
        """The claims that the API server has."""
        status, found = self._place.cluster.ask("GET", self._path)
        assert status == 200, found
        return {item["metadata"]["name"] for item in found["items"]}


def is_exact(place: Place, traffic: Traffic, name: str) -> bool:
    """Is what counts what there is, with nothing left open?"""
    return place.held(name) == (len(traffic.there()), 0, 0)


def fill(place: Place, name: str, hard: int, traffic: Traffic) -> None:
    """Creates claims until the limit, each of which is admitted, and one more, which is not."""
    for number in range(hard - len(traffic.there())):
        assert "created" in create(place, claim(1, f"rest-{number}", name)), place.held(name)
    assert f"quota {name} does not allow it" in create(place, claim(1, "more", name))
    assert len(traffic.there()) == hard


def test_nothing_is_free_while_the_api_server_does_not_answer(place: Place, cluster: Cluster) -> None:
    """What was reserved and never stored stays held for as long as no consistent read can show that it is absent."""
    name = "paused"
    with (
        quota_in_force(place, name, limits=[{"class": CLASS, "hard": 50}]),
        holding_webhook(cluster, name, "resource.k8s.io", "resourceclaims") as other,
    ):
        assert "created" in create(place, claim(1, "lives", name))
        until(lambda: place.held(name) == (1, 0, 0), lambda: place.held(name))
        other.refuses = True
        until(lambda: "no, thanks" in create(place, claim(1, "never", name)))
        with cluster.server.paused():
            before = place.held(name)
            assert before[1] >= 1
            time.sleep(3 * TTL_S)
            assert place.held(name) == before
        other.refuses = False
        until(lambda: place.held(name) == (1, 0, 0), lambda: place.held(name))
        delete(place, "resourceclaim", name, "lives")
        until(lambda: place.held(name) == (0, 0, 0), lambda: place.held(name))


def test_a_database_that_is_away_refuses_and_comes_back(place: Place, database: Postgres) -> None:
    """Nothing is admitted that is not reserved; the servers go on by themselves, and what counts is what there is."""
    name, hard = "away", 400
    with quota_in_force(place, name, limits=[{"class": CLASS, "hard": hard}]):
        traffic = Traffic(place, name)
        away: list[float] = []

        def fault() -> None:
            until(lambda: traffic.created() >= 10)
            database.stop_immediate()
            away.append(time.monotonic())
            until(lambda: sum(begun >= away[0] for begun, *_ in traffic.answers) >= 10)
            away.append(time.monotonic())
            database.start()
            until(lambda: traffic.created(since=away[1]) >= 5, lambda: traffic.answers[-3:])

        traffic.during(fault)
        assert traffic.created(*away) == 0
        said = {message for begun, end, _, message in traffic.answers if away[0] <= begun and end <= away[1]}
        assert said and all("denied the request" in one and "quota" in one for one in said), said
        until(partial(is_exact, place, traffic, name), lambda: (place.held(name), len(traffic.there())))
        assert len(traffic.there()) <= hard
        hard = len(traffic.there()) + 3
        with quota_in_force(place, name, limits=[{"class": CLASS, "hard": hard}]):
            fill(place, name, hard, traffic)


def test_watches_begin_anew_under_load(place: Place, cluster: Cluster) -> None:
    """The API server goes and comes back with its past compacted, so that every watch has to list anew."""
    name, hard = "relist", 40
    with quota_in_force(place, name, limits=[{"class": CLASS, "hard": hard}]):
        traffic = Traffic(place, name)

        def fault() -> None:
            until(lambda: traffic.created() >= 5)
            for _ in range(2):
                cluster.server.kill()
                cluster.compact()
                cluster.server.start()
            back = time.monotonic()
            until(
                lambda: any(begun > back and status == 403 for begun, _, status, _ in traffic.answers),
                lambda: (place.held(name), traffic.answers[-3:]),
            )

        traffic.during(fault)
        assert len(traffic.there()) <= hard
        until(partial(is_exact, place, traffic, name), lambda: (place.held(name), len(traffic.there())))
        fill(place, name, hard, traffic)


def test_a_class_that_is_deleted_frees_nothing(place: Place, cluster: Cluster) -> None:
    """By a class that is gone nobody can tell which driver's devices a claim has: it keeps what it was given."""
    name, driver = "gone", "gpu.vendor.example"
    selector = {"cel": {"expression": f"device.driver == '{driver}'"}}
    classes = [
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {"name": each},
            "spec": {"selectors": [selector]},
        }
        for each in (CLASS, "other.example.com")
    ]
    devices = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "gpus"},
        "spec": {
            "driver": driver,
            "pool": {"name": "node", "generation": 1, "resourceSliceCount": 1},
            "nodeName": "node",
            "devices": [{"name": f"gpu-{number}"} for number in range(4)],
        },
    }

    def of_other(count: int, called: str) -> dict[str, Any]:
        made = claim(count, called, name)
        made["spec"]["devices"]["requests"][0]["exactly"]["deviceClassName"] = "other.example.com"
        return made

    for one in (*classes, devices):
        assert apply_values(cluster, one)[0] == 0
    held = partial(place.held, name, "drivers/")
    with quota_in_force(place, name, limits=[{"driver": driver, "hard": 2}]):
        assert "created" in create(place, claim(2, "lives", name))
        until(lambda: held() == (2, 0, 0), held)
        assert kubectl(cluster, "delete", "deviceclass", CLASS).returncode == 0
        until(lambda: "cannot be told" in create(place, claim(1, "unknown", name)))
        # What changes about it, and a server that starts with a count of everything, give nothing back.
        assert kubectl(cluster, "label", "resourceclaim", "-n", name, "lives", "a=b").returncode == 0
        own = place.folder / "after"
        own.mkdir()
        with running_server(own, None, place.options()) as server:
            assert server.probe("/readyz")[0] == 200
            assert held() == (2, 0, 0)
        assert f"quota {name} does not allow it" in create(place, of_other(1, "more"))
        delete(place, "resourceclaim", name, "lives")
        until(lambda: "created" in create(place, of_other(2, "then")), held)
