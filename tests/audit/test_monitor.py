"""The monitor follows an honest log run by run, and finds what was changed behind it."""

import shutil
from pathlib import Path

import pytest
from lockgate.audit.coverage import Coverage, InForce
from lockgate.audit.entry_rules import MINUTE_MS
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.monitor import MonitorState, monitor, parse_state, read_state, render_state, write_state
from lockgate.audit.store.store import open_store
from lockgate.audit.verify.verify import verify_trail

from tests.audit.trails import ORIGIN, Trail, make_trail, private_key, reopen_trail, tampered
from tests.faults.checking import trust_of

from lockgate.audit.signing import Ed25519Signer  # isort: skip

KEY = Ed25519Signer(ORIGIN, private_key(1)).verifier_key


def fill(path: Path, count: int) -> None:
    trail: Trail = reopen_trail(str(path)) if path.exists() else make_trail(str(path))
    trail.clock.now_ms = max(trail.clock.now_ms, trail.store.head().time_ms)
    trail.fill(count)
    trail.close()


def test_run_by_run(tmp_path: Path) -> None:
    path, kept = tmp_path / "trail.db", tmp_path / "state.json"
    total = 1
    for count in (40, 700, 1, 500):
        fill(path, count)
        total += count
        store = open_store(str(path))
        before = read_state(kept, ORIGIN)
        found = monitor(store, before, [KEY])
        store.close()
        assert (found.findings, found.gaps, found.overdue) == ((), (), 0)
        assert found.entries == found.state.frontier.size - before.frontier.size
        write_state(kept, found.state)
    state = read_state(kept, ORIGIN)
    # One entry is of stream heads.
    assert state.frontier.size == total + 1
    assert state.last_heads >= 1000
    # The same from the beginning.
    store = open_store(str(path))
    assert render_state(monitor(store, MonitorState.start(ORIGIN), [KEY]).state) == render_state(state)
    store.close()


def test_changed_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    fill(path, 30)
    old = tmp_path / "old.db"
    shutil.copy(path, old)
    fill(path, 10)
    store = open_store(str(path))
    state = monitor(store, MonitorState.start(ORIGIN), [KEY]).state
    store.close()
    back = open_store(str(old))
    assert [one.code for one in monitor(back, state, [KEY]).findings] == ["rolled-back"]
    back.close()
    fill(old, 25)
    fork = open_store(str(old))
    found = monitor(fork, state, [KEY])
    assert "forked" in [one.code for one in found.findings]
    assert found.state is state
    fork.close()


def test_streams_are_recomputed(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    fill(path, 1100)
    tampered(
        path,
        "UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), '\"count\":', '\"count\":1') AS BLOB)",
    )
    store = open_store(str(path))
    found = monitor(store, MonitorState.start(ORIGIN), [KEY])
    assert found.findings
    store.close()


def test_another_key(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    fill(path, 3)
    store = open_store(str(path))
    with pytest.raises(VerificationError):
        monitor(store, MonitorState.start(ORIGIN), [Ed25519Signer(ORIGIN, private_key(7)).verifier_key])
    store.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"v":1}',
        b'{"v":2}',
        b"[]",
        b'{"covered":{},"hashes":[],"lastHeads":0,"lastMs":0,"origin":"o","size":3,"streams":{},"v":1}',
    ],
)
def test_state_that_is_none(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_state(data)


def test_state_of_another_log(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_state(path, MonitorState.start("example.com/other"))
    with pytest.raises(FormatError, match=r"example.com/other"):
        read_state(path, ORIGIN)


def test_minutes_that_nobody_ticked(tmp_path: Path) -> None:
    """A process that was stopped for minutes: the first run of the monitor behind it tells of them, and verify does."""
    path = tmp_path / "trail.db"
    trail = make_trail(str(path))
    start = trail.clock.now_ms // MINUTE_MS * MINUTE_MS
    coverage = Coverage("server-0", InForce("5" * 64, "c" * 64, "lockgate/test"), start)
    state = MonitorState.start(ORIGIN)
    told: list[list[tuple[int, int]]] = []
    # Ticks in the minutes 1, 2, 3 and then, a pause behind, 8 and 9; the monitor runs after each.
    for minute in (1, 2, 3, 8, 9, 10):
        trail.clock.now_ms = start + minute * MINUTE_MS + 10
        for draft in coverage.tick(trail.clock.now_ms):
            trail.appender.append(draft)
        trail.appender.close()
        found = monitor(trail.store, state, [KEY])
        told.append(
            [((one.from_ms - start) // MINUTE_MS, (one.to_ms - start) // MINUTE_MS) for one in found.gaps]
        )
        state = found.state
        trail.store.close()
        trail = reopen_trail(str(path), clock=trail.clock)
    assert told == [[], [], [], [], [(3, 8)], []]
    report = verify_trail(trail.store, trust_of(KEY), now_ms=trail.clock.now_ms)
    assert [(one.from_ms - start, one.to_ms - start) for one in report.gaps] == [
        (3 * MINUTE_MS, 8 * MINUTE_MS)
    ]
    trail.close()
