"""Rotation of the log's key: every honest one is followed, from the first key or the latest; no other key is believed."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.canonical import Json
from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.errors import FormatError
from lockgate.audit.key_history import KeySpan, believed_keys, is_allowed, key_spans
from lockgate.audit.merkle import tree_root
from lockgate.audit.note import VerifierKey, render_note, render_verifier_key
from lockgate.audit.signing import Ed25519Signer, sign_note
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.recovery import recover
from lockgate.audit.tiles import TileHashes
from lockgate.audit.trust import Revocation
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail

from tests.adversaries.running import stand_alone
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
    verifier = stand_alone()
    told = [(index, one["event"], one.get("vkey", ""), one.get("lastGood")) for index, one in events]
    with pytest.raises(verifier.Tampered):
        verifier.LogKeys(ORIGIN, [], [(0, "added", VKEYS[0], None), *told])


def verified(trail: Trail, *keys: VerifierKey, revoked: tuple[Revocation, ...] = ()) -> Report:
    trust = replace(trust_of(keys[0]), log_keys=keys, revoked=revoked)
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


def sign_and_store(trail: Trail, size: int, root: bytes, *signers: Ed25519Signer) -> None:
    note = render_note(sign_note(render_checkpoint(Checkpoint(ORIGIN, size, root)), *signers))
    with trail.store.write() as connection:
        trail.store.add_checkpoint(connection, size, note, trail.clock())


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
    sign_and_store(trail, head.size, head.root, KEYS[4])
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
    with pytest.raises(Exception, match="does not know the key"):
        Appender(trail.store, [KEYS[3]], MASTER.seal_key, clock=trail.clock)
    trail.store.close()


def followed(
    spans: tuple[KeySpan, ...], first: VerifierKey, signed: list[tuple[int, set[VerifierKey]]]
) -> tuple[frozenset[VerifierKey], list[bool]]:
    """The keys that are believed from one, and whether each checkpoint rests on one of them."""

    def reach(key: VerifierKey) -> int:
        return max([size for size, by in signed if key in by and is_allowed(spans, key, size)], default=0)

    believed = believed_keys(spans, [first], reach)
    return believed, [any(is_allowed(spans, key, size) for key in by & believed) for size, by in signed]


@st.composite
def histories(draw: st.DrawFn) -> tuple[tuple[KeySpan, ...], list[tuple[int, set[VerifierKey]]]]:
    """Rotations by the book: the entry of the new key under a checkpoint of both, the old one given up at some time."""
    keys = [signer.verifier_key for signer in MANY[: draw(st.integers(1, len(MANY)))]]
    events: list[tuple[int, dict[str, Json]]] = []
    signed = [(1, {keys[0]})]
    size = 1
    for old, new in itertools.pairwise(keys):
        for _ in range(draw(st.integers(0, 2))):
            size += draw(st.integers(1, 5))
            signed.append((size, {old}))
        events.append((size, key_entry("added", new)))
        size += 1
        signed.append((size, {old, new}))
        for _ in range(draw(st.integers(0, 2))):
            size += draw(st.integers(1, 5))
            signed.append((size, draw(st.sampled_from([{old}, {new}, {old, new}]))))
        events.append((size, key_entry("retired", old)))
        size += draw(st.integers(1, 5))
        signed.append((size, draw(st.sampled_from([{new}, {old, new}]))))
    return key_spans(ORIGIN, render_verifier_key(keys[0]), events), signed


MANY = [Ed25519Signer(ORIGIN, private_key(number)) for number in range(20, 26)]
STRANGER = KEYS[4].verifier_key


def key_entry(what: str, key: VerifierKey) -> dict[str, Json]:
    return {"event": what, "use": "log", "vkey": render_verifier_key(key)}


@given(histories(), st.data())
def test_honest_histories_are_followed_from_any_key(
    made: tuple[tuple[KeySpan, ...], list[tuple[int, set[VerifierKey]]]], data: st.DataObject
) -> None:
    spans, signed = made
    first = data.draw(st.sampled_from([span.key for span in spans]))
    believed, judged = followed(spans, first, signed)
    assert believed == {span.key for span in spans}
    assert all(judged)


@given(histories(), st.data())
def test_keys_that_are_not_chained_are_found(
    made: tuple[tuple[KeySpan, ...], list[tuple[int, set[VerifierKey]]]], data: st.DataObject
) -> None:
    """Behind some size a stranger's key signs, named by an entry or not: no key that is believed signed that entry."""
    spans, signed = made
    cut = data.draw(st.integers(1, len(signed)))
    last = signed[cut - 1][0]
    kept = tuple([replace(span, retired=None) for span in spans if span.added < last])
    if data.draw(st.booleans()):
        kept = (*kept, KeySpan(STRANGER, last))
    forged = [*signed[:cut], *[(last + step, {STRANGER}) for step in range(1, 4)]]
    for first in [span.key for span in kept if span.key != STRANGER]:
        believed, judged = followed(kept, first, forged)
        assert STRANGER not in believed
        assert judged[cut:] == [False] * 3


def root_at(trail: Trail, size: int) -> bytes:
    return tree_root(size, TileHashes(trail.store.head().size, trail.store.tile))


def test_revoked_key_names_no_other(tmp_path: Path) -> None:
    """A thief lets the log name a key of theirs, by the key that got away, and signs with that one."""
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(5)
    told = (Revocation(KEYS[0].verifier_key, 4, root_at(trail, 4)),)
    rotate(trail, 0, 4)
    trail.appender.close()
    assert verified(trail, KEYS[0].verifier_key).exit_code == 0
    report = verified(trail, KEYS[0].verifier_key, revoked=told)
    # No checkpoint of that size is kept: the successor's word reaches there all the same.
    assert (report.exit_code, report.size) == (3, 4)
    assert {one.code for one in report.findings} == {"key-revoked", "key-unknown"}
    trail.store.close()


def test_revoked_key_rewrites_nothing(tmp_path: Path) -> None:
    """A thief makes the log anew from before the last good size, and signs only sizes below it."""
    trail = make_trail(f"sqlite:///{tmp_path / 'one.db'}")
    trail.fill(5)
    told = (Revocation(KEYS[0].verifier_key, 6, root_at(trail, 6)),)
    trail.close()
    forged = make_trail(f"sqlite:///{tmp_path / 'other.db'}")
    forged.fill(5)
    forged.appender.close()
    assert verified(forged, KEYS[0].verifier_key).exit_code == 0
    report = verified(forged, KEYS[0].verifier_key, revoked=told)
    assert {one.code for one in report.findings} == {"forked"}
    forged.store.close()
    short = make_trail(f"sqlite:///{tmp_path / 'short.db'}")
    short.appender.close()
    assert {one.code for one in verified(short, KEYS[0].verifier_key, revoked=told).findings} == {"forked"}
    short.store.close()


def test_last_good_is_the_end(tmp_path: Path) -> None:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(5)
    trail.appender.close()
    told = (Revocation(KEYS[0].verifier_key, 6, trail.store.head().root),)
    assert verified(trail, KEYS[0].verifier_key, revoked=told).exit_code == 0
    batches = trail.store.batch_appender(MASTER.seal_key)
    assert recover(trail.store, batches, [KEYS[0].verifier_key]) == 6
    trail.store.close()
