"""What a forger or a hostile file can do to verification itself: be overlooked, or make it stop, hang or fall over."""

import shutil
from pathlib import Path

import pytest

from tests.audit.test_verify import key_of, verified
from tests.audit.trails import make_trail, tampered

LOG = "(SELECT (place / 1099511627776) * 1099511627776 FROM leaf LIMIT 1)"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.appender.append(trail.decide(0, request="request-0"))
    trail.fill(300)
    trail.close()
    return folder / "trail.db"


@pytest.fixture
def copy(honest: Path, tmp_path: Path) -> Path:
    shutil.copy(honest, tmp_path / "trail.db")
    return tmp_path / "trail.db"


def _text_place(table: str) -> str:
    """A table in the place of one of ours, whose places may be of any type."""
    return (
        f"CREATE TABLE other AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE other RENAME TO {table}; "
        f"UPDATE {table} SET place = 'text' WHERE place % 1099511627776 = 9"
    )


# Rows beside those of the entries, and values of types that the schema does not have: SQLite takes them all.
HOSTILE = {
    "a record behind the end": (
        f"INSERT INTO record SELECT {LOG} + 5000, kind, time_ms, outcome, policies, model, environment, resource "
        "FROM record LIMIT 1"
    ),
    "a body behind the end": (
        f"INSERT INTO body SELECT {LOG} + 5000, vault_ref, wrapped_key, sealed FROM body LIMIT 1"
    ),
    "a stream's entry behind its last": (
        "INSERT INTO stream_entry SELECT stream, n + 5000, place FROM stream_entry LIMIT 1"
    ),
    "a stream's entry number 0": "INSERT INTO stream_entry SELECT stream, 0, place FROM stream_entry LIMIT 1",
    "entries of no stream": (
        "INSERT INTO stream_entry SELECT (SELECT max(id) + 1 FROM stream_head), n, place FROM stream_entry LIMIT 1"
    ),
    "a request's key more": f"INSERT INTO idempotency SELECT log, zeroblob(16), {LOG} + 3 FROM idempotency",
    "an entry that is text": "UPDATE leaf SET entry = 'text' WHERE place % 1099511627776 = 9",
    "a place that is text": _text_place("leaf"),
    "a hash that is a number": "UPDATE leaf SET leaf_hash = 7 WHERE place % 1099511627776 = 9",
    "a tile that is text": "UPDATE tile SET data = 'text'",
    "a record's kind that is bytes": "UPDATE record SET kind = x'00' WHERE place % 1099511627776 = 0",
    "a record's time that is text": "UPDATE record SET time_ms = 'noon' WHERE place % 1099511627776 = 9",
    "a record's place that is text": _text_place("record"),
    "a body's place that is text": _text_place("body"),
    "a body that is text": "UPDATE body SET sealed = 'text' WHERE place % 1099511627776 = 9",
    "a stream's name that is bytes": "UPDATE stream_head SET name = x'00ff' WHERE name = 'log'",
    "a stream's counter that is text": "UPDATE stream_head SET n = 'one' WHERE name = 'log'",
    "a stream entry's counter that is text": "UPDATE stream_entry SET n = 'one' WHERE n = 1",
    "a request's key that is text": "UPDATE idempotency SET key = 'text'",
    "a checkpoint that is text": "UPDATE checkpoint SET note = 'text'",
    "a checkpoint's size that is text": "UPDATE checkpoint SET size = 'text' WHERE size > 1",
    "a cosignature that is bytes": (
        "INSERT INTO cosignature SELECT log, size, 'w', x'00ff' FROM checkpoint LIMIT 1"
    ),
    "a head of a huge log": "UPDATE log_head SET size = 1 << 60",
    "a head below nothing": "UPDATE log_head SET size = -1",
    "a head that is text": "UPDATE log_head SET size = 'text'",
    "no head": "DELETE FROM log_head",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_rows(name: str, copy: Path) -> None:
    """Found by the fast and by the exact way, and told as tampering."""
    tampered(copy, *HOSTILE[name].split("; "))
    report = verified(copy, key_of(copy))
    assert report.exit_code == 3
