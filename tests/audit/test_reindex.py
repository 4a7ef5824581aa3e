"""Tiles and index tables are made anew from the entries, exactly as they were."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.errors import VerificationError
from lockgate.audit.store.derived import reindex
from lockgate.audit.store.store import open_store

from tests.audit.test_verify import key_of, verified
from tests.audit.trails import make_trail, reopen_trail, tampered

TABLES = ("tile", "record", "stream_entry", "stream_head", "idempotency", "log_head")


def dumped(path: Path) -> dict[str, list[Any]]:
    connection = sqlite3.connect(path)
    try:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}")) for table in TABLES}
    finally:
        connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.appender.append(trail.decide(0, request="once"))
    trail.fill(1400)
    trail.close()
    return tmp_path / "trail.db"


def test_as_it_was(path: Path) -> None:
    before = dumped(path)
    tampered(path, *[f"DELETE FROM {table}" for table in TABLES[:-1]])
    assert verified(path, key_of(path)).exit_code == 3
    store = open_store(str(path))
    assert reindex(store) == 1403
    store.close()
    assert dumped(path) == before
    assert verified(path, key_of(path)).exit_code == 0
    trail = reopen_trail(str(path))
    assert trail.appender.append(trail.decide(0, request="once")).repeated
    trail.close()


def test_changed_entry_stops_it(path: Path) -> None:
    tampered(path, "DELETE FROM leaf WHERE place % 1099511627776 = 700", "DELETE FROM record")
    before = dumped(path)
    store = open_store(str(path))
    with pytest.raises(VerificationError, match="entry 700"):
        reindex(store)
    store.close()
    assert dumped(path) == before
