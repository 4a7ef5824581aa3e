"""The ConfigMap anchor before an API server in memory: compare and swap, refusals, and nothing that goes back."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from kubernetes import client
from lockgate.audit.anchors.guard import WhenUnreachable, check_not_behind
from lockgate.audit.anchors.note_anchor import MAX_KEPT, NoteAnchor
from lockgate.audit.anchors.synchronise import BehindAnchorError, synchronise
from lockgate.audit.errors import VerificationError
from lockgate.audit.witness.errors import ForkError, RefusedError, StaleError, UnreachableError
from lockgate.webhook.cluster.configmap_anchor import configmap_anchor, open_api

from tests.audit.growing_log import GrowingLog
from tests.webhook.cluster.api_server import ConfigMaps, serving

PATH = "lockgate/trail-anchor"


@pytest.fixture
def maps() -> ConfigMaps:
    made = ConfigMaps()
    made.put(PATH, None, {"team": "platform"})
    return made


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog().grow(40)


@pytest.fixture
def anchor(maps: ConfigMaps, log: GrowingLog) -> Iterator[NoteAnchor]:
    with serving(maps) as address, closing(opened(address, log)) as made:
        yield made


def opened(address: str, log: GrowingLog) -> NoteAnchor:
    configuration = client.Configuration(host=address)
    configuration.retries = False
    api = client.CoreV1Api(client.ApiClient(configuration))
    namespace, name = PATH.split("/")
    return configmap_anchor(api, namespace, name, "platform", log.origin, log.keys)


def test_it_keeps_the_note_beside_what_else_is_there(
    maps: ConfigMaps, anchor: NoteAnchor, log: GrowingLog
) -> None:
    maps.put(PATH, {"other": "data"}, {"team": "platform"})
    assert anchor.last() is None
    for size in (10, 25, 40):
        synchronise(log.fork(size), anchor, log.keys)
        assert anchor.last() == log.note(size)
    assert maps.objects[PATH]["data"] == {"other": "data", "checkpoint": log.note().decode()}
    assert maps.objects[PATH]["metadata"]["labels"] == {"team": "platform"}
    version = maps.objects[PATH]["metadata"]["resourceVersion"]
    synchronise(log, anchor, log.keys)
    assert maps.objects[PATH]["metadata"]["resourceVersion"] == version


def test_it_never_goes_back(maps: ConfigMaps, anchor: NoteAnchor, log: GrowingLog) -> None:
    synchronise(log, anchor, log.keys)
    with pytest.raises(BehindAnchorError, match="anchor ConfigMap lockgate/trail-anchor"):
        check_not_behind(log.fork(30), [anchor], log.keys, WhenUnreachable.ONE_CONFIRMS)
    with pytest.raises(ForkError):
        other = log.fork(30).grow(20, "other ")
        anchor.advance(40, other.proof(40, 50), other.note())
    assert anchor.last() == log.note()


@pytest.mark.parametrize("size", [10, 30])
def test_who_writes_in_between_is_seen(
    maps: ConfigMaps, anchor: NoteAnchor, log: GrowingLog, size: int
) -> None:
    synchronise(log.fork(5), anchor, log.keys)

    def interfere() -> None:
        maps.before_patch = lambda: None
        maps.put(PATH, {"checkpoint": log.note(size).decode()})

    maps.before_patch = interfere
    with pytest.raises(StaleError) as caught:
        anchor.advance(5, log.proof(5, 20), log.note(20))
    assert caught.value.size == size
    assert anchor.last() == log.note(size)


def test_one_that_is_gone_is_not_made_again(maps: ConfigMaps, anchor: NoteAnchor, log: GrowingLog) -> None:
    del maps.objects[PATH]
    with pytest.raises(RefusedError, match="is not there"):
        anchor.last()
    with pytest.raises(RefusedError, match="is not there"):
        anchor.advance(0, (), log.note())
    assert maps.objects == {}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, RefusedError),
        (403, RefusedError),
        (422, RefusedError),
        (429, UnreachableError),
        (500, UnreachableError),
    ],
)
def test_what_the_api_server_may_answer(
    maps: ConfigMaps, anchor: NoteAnchor, log: GrowingLog, status: int, error: type[Exception]
) -> None:
    maps.statuses = [status]
    with pytest.raises(error):
        anchor.last()
    maps.statuses = [200, status]
    with pytest.raises(error):
        anchor.advance(0, (), log.note())
    assert anchor.last() is None


@pytest.mark.parametrize("text", ["", "hello", "\ud83d", GrowingLog(seed=5).grow(3).note().decode()])
def test_what_somebody_else_wrote_is_no_anchor(
    maps: ConfigMaps, anchor: NoteAnchor, log: GrowingLog, text: str
) -> None:
    maps.put(PATH, {"checkpoint": text})
    for _ in range(2):
        with pytest.raises(VerificationError, match="no checkpoint of this log"):
            check_not_behind(log, [anchor], log.keys, WhenUnreachable.GO_ON)
    maps.put(PATH, {"checkpoint": "x" * (MAX_KEPT + 1)})
    with pytest.raises(RefusedError, match="more than any checkpoint"):
        anchor.last()


def test_nobody_listens(maps: ConfigMaps, log: GrowingLog) -> None:
    with serving(maps) as address:
        pass
    with pytest.raises(UnreachableError, match="refused"):
        opened(address, log).last()


def test_no_cluster_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(RefusedError, match="no access to a cluster"):
        open_api("a-context-that-nobody-has")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    with pytest.raises(RefusedError, match="no access to a cluster"):
        open_api()
