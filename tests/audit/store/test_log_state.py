"""What is gone on from when a log is taken over: nothing that somebody who can write to the database made of it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import VerificationError
from lockgate.audit.store import append, batch, log_state
from lockgate.audit.store.derived import reindex
from lockgate.audit.store.store import open_store
from lockgate.audit.streams import HEADS_SHARE
from lockgate.audit.verify.verify import verify_trail

from tests.audit.trails import MASTER, START_MS, Clock, Trail, make_trail, reopen_trail, tampered
from tests.faults.checking import trust_of

STREAM = "model/model-1/prod"
OF_STREAM = f"(SELECT id FROM stream_head WHERE name = '{STREAM}')"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with stream heads at entry 40, and entries before and behind them."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lockgate.audit.store.batch.HEADS_EVERY", 40)
        trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
        for number in range(50):
            trail.appender.append(trail.decide(number))
        kinds = [parse_entry(entry).kind for entry in trail.store.entries(0, 100)]
        trail.close()
    assert kinds.index("stream-heads") == 40
    return folder / "trail.db"


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A copy of that log."""
    return Path(shutil.copy(made, tmp_path))


BACK = [
    f"DELETE FROM stream_entry WHERE stream = {OF_STREAM} AND n > (SELECT n FROM stream_head WHERE name = '{STREAM}')",
    (
        "UPDATE stream_head SET leaf_hash = (SELECT l.leaf_hash FROM leaf l JOIN stream_entry e ON e.place = l.place WHERE "
        f"e.stream = stream_head.id AND e.n = stream_head.n) WHERE name = '{STREAM}'"
    ),
]
MOVED = {
    "counter forward": [f"UPDATE stream_head SET n = n + 1 WHERE name = '{STREAM}'"],
    "counter back": [f"UPDATE stream_head SET n = n - 1 WHERE name = '{STREAM}'"],
    "leaf": [f"UPDATE stream_head SET leaf_hash = zeroblob(32) WHERE name = '{STREAM}'"],
    "as it was some entries ago": [f"UPDATE stream_head SET n = n - 3 WHERE name = '{STREAM}'", *BACK],
    "as it was before the heads": [f"UPDATE stream_head SET n = n - 12 WHERE name = '{STREAM}'", *BACK],
    "gone": [f"DELETE FROM stream_head WHERE name = '{STREAM}'"],
    "gone, and not counted": [
        (
            "UPDATE stream_head SET (name, n, leaf_hash) = (SELECT name, n, leaf_hash FROM stream_head ORDER BY id DESC) "
            f"WHERE name = '{STREAM}'"
        ),
        "DELETE FROM stream_head WHERE id = (SELECT max(id) FROM stream_head)",
        "UPDATE log_head SET streams = streams - 1",
    ],
    "one more": [
        "INSERT INTO stream_head SELECT max(id) + 1, 'model/none/prod', 1, zeroblob(32) FROM stream_head",
        "UPDATE log_head SET streams = streams + 1",
    ],
    "renamed": [f"UPDATE stream_head SET name = 'model/model-2/prod' WHERE name = '{STREAM}'"],
    "two of one id": ["UPDATE stream_head SET id = id + 1000 WHERE name = 'log'"],
    "older heads": ["UPDATE log_head SET heads_size = 0"],
    "heads that are none": ["UPDATE log_head SET heads_size = heads_size - 1"],
    "heads beyond the end": ["UPDATE log_head SET heads_size = size + 1"],
    "text": [f"UPDATE stream_head SET n = 'text' WHERE name = '{STREAM}'"],
}


@pytest.mark.parametrize("name", MOVED)
def test_streams_that_were_moved_are_not_gone_on_from(name: str, path: Path) -> None:
    tampered(path, *MOVED[name])
    with pytest.raises(VerificationError):
        reopen_trail(f"sqlite:///{path}")


def test_an_index_made_anew_is_gone_on_from(path: Path) -> None:
    tampered(path, *MOVED["as it was before the heads"], *MOVED["older heads"])
    store = open_store(str(path))
    reindex(store)
    store.close()
    trail = reopen_trail(f"sqlite:///{path}")
    trail.fill(3)
    check(trail)
    trail.close()


def test_a_time_that_was_moved_is_not_gone_on_from(path: Path) -> None:
    """An entry would say that the clock went back, when it did not."""
    tampered(path, "UPDATE log_head SET time_ms = time_ms + 1000000000, heads_ms = 0")
    trail = reopen_trail(f"sqlite:///{path}", clock=Clock(START_MS + 10_000))
    receipt = trail.appender.append(trail.decide(1))
    assert not parse_entry(receipt.entry).clock_anomaly
    assert [parse_entry(one).kind for one in trail.store.entries(receipt.index, 99)] == ["decision"]
    trail.close()


