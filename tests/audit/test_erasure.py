"""Erasure beside other things: what is queued with it, readers, other processes, and what a guess can confirm."""

import sqlite3
import threading
from pathlib import Path

import pytest
from lockgate.audit.commitments import commit, field_key, verify_opening
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.sealing import unseal
from lockgate.audit.store.erasure import Eraser, HeldError
from lockgate.audit.store.scrubbing import NotScrubbedError
from lockgate.audit.vault import CHECK_EVERY_S, NO_NAMESPACE, Vault
from sqlalchemy import Connection

from tests.audit.trails import MASTER, Trail, open_trail


def blocked(trail: Trail) -> threading.Event:
    """Keeps the appender busy with a record of its own until the event is set."""
    started, go_on = threading.Event(), threading.Event()

    def wait(_: Connection) -> None:
        started.set()
        assert go_on.wait(30)

    trail.appender.submit(trail.decide(50), within=wait)
    assert started.wait(30)
    return go_on


def test_an_erasure_that_fails_takes_no_other_record_with_it(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(3)
        go_on = blocked(trail)

        def refuse(_: Connection) -> None:
            raise HeldError("held")

        first = trail.appender.submit(trail.decide(1))
        refused = trail.appender.submit(trail.decide(2), within=refuse)
        last = trail.appender.submit(trail.decide(3))
        go_on.set()
        with pytest.raises(HeldError):
            refused.result(30)
        assert last.result(30).index == first.result(30).index + 1


def test_a_hold_that_waits_before_an_erasure_is_in_force(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(3)
        eraser = Eraser(trail.appender, trail.recorder, trail.vault)
        # A key that has to be made would wait for the appender's transaction.
        trail.vault.key_of(NO_NAMESPACE)
        go_on = blocked(trail)
        hold = trail.appender.submit(trail.recorder.hold("placed", "case", "a lawsuit", "law", index=2))
        found: list[BaseException] = []

        def erase() -> None:
            try:
                eraser.erase_entry(2, "asked for", "a")
            except TrailError as error:
                found.append(error)

        thread = threading.Thread(target=erase)
        thread.start()
        while trail.appender.waiting < 2 and thread.is_alive():
            thread.join(0.001)
        go_on.set()
        thread.join(30)
        hold.result(30)
        assert [type(error) for error in found] == [HeldError]


def test_a_reader_that_keeps_old_pages_is_told_of(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(3)
        eraser = Eraser(trail.appender, trail.recorder, trail.vault, patience_ms=1)
        reader = sqlite3.connect(tmp_path / "trail.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM leaf").fetchone()
        with pytest.raises(NotScrubbedError):
            eraser.erase_entry(1, "asked for", "a")
        reader.execute("COMMIT")
        reader.close()
        assert next(trail.store.bodies(1, 2)).sealed is None
        eraser.erase_entry(2, "asked for", "a")
        assert (tmp_path / "trail.db-wal").stat().st_size == 0


def test_another_process_learns_that_a_key_was_destroyed(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        now = [0.0]
        other = Vault(MASTER, trail.store, clock=lambda: now[0])
        before = other.key_of("team-1")
        trail.fill(3)
        Eraser(trail.appender, trail.recorder, trail.vault).erase_namespace("team-1", "gone", "a")
        now[0] = CHECK_EVERY_S - 1
        assert other.key_of("team-1").ref == before.ref
        now[0] = CHECK_EVERY_S
        assert other.key_of("team-1").ref != before.ref


def test_a_guess_of_what_was_erased_cannot_be_confirmed(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        receipt = trail.appender.append(trail.decide(1))
        stored = next(trail.store.bodies(receipt.index, receipt.index + 1))
        key = trail.vault.entry_key(stored)
        assert key is not None and stored.sealed is not None
        body = unseal(key, stored.sealed)
        entry = parse_entry(receipt.entry)
        # The guess is right, and confirmed as long as the key is there.
        verify_opening(field_key(key, "body"), body, entry.commitments["body"])
        Eraser(trail.appender, trail.recorder, trail.vault).erase_entry(receipt.index, "asked for", "a")
        files = b"".join([path.read_bytes() for path in tmp_path.iterdir()])
        assert key not in files and stored.sealed not in files
        # What is left to try with: keys that are still there.
        held = trail.vault.find("team-1")
        assert held is not None
        for left in (held.key, MASTER.seal_key, bytes(32)):
            assert commit(left, "body", body) != entry.commitments["body"]
            with pytest.raises(VerificationError):
                verify_opening(left, body, entry.commitments["body"])
