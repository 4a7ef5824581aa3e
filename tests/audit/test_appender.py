"""The appender's behaviour when callers, followers or the database do not behave."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.tables import place_of
from sqlalchemy import Connection, event
from sqlalchemy.pool import QueuePool

from tests.audit.trails import MASTER, ORIGIN, make_trail, open_trail


def test_caller_that_gives_up(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        futures = [trail.appender.submit(trail.decide(number)) for number in range(200)]
        given_up = {number for number in range(1, 200, 2) if futures[number].cancel()}
        kept = [future.result(30) for number, future in enumerate(futures) if number not in given_up]
        assert trail.appender.append(trail.decide(1)).index == len(kept) + 1


def test_follower_that_fails(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.appender.close()

        def fail(size: int, note: bytes) -> None:
            raise RuntimeError("gone")

        appender = Appender(
            trail.store, [trail.signer], MASTER.seal_key, clock=trail.clock, on_checkpoint=fail
        )
        assert appender.append(trail.decide(1)).index == 1
        assert "gone" in appender.trouble
        appender.close()


def test_database_that_went_back(tmp_path: Path) -> None:
    """As a failover to a replica that lagged: an honest state with its seal, but an older one."""
    url = f"sqlite:///{tmp_path / 'trail.db'}"
    trail = make_trail(url)
    trail.fill(10)
    trail.close()
    shutil.copy(tmp_path / "trail.db", tmp_path / "older.db")
    trail.store.take_writer_lock()
    appender = Appender(trail.store, [trail.signer], MASTER.seal_key, clock=trail.clock)
    assert appender.append(trail.decide(1)).index == 11
    with sqlite3.connect(tmp_path / "older.db") as older, sqlite3.connect(tmp_path / "trail.db") as current:
        older.backup(current)
    older.close()
    current.close()
    with pytest.raises(VerificationError, match="does not go on from it"):
        appender.append(trail.decide(2))
    appender.close()
    trail.store.close()


def test_index_of_request_keys_that_names_another_entry(tmp_path: Path) -> None:
    """Who may write to the database cannot make a record pass for one that is there."""
    with open_trail(tmp_path) as trail:
        trail.fill(3)
        draft = trail.decide(7, request="r")
        with sqlite3.connect(tmp_path / "trail.db") as connection:
            row = (trail.store.log, draft.idempotency, place_of(trail.store.log, 2))
            connection.execute("INSERT INTO idempotency (log, key, place) VALUES (?, ?, ?)", row)
        connection.close()
        with pytest.raises(VerificationError, match="names another entry"):
            trail.appender.append(draft)


def test_opening_is_the_first_entry_and_no_other(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        again = Draft("log", {"event": "opened", "origin": ORIGIN, "vkey": trail.vkey}, ("log",))
        with pytest.raises(TrailError, match="opening"):
            trail.appender.append(again)


def test_process_that_was_forked(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.appender._process = os.getpid() + 1
        with pytest.raises(TrailError, match="forked"):
            trail.appender.submit(trail.decide(1))


def test_batch_whose_commit_was_not_answered(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(5)
        batches = trail.store.batch_appender(MASTER.seal_key)
        drafts = [trail.decide(number) for number in range(3)]
        with trail.store.write() as connection:
            answers = batches.append(connection, drafts, trail.clock())
        batches.forget()
        with trail.store.write() as connection:
            assert batches.take_over(connection, answers)
        with trail.store.engine.connect() as connection:
            unstored = batches.append(connection, drafts, trail.clock())
            connection.rollback()
        batches.forget()
        with trail.store.write() as connection:
            assert not batches.take_over(connection, unstored)


def test_a_connection_is_held_until_there_is_nothing_to_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockgate.audit.store.appender.IDLE_S", 3600.0)
    with open_trail(tmp_path) as trail:
        pool = trail.store.engine.pool
        assert isinstance(pool, QueuePool)
        drafts = [trail.decide(number) for number in range(3)]
        taken: list[object] = []
        event.listen(pool, "checkout", lambda connection, *_: taken.append(connection))
        for draft in drafts:
            trail.appender.append(draft)
        # The one of the opening.
        assert not taken
        assert pool.checkedout() == 1
        trail.appender.close()
        assert pool.checkedout() == 0


def test_a_connection_that_fails_is_not_held(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        first, second = trail.decide(1), trail.decide(2)

        def fail(connection: Connection) -> None:
            connection.exec_driver_sql("SELECT * FROM no_such_table")

        with pytest.raises(TrailError, match="no such table"):
            trail.appender.submit(first, within=fail).result(30)
        assert trail.appender.append(second).index == 1
