"""Servers that are killed between what they reserve, what they record and what they answer: nothing is held for good, or for nothing."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, running_cluster
from tests.e2e.quota_place import Place, is_refusal, quota_in_force, quota_servers, too_much
from tests.e2e.scenarios.installation import recorded
from tests.e2e.serving_cluster import ACCOUNT, until
from tests.faults.traffic import make_home
from tests.webhook.quota.making import CLASS, claim
from tests.webhook.serving.server_processes import Server, review_of, running_server

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
HARD = 4
# Dry runs, by which others are looked for here, are not recorded.
ALLOWED = "allow CREATE resource.k8s.io/v1/ResourceClaim"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({ACCOUNT: ""}) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path)


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path, home: Path) -> Iterator[Place]:
    options = ["--trail", str(home)]
    with quota_servers(cluster, tmp_path, str(tmp_path / "ledger.db"), count=1, options=options) as made:
        yield made


def asked(namespace: str) -> bytes:
    """A review of a claim that asks for all that there is, and that nobody stores."""
    value = claim(HARD, "torn", namespace)
    value["metadata"]["uid"] = "torn-object"
    return json.dumps(review_of(value, "torn-request", namespace=namespace)).encode()


def post(connection: http.client.HTTPSConnection, body: bytes) -> None:
    connection.request("POST", "/v1/admit?timeout=10s", body, {"Content-Type": "application/json"})


def is_refused(connection: http.client.HTTPSConnection) -> bool:
    """Whether more than there is is refused there."""
    post(connection, json.dumps(too_much("torn")).encode())
    return is_refusal(json.loads(connection.getresponse().read())["response"])


def kill(server: Server) -> None:
    """All of it at once: no worker has the time to give up what it holds."""
    main = server.process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    for process in (*map(int, children), main):
        os.kill(process, signal.SIGKILL)
    server.process.wait()


@contextmanager
def another(place: Place, home: Path) -> Iterator[Server]:
    folder = place.folder / "next"
    folder.mkdir()
    options = [*place.options(), "--trail", str(home)]
    with running_server(folder, None, options, identity=place.servers[0].identity) as made:
        yield made


def test_killed_before_it_recorded(place: Place, home: Path) -> None:
    """What it held has no record; the next server frees it by a read."""
    with quota_in_force(place, "torn", limits=[{"class": CLASS, "hard": HARD}]), ExitStack() as open_too:
        (server,) = place.servers
        connection = server.connect()
        open_too.callback(connection.close)
        # This connection's worker has been told of the quota too; from here on main tells nothing.
        until(lambda: is_refused(connection))
        # Main appends to the trail; a worker reserves.
        server.process.send_signal(signal.SIGSTOP)
        post(connection, asked("torn"))
        until(lambda: place.held("torn") == (0, HARD, 0), lambda: place.held("torn"))
        kill(server)
        with suppress(OSError, http.client.HTTPException):
            assert connection.getresponse().status != 200
        assert place.held("torn") == (0, HARD, 0)
        assert recorded(home) == ()
        with another(place, home):
            until(lambda: place.held("torn") == (0, 0, 0), lambda: place.held("torn"))
        assert recorded(home) == ()


def test_killed_after_it_recorded(place: Place, home: Path) -> None:
    """What was allowed and never stored is on the trail, and is freed all the same; until then it is held."""
    with quota_in_force(place, "torn", limits=[{"class": CLASS, "hard": HARD}]), ExitStack() as open_too:
        (server,) = place.servers
        connection = server.connect()
        open_too.callback(connection.close)
        post(connection, asked("torn"))
        answer = json.loads(connection.getresponse().read())
        assert answer["response"]["allowed"]
        kill(server)
        assert place.held("torn") == (0, HARD, 0)
        assert recorded(home) == (ALLOWED,)
        with another(place, home):
            until(lambda: place.held("torn") == (0, 0, 0), lambda: place.held("torn"))
