"""Showing, proving and monitoring follow the rotations that a log records, as a whole verification does."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.key_following import told_spans
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.monitor import MonitorState, monitor, parse_state, render_state
from lockgate.audit.note import render_note
from lockgate.audit.reader import TrailReader
from lockgate.audit.signing import sign_note
from lockgate.audit.standing import Standing
from lockgate.audit.trust import Revocation

from tests.adversaries.memory import MemoryTrail, read_into_memory
from tests.audit.test_key_history import KEYS, VKEYS, reappend, root_at, rotate
from tests.audit.trails import ORIGIN, START_MS, Trail, make_trail
from tests.faults.checking import trust_of


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    made = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    made.fill(5)
    yield made
    made.close()


def rotated(trail: Trail) -> None:
    trail.appender.append(trail.recorder.key_event("added", "witness", "w"))
    rotate(trail, 0, 1)
    rotate(trail, 1, 2)
    trail.appender.close()


def standing(reader: TrailReader, number: int, *revoked: Revocation) -> Standing:
    trust = replace(trust_of(KEYS[number].verifier_key), revoked=revoked)
    return Standing(reader, trust, (), START_MS)


def test_any_key_leads_to_the_others(trail: Trail, tmp_path: Path) -> None:
    rotated(trail)
    export_trail(trail.store, tmp_path / "export", VKEYS[2], ExportRequest())
    for reader in (trail.store, ExportFolder(tmp_path / "export"), read_into_memory(trail.store)):
        for number in range(3):
            made = standing(reader, number)
            assert {key.public for key in made.keys} == {KEYS[one].verifier_key.public for one in range(3)}
            assert leaf_hash(made.prove(3).entry)
            found = monitor(reader, MonitorState.start(ORIGIN), [KEYS[number].verifier_key])
            assert (found.findings, found.state.frontier.size) == ((), made.checkpoint.size)
        with pytest.raises(VerificationError, match="not signed by"):
            standing(reader, 3)
        with pytest.raises(VerificationError, match="not signed by"):
            monitor(reader, MonitorState.start(ORIGIN), [KEYS[3].verifier_key])


def test_the_monitor_run_by_run(trail: Trail) -> None:
    """From the first key only, over two rotations: what an earlier run saw is in its state."""
    first = [KEYS[0].verifier_key]
    trail.appender.close()
    state = MonitorState.start(ORIGIN)
    for old in range(2):
        trail.store.free_writer_lock()
        reappend(trail, KEYS[old])
        rotate(trail, old, old + 1)
        trail.appender.close()
        found = monitor(trail.store, state, first)
        assert (found.findings, found.state.frontier.size) == ((), trail.store.head().size)
        state = parse_state(render_state(found.state))
        assert render_state(state) == render_state(found.state)
    again = monitor(trail.store, state, first)
    assert (again.findings, again.entries) == ((), 0)
    assert monitor(trail.store, state, [KEYS[2].verifier_key]).findings == ()
    with pytest.raises(VerificationError, match="not signed by"):
        monitor(trail.store, state, [KEYS[3].verifier_key])


def hidden(made: MemoryTrail) -> None:
    """The keeper does not tell where the entries of keys are."""
    object.__setattr__(made, "key_entries", lambda: iter(()))


def misplaced(made: MemoryTrail) -> None:
    """The keeper tells of an entry that is of no key, and of one that is not there."""
    object.__setattr__(made, "key_entries", lambda: iter((2, 1 << 40)))


def changed(made: MemoryTrail) -> None:
    """The entry of the new key is another than the one that was signed."""
    index = next(at for at, data in enumerate(made.data) if VKEYS[1].encode() in data)
    made.data[index] = made.data[index].replace(VKEYS[1].encode(), VKEYS[3].encode())


@dataclass(frozen=True, slots=True)
class Lie:
    """What is done to a log that was rotated once, and what is said to who knows the first key."""

    tell: Callable[[MemoryTrail], None]
    error: str


LIES = [
    Lie(hidden, "the note is not signed by example.com/lockgate/test"),
    Lie(misplaced, "the note is not signed by example.com/lockgate/test"),
    Lie(changed, "the tiles are not those of the checkpoint"),
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.tell.__name__)
def test_lies_about_keys(lie: Lie, trail: Trail) -> None:
    rotate(trail, 0, 1)
    trail.appender.close()
    made = read_into_memory(trail.store)
    standing(made, 0)
    lie.tell(made)
    with pytest.raises(VerificationError, match=re.escape(lie.error)):
        standing(made, 0)


def test_a_key_that_was_given_up(trail: Trail) -> None:
    """It signs on, and nobody else: neither shows anything under it, though it was given from outside."""
    rotate(trail, 0, 1)
    trail.appender.close()
    made = read_into_memory(trail.store)
    text = render_checkpoint(Checkpoint(ORIGIN, len(made.data), made.tree().root()))
    made.notes[-1] = render_note(sign_note(text, KEYS[0]))
    with pytest.raises(VerificationError, match="a key that the log had given up"):
        standing(made, 0)
    with pytest.raises(VerificationError, match="a key that the log had given up"):
        monitor(made, MonitorState.start(ORIGIN), [KEYS[0].verifier_key])


def test_a_revoked_key_leads_nowhere(trail: Trail) -> None:
    """What a thief lets the log name by the key that got away is not believed."""
    told = Revocation(KEYS[0].verifier_key, 4, root_at(trail, 4))
    rotate(trail, 0, 4)
    trail.appender.close()
    with pytest.raises(TrailError):
        standing(trail.store, 0, told)


def test_histories_that_no_log_makes(trail: Trail) -> None:
    rotate(trail, 0, 1)
    trail.appender.close()
    entries = list(trail.store.entries(0, 1 << 20))
    places = list(trail.store.key_entries())
    assert len(told_spans(ORIGIN, len(entries), places, entries.__getitem__)) == 2
    # The keeper tells of the key that was given up, and not of the one that was added: then none is left.
    with pytest.raises(FormatError, match="has retired all of its keys"):
        told_spans(ORIGIN, len(entries), places[1:], entries.__getitem__)
    with pytest.raises(FormatError, match="names no key"):
        told_spans(ORIGIN, len(entries), (), lambda _: entries[2])