def check(trail: Trail) -> None:
    report = verify_trail(
        trail.store, trust_of(trail.signer.verifier_key), now_ms=START_MS + 10**8, index=trail.store
    )
    assert [str(one) for one in report.findings] == []


class Turns:
    """Two appenders of one log, as two replicas have them."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self.read: list[int] = []
        self.both = [trail.store.batch_appender(MASTER.seal_key) for _ in range(2)]

    def append(self, which: int, *numbers: int) -> None:
        drafts = [self._trail.decide(number, namespace=f"n-{number}") for number in numbers]
        with self._trail.store.write() as connection:
            self.both[which].append(connection, drafts, self._trail.clock())


@pytest.fixture
def turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    monkeypatch.setattr("lockgate.audit.store.batch.HEADS_EVERY", 20)
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.appender.close()
    made = Turns(trail)
    read_state = log_state.read_state

    def counted(connection: object, log: int, head: object) -> object:
        made.read.append(1)
        return read_state(connection, log, head)  # type: ignore[arg-type]

    monkeypatch.setattr(append, "read_state", counted)
    yield made
    trail.store.close()
    again = reopen_trail(str(tmp_path / "trail.db"))
    check(again)
    again.close()


def test_another_writers_entries_are_followed(turns: Turns) -> None:
    for number in range(40):
        turns.append(number % 2, number, number // 3, number // 5)
    assert len(turns.read) == 2


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.lists(st.integers(0, 6), min_size=1, max_size=9)), max_size=12)
)
def test_what_is_followed_is_what_is_read(batches: list[tuple[int, list[int]]]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("lockgate.audit.store.batch.HEADS_EVERY", 7)
        trail = make_trail(f"sqlite:///{folder}/trail.db")
        trail.appender.close()
        turns = Turns(trail)
        for which, numbers in [*batches, (0, [1]), (1, [2])]:
            turns.append(which, *numbers)
        with trail.store.write() as connection:
            followed = turns.both[0].lock(connection)
            read = trail.store.batch_appender(MASTER.seal_key).lock(connection)
        assert followed.known == read.known
        assert followed.growth.frontier.hashes == read.growth.frontier.hashes
        for name in ("streams", "time_ms", "heads_size", "heads_ms"):
            assert getattr(followed, name) == getattr(read, name), name
        trail.store.close()


def test_too_many_entries_of_another_writer(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_state, "MAX_FOLLOWED", 5)
    for which in (0, 1, 0, 0, 0, 1):
        turns.append(which, 1, 2)
    assert len(turns.read) == 3


def test_more_streams_than_are_remembered(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_state, "MAX_STREAMS", 6)
    monkeypatch.setattr(append, "MAX_STREAMS", 6)
    for number in range(40):
        turns.append(number % 2, number, number // 3, number // 5)


@pytest.mark.parametrize("name", ["counter forward", "counter back", "leaf"])
def test_moved_streams_of_a_log_with_too_many(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_state, "MAX_STREAMS", 2)
    monkeypatch.setattr(append, "MAX_STREAMS", 2)
    tampered(path, *MOVED[name])
    trail = reopen_trail(f"sqlite:///{path}")
    with pytest.raises(VerificationError, match="index of streams"):
        trail.appender.append(trail.decide(1))
    trail.close()


def test_heads_after_an_hour_and_a_sixteenth_as_many_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    monkeypatch.setattr(batch, "HEADS_EVERY", 1)
    for number in range(100):
        trail.appender.append(trail.decide(number, namespace=f"n-{number}"))
    while (last := _last_kind(trail)).kind != "stream-heads":
        trail.appender.append(trail.decide(1))
    size = trail.store.head().size
    trail.clock.now_ms += batch.HEADS_AFTER_MS
    for number in range(20):
        trail.appender.append(trail.decide(number))
    kinds = [parse_entry(entry).kind for entry in trail.store.entries(size, size + 50)]
    count = last.value["count"]
    assert type(count) is int
    assert kinds.index("stream-heads") == -(-count // HEADS_SHARE)
    assert kinds.count("stream-heads") == 1
    check(trail)
    trail.close()


def _last_kind(trail: Trail) -> Entry:
    size = trail.store.head().size
    return parse_entry(next(trail.store.entries(size - 1, size)))
