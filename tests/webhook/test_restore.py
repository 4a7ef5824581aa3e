"""Backup and restore from the command line: the log goes on where nobody saw more, and else says what was lost."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.store.database import WriterLock
from lockgate.webhook.cli import run
from lockgate.webhook.former import next_origin
from lockgate.webhook.trail import open_trail

from tests.webhook.test_trail_anchors import (
    ORIGIN,
    check,
    key,
    state,
    with_file_anchor,
    witnessed,
)

__all__ = ["key"]


def backup(name: str = "backup") -> str:
    assert run(["audit", "backup", name, "--trail", "trail"]) == 0
    return name


def restore(name: str, *arguments: str) -> int:
    return run(["audit", "restore", name, "--trail", "trail", *arguments])


def lose_database() -> None:
    for found in Path("trail").glob("trail.db*"):
        found.unlink()


def first_entry() -> Any:
    with open_trail("trail") as trail:
        return parse_entry(next(iter(trail.store.entries(0, 1)))).value


def test_the_log_goes_on(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    with_file_anchor()
    assert check() == 0
    name = backup()
    lose_database()
    assert restore(name) == 0
    assert "the log goes on" in capsys.readouterr().out
    assert check() == 0
    code, made = state(capsys, "--log-key", key)
    assert (code, made["origin"], made["state"]) == (0, ORIGIN, "anchored by the same administrator")
    assert made["entries"] == 6


def test_behind_an_anchor_a_successor_says_what_was_lost(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_file_anchor()
    assert check() == 0
    name = backup()
    assert check() == 0
    lose_database()
    assert restore(name) == 0
    out = capsys.readouterr().out
    assert "lost: entries 4 to 5" in out
    assert f"opened {ORIGIN}/r1" in out
    seen = Path("seen.former-1").read_text().split("\n")
    value = first_entry()
    assert value["lost"] == {"from": 4, "to": 6, "root": seen[2]}
    assert (value["predecessor"]["origin"], value["predecessor"]["size"]) == (ORIGIN, 4)
    assert f"  {value['vkey']}\n" in out
    # The old log is verified where it was kept, and takes no more.
    assert run(["audit", "verify", "trail/former/1", "--log-key", key]) == 0
    assert list(Path("trail/former/1").glob("seen-*.checkpoint"))
    # The new one goes on, under its own key and anchored anew.
    shutil.copy("trail/log.vkey", "new.vkey")
    assert check() == 0
    code, made = state(capsys, "--log-key", "new.vkey")
    assert (code, made["origin"]) == (0, f"{ORIGIN}/r1")
    assert made["state"] == "anchored by the same administrator"
    code, _ = state(capsys, "--log-key", key)
    assert code == 3


def test_the_database_that_was_there_counts_too(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0
    name = backup()
    assert check() == 0
    assert restore(name, "--successor", "example.com/second") == 0
    assert "the database that was there saw 6 entries" in capsys.readouterr().out
    assert first_entry()["origin"] == "example.com/second"
    assert Path("trail/trail.db.before-1").is_file()


def test_a_witness_accepts_the_successor(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with witnessed(tmp_path, "Other Ltd"):
        assert check() == 0
        name = backup()
        assert check() == 0
        lose_database()
        capsys.readouterr()
        assert restore(name) == 0
        # A witness tells its size and no root.
        assert first_entry()["lost"] == {"from": 4, "to": 6}
        # Until its administrator knows the new log, nothing confirms.
        assert check() == 2
        assert "nothing is appended before an anchor confirms" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "witness")
    trust = Path("trail/trust.toml")
    trust.write_text(trust.read_text().partition("[[witness]]")[0])
    with witnessed(tmp_path, "Other Ltd", f"{ORIGIN}/r1", "trail/log.vkey"):
        assert check() == 0
        code, made = state(capsys, "--trust", "trust.toml")
        assert (code, made["state"]) == (0, "witnessed by another administrator")


def test_an_anchor_that_is_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with witnessed(tmp_path, "Other Ltd"):
        assert check() == 0
        name = backup()
    lose_database()
    assert restore(name) == 4
    assert "does not say how far it saw the log" in capsys.readouterr().err
    assert not Path("trail/trail.db").exists()
    assert restore(name, "--without-anchors") == 0


def test_over_a_live_appender(capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0
    name = backup()
    lock = WriterLock(Path("trail/trail.db"))
    before = Path("trail/trail.db").read_bytes()
    assert restore(name) == 2
    assert "appends to" in capsys.readouterr().err
    lock.close()
    assert Path("trail/trail.db").read_bytes() == before
    assert restore(name) == 0


def test_a_changed_backup_leaves_everything_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0
    name = backup()
    data = bytearray(Path(name).read_bytes())
    data[len(data) // 2] ^= 1
    Path(name).write_bytes(data)
    before = Path("trail/trail.db").read_bytes()
    assert restore(name) in (2, 3)
    assert Path("trail/trail.db").read_bytes() == before
    assert not list(Path("trail").glob("*.restoring*"))


def test_a_backup_of_another_trail(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "init", "other", "--origin", "example.com/other"]) == 0
    assert run(["audit", "backup", "theirs", "--trail", "other"]) == 0
    assert restore("theirs") == 3
    assert "master key" in capsys.readouterr().err


def test_restored_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """A successor is backed up with the log before it, and has a successor of its own."""
    assert check() == 0
    first = backup("first")
    assert check() == 0
    assert restore(first) == 0
    second = backup("second")
    assert check() == 0
    assert restore(second) == 0
    value = first_entry()
    assert value["origin"] == f"{ORIGIN}/r2"
    assert value["predecessor"]["origin"] == f"{ORIGIN}/r1"
    for number, origin in ((1, ORIGIN), (2, f"{ORIGIN}/r1")):
        capsys.readouterr()
        kept = f"trail/former/{number}"
        shutil.copy(f"{kept}/log.vkey", "old.vkey")
        assert run(["audit", "verify", kept, "--log-key", "old.vkey", "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["origin"] == origin


@pytest.mark.parametrize(
    ("origin", "following"),
    [("a.example/log", "a.example/log/r1"), ("a/r1", "a/r2"), ("a/r9", "a/r10"), ("a/2026", "a/2026/r1")],
)
def test_names_of_successors(origin: str, following: str) -> None:
    assert next_origin(origin) == following
    assert re.fullmatch(r"[!-~]+", following)


def test_a_backup_from_before_a_rotation(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The log of that time does not know the key that the home signs with now."""
    assert check() == 0
    name = backup()
    assert run(["audit", "key", "rotate", "--trail", "trail"]) == 0
    assert check() == 0
    capsys.readouterr()
    assert restore(name) == 0
    out = capsys.readouterr().out
    assert f"opened {ORIGIN}/r1" in out
    # The predecessor rests on the key that it had then.
    assert first_entry()["predecessor"]["vkey"] == Path(key).read_text().strip()
    assert run(["audit", "verify", "trail/former/1", "--log-key", key]) == 0
    shutil.copy("trail/log.vkey", "new.vkey")
    assert check() == 0
    code, made = state(capsys, "--log-key", "new.vkey")
    assert (code, made["origin"]) == (0, f"{ORIGIN}/r1")
