"""Rotation of the log's key: every honest one is followed, from the first key or the latest; no other key is believed."""

from dataclasses import replace
from pathlib import Path

import pytest
from lockgate.audit.canonical import Json
from lockgate.audit.errors import FormatError
from lockgate.audit.key_history import key_spans
from lockgate.audit.note import VerifierKey, render_verifier_key
from lockgate.audit.signing import Ed25519Signer
from lockgate.audit.store.appender import Appender
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail

from tests.audit.trails import MASTER, ORIGIN, START_MS, Trail, make_trail, private_key
from tests.faults.checking import trust_of

KEYS = [Ed25519Signer(ORIGIN, private_key(number)) for number in range(1, 6)]
VKEYS = [render_verifier_key(signer.verifier_key) for signer in KEYS]


def event(what: str, number: int, **more: Json) -> dict[str, Json]:
    return {"event": what, "use": "log", "vkey": VKEYS[number], **more}


def test_spans() -> None:
    spans = key_spans(ORIGIN, VKEYS[0], [(10, event("added", 1)), (12, event("retired", 0))])
    assert [(span.added, span.retired) for span in spans] == [(0, 12), (10, None)]
    old, new = spans
    assert [old.is_valid(size) for size in (1, 12, 13)] == [True, True, False]
    assert [new.is_valid(size) for size in (10, 11, 99)] == [False, True, True]


@pytest.mark.parametrize(
    "events",
    [
        [(1, event("retired", 1))],
        [(1, event("added", 0))],
        [(1, event("added", 1)), (2, event("added", 1))],
        [(1, event("retired", 0))],
        [(1, event("added", 1)), (2, event("retired", 0)), (3, event("retired", 0))],
        [(1, event("revoked", 0))],
        [(1, event("revoked", 1, lastGood=3))],
        [(1, {"event": "added", "use": "log", "vkey": "x"})],
        [(1, {"event": "added", "use": "log", "key": "abc"})],
    ],
)
def test_history_that_no_log_makes(events: list[tuple[int, dict[str, Json]]]) -> None:
    with pytest.raises(FormatError):
        key_spans(ORIGIN, VKEYS[0], events)


def verified(trail: Trail, *keys: VerifierKey) -> Report:
    trust = replace(trust_of(keys[0]), log_keys=keys)
    return verify_trail(trail.store, trust, now_ms=START_MS + 10**9, index=trail.store)


def reappend(trail: Trail, *signers: Ed25519Signer) -> None:
    """Goes on with other keys."""
    trail.appender.close()
    trail.store.free_writer_lock()
    trail.appender = Appender(trail.store, signers, MASTER.seal_key, clock=trail.clock)


def rotate(trail: Trail, old: int, new: int) -> None:
    """By the book: the new key's entry, checkpoints of both, the old key's end."""
    trail.appender.append(trail.recorder.key_event("added", "log", VKEYS[new]))
    reappend(trail, KEYS[old], KEYS[new])
    trail.fill(3)
    trail.appender.append(trail.recorder.key_event("retired", "log", VKEYS[old]))
    reappend(trail, KEYS[new])
    trail.fill(3)
    trail.clock.now_ms += 120_000
    trail.fill(3)


def test_rotations_are_followed_from_any_key(tmp_path: Path) -> None:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(5)
    rotate(trail, 0, 1)
    rotate(trail, 1, 2)
    trail.appender.close()
    for number in range(3):
        report = verified(trail, KEYS[number].verifier_key)
        assert ([str(one) for one in report.findings], report.exit_code, report.unsigned) == ([], 0, 0)
    report = verified(trail, KEYS[3].verifier_key)
    assert report.exit_code == 3
    assert {one.code for one in report.findings} == {"key-unknown"}
    trail.store.close()


def test_swapped_key(tmp_path: Path) -> None:
    """Somebody puts a key of theirs in, without an entry that a checkpoint of the old key covers."""
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(5)
    trail.clock.now_ms += 120_000
    trail.fill(5)
    trail.appender.close()
    from tests.audit.trails import tampered

    with trail.store.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    trail.store.engine.dispose()
    tampered(tmp_path / "trail.db", "DELETE FROM checkpoint WHERE size > 5")
    trail.store.free_writer_lock()
    # An entry says that there is a new key, and only the new key signs it.
    other = replace(trail)
    other.appender = Appender(trail.store, [KEYS[0]], MASTER.seal_key, clock=trail.clock)
    other.appender.close()
    tampered(tmp_path / "trail.db", "DELETE FROM checkpoint WHERE size > 5")
    trail.store.free_writer_lock()
    batches = trail.store.batch_appender(MASTER.seal_key)
    draft = trail.recorder.key_event("added", "log", VKEYS[4])
    with trail.store.write() as connection:
        batches.append(connection, [draft], trail.clock())
    head = trail.store.head()
    from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
    from lockgate.audit.note import render_note
    from lockgate.audit.signing import sign_note

    note = render_note(sign_note(render_checkpoint(Checkpoint(ORIGIN, head.size, head.root)), KEYS[4]))
    with trail.store.write() as connection:
        trail.store.add_checkpoint(connection, head.size, note, trail.clock())
    report = verified(trail, KEYS[0].verifier_key)
    assert report.exit_code == 3
    assert {one.code for one in report.findings} == {"key-unknown"}
    trail.store.close()


def test_retired_key_signs_no_more(tmp_path: Path) -> None:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(5)
    rotate(trail, 0, 1)
    reappend(trail, KEYS[1], KEYS[0])
    trail.fill(2)
    trail.appender.close()
    assert verified(trail, KEYS[0].verifier_key).exit_code == 0
    trail.store.free_writer_lock()
    with pytest.raises(Exception, match="not signed by"):
        Appender(trail.store, [KEYS[3]], MASTER.seal_key, clock=trail.clock)
    trail.store.close()
