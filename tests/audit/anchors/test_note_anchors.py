"""Anchors that keep the log's own note: never back, only along a proof, whole files, and nothing of strangers."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lockgate.audit.anchors.last_seen import last_seen_file
from lockgate.audit.anchors.note_anchor import MAX_KEPT, NoteAnchor
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.witness.errors import ForkError, RefusedError, SplitViewError, StaleError

from tests.audit.anchors.peers import DictMemory, note_anchor
from tests.audit.growing_log import GrowingLog


@pytest.fixture(params=["memory", "file"])
def anchor(request: pytest.FixtureRequest, tmp_path: Path, log: GrowingLog) -> NoteAnchor:
    if request.param == "memory":
        return note_anchor(log)
    return last_seen_file(tmp_path / "last-seen", "platform", log.origin, log.keys)


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog().grow(40)


def test_it_goes_forward_along_proofs_and_nowhere_else(anchor: NoteAnchor, log: GrowingLog) -> None:
    other = log.fork(9).grow(31, "other ")
    assert anchor.last() is None
    assert anchor.advance(0, (), log.note(10)) == ()
    assert anchor.advance(10, log.proof(10, 20), log.note(20)) == ()
    assert anchor.advance(20, (), log.note(20)) == ()
    for old, new, error in [
        (10, 30, StaleError),
        (0, 30, StaleError),
        (10, 10, StaleError),
        (20, 10, FormatError),
    ]:
        with pytest.raises(error):
            anchor.advance(old, log.proof(old, new) if old < new else (), log.note(new))
    with pytest.raises(SplitViewError):
        anchor.advance(20, (), other.note(20))
    for proof in (other.proof(20, 30), log.proof(20, 30), ()):
        with pytest.raises(ForkError):
            anchor.advance(20, proof, other.note(30))
    stranger = GrowingLog(log.origin, seed=9, leaves=log.leaves)
    with pytest.raises(VerificationError, match="not signed by"):
        anchor.advance(20, log.proof(20, 30), stranger.note(30))
    with pytest.raises(VerificationError, match="of the log"):
        anchor.advance(20, log.proof(20, 30), GrowingLog("other.example/log").grow(30).note(30))
    assert anchor.last() == log.note(20)


def test_a_place_with_something_else_in_it_is_not_used(tmp_path: Path, log: GrowingLog) -> None:
    path = tmp_path / "last-seen"
    anchor = last_seen_file(path, "platform", log.origin, log.keys)
    stranger = GrowingLog(log.origin, seed=9).grow(3)
    for data in (
        b"",
        b"\x00",
        b"hello\n",
        log.note(5)[:-1],
        stranger.note(3),
        log.note(5).replace(b"\n5\n", b"\n4\n"),
    ):
        path.write_bytes(data)
        with pytest.raises(VerificationError, match="no checkpoint of this log"):
            anchor.last()
        with pytest.raises(VerificationError, match="no checkpoint of this log"):
            anchor.advance(0, (), log.note(40))
        assert path.read_bytes() == data


def test_what_is_no_file_is_refused(tmp_path: Path, log: GrowingLog) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * (MAX_KEPT + 1))
    for name, reason in [
        ("folder", "folder"),
        ("link", "symbolic link"),
        ("pipe", "no regular file"),
        ("large", "larger"),
        ("none/file", "No such file"),
    ]:
        anchor = last_seen_file(tmp_path / name, "platform", log.origin, log.keys)
        with pytest.raises(RefusedError, match=reason):
            anchor.advance(0, (), log.note(5))
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path, log: GrowingLog) -> None:
    path = tmp_path / "last-seen"
    anchor = last_seen_file(path, "platform", log.origin, log.keys)
    anchor.advance(0, (), log.note(5))
    before = path.stat().st_ino
    anchor.advance(5, log.proof(5, 6), log.note(6))
    assert path.stat().st_ino != before
    assert [one.name for one in tmp_path.iterdir()] == ["last-seen"]


def test_another_writer_in_between_is_seen(log: GrowingLog) -> None:
    memory = DictMemory()
    anchor = note_anchor(log, memory)
    anchor.advance(0, (), log.note(5))

    def interfere() -> None:
        memory.before_replace = lambda: None
        memory.put(log.note(20))

    memory.before_replace = interfere
    with pytest.raises(StaleError) as caught:
        anchor.advance(5, log.proof(5, 10), log.note(10))
    assert caught.value.size == 20
    assert anchor.last() == log.note(20)


def test_many_writers_of_one_file(tmp_path: Path, log: GrowingLog) -> None:
    path = tmp_path / "last-seen"

    def climb(step: int) -> int:
        anchor = last_seen_file(path, "platform", log.origin, log.keys)
        held = 0
        for size in range(step, 41, step):
            while True:
                try:
                    if held > size:
                        break
                    anchor.advance(held, log.proof(held, size), log.note(size))
                    held = size
                    break
                except StaleError as stale:
                    assert stale.size >= held
                    held = stale.size
        return held

    with ThreadPoolExecutor(4) as pool:
        assert all(list(pool.map(climb, (1, 2, 3, 5))))
    assert last_seen_file(path, "platform", log.origin, log.keys).last() == log.note(40)
