"""Backups: what comes back is what was there, whatever was appended meanwhile; and no changed byte of one is restored."""

import random
import sqlite3
from pathlib import Path

import pytest
from lockgate.audit.errors import TrailError
from lockgate.audit.note import parse_verifier_key
from lockgate.audit.store.backups import check_backup, load_backup, write_backup
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.store.store import open_store
from lockgate.audit.trust import Trust
from lockgate.audit.vault import Vault
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import MASTER, ORIGIN, START_MS, Trail, make_trail, reopen_trail

LATER_MS = START_MS + 86_400_000


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    made = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    made.appender.append(made.decide(0, request="request-0"))
    made.fill(300)
    made.clock.now_ms += 120_000
    made.fill(40)
    Eraser(made.appender, made.recorder, made.vault).erase_entry(5, "asked for", "auditor@example.com")
    Eraser(made.appender, made.recorder, made.vault).erase_namespace("team-2", "gone", "a")
    return made


def keys(trail: Trail) -> dict[str, list[object]]:
    return {ORIGIN: [parse_verifier_key(trail.vkey)]}


def backed_up(trail: Trail, path: Path) -> Path:
    write_backup(trail.store, path, MASTER.seal_key, keys(trail), START_MS)  # type: ignore[arg-type]
    return path


def restored(path: Path, backup: Path, trail: Trail) -> str:
    url = f"sqlite:///{path}"
    load_backup(url, backup, MASTER.seal_key, keys(trail))  # type: ignore[arg-type]
    return url


def verified(url: str, vkey: str) -> Report:
    store = open_store(url, ORIGIN)
    try:
        trust = Trust(
            ORIGIN, (parse_verifier_key(vkey),), "us", (), parse_witness_policy("quorum none\n"), 3600
        )
        vault = Vault(MASTER, store)
        return verify_trail(store, trust, now_ms=LATER_MS, index=store, open_key=vault.entry_key)
    finally:
        store.close()


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    tables = ["log", "log_head", "leaf", "tile", "checkpoint", "vault_key", "record", "idempotency"]
    made = {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall()) for name in tables}
    for name in ("stream_head", "stream_entry"):
        made[name] = sorted(connection.execute(f"SELECT * FROM {name}").fetchall())
    made["body"] = sorted(connection.execute("SELECT * FROM body WHERE sealed IS NOT NULL").fetchall())
    connection.close()
    return made


def test_what_comes_back_is_what_was_there(trail: Trail, tmp_path: Path) -> None:
    trail.appender.close()
    backup = backed_up(trail, tmp_path / "backup")
    assert backup.stat().st_mode & 0o777 == 0o600
    trail.store.close()
    url = restored(tmp_path / "other.db", backup, trail)
    before, after = rows(tmp_path / "trail.db"), rows(tmp_path / "other.db")
    for name in before:
        assert after[name] == before[name], name
    report = verified(url, trail.vkey)
    assert report.findings == ()
    assert report.opened == report.bodies > 150
    assert report.erased > 60


def test_others_append_meanwhile_and_the_copy_goes_on(trail: Trail, tmp_path: Path) -> None:
    size = trail.store.head().size
    futures = [trail.appender.submit(trail.decide(number)) for number in range(400)]
    backup = backed_up(trail, tmp_path / "backup")
    for future in futures:
        future.result(30)
    (log,) = check_backup(backup, MASTER.seal_key, {})
    assert size <= log.size <= size + 400
    trail.close()
    url = restored(tmp_path / "other.db", backup, trail)
    again = reopen_trail(url)
    again.fill(10)
    again.close()
    report = verified(url, trail.vkey)
    assert report.findings == ()
    assert report.entries >= log.size + 10


def test_a_backup_of_another_installation(trail: Trail, tmp_path: Path) -> None:
    backup = backed_up(trail, tmp_path / "backup")
    trail.close()
    with pytest.raises(TrailError, match="seal"):
        check_backup(backup, b"x" * 32, {})


def test_a_backup_is_not_put_over_a_log(trail: Trail, tmp_path: Path) -> None:
    backup = backed_up(trail, tmp_path / "backup")
    trail.close()
    with pytest.raises(TrailError, match="has a log already"):
        load_backup(trail.store.url, backup, MASTER.seal_key, {})


def test_a_file_is_not_written_over(trail: Trail, tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("mine")
    with pytest.raises(TrailError, match="exists already"):
        backed_up(trail, tmp_path / "backup")
    trail.close()
    assert (tmp_path / "backup").read_text() == "mine"


def test_no_changed_backup_is_restored(trail: Trail, tmp_path: Path) -> None:
    """Every way to change a byte, cut off or add is refused, and leaves an empty database."""
    backup = backed_up(trail, tmp_path / "backup")
    trail.close()
    data = backup.read_bytes()
    chosen = random.Random(5)
    for number in range(60):
        place = chosen.randrange(len(data))
        changed = bytearray(data)
        if number % 3 == 0:
            del changed[place:]
        elif number % 3 == 1:
            changed[place] ^= 1 << chosen.randrange(8)
        else:
            changed.insert(place, chosen.randrange(256))
        (tmp_path / "changed").write_bytes(changed)
        with pytest.raises(TrailError):
            check_backup(tmp_path / "changed", MASTER.seal_key, keys(trail))  # type: ignore[arg-type]
    with pytest.raises(TrailError):
        restored(tmp_path / "other.db", tmp_path / "changed", trail)
    with pytest.raises(TrailError):
        open_store(f"sqlite:///{tmp_path / 'other.db'}", ORIGIN)


def test_a_recomputed_digest_does_not_help(trail: Trail, tmp_path: Path) -> None:
    """Who can compute every unkeyed hash changes an entry: the seal is of another root."""
    from hashlib import sha256

    backup = backed_up(trail, tmp_path / "backup")
    trail.close()
    data = backup.read_bytes()
    changed = data[:-37].replace(b'"outcome":"deny"', b'"outcome":"warn"')
    assert changed != data[:-37]
    changed += b"Z" + (32).to_bytes(4, "big") + sha256(changed).digest()
    backup.write_bytes(changed)
    with pytest.raises(TrailError):
        check_backup(backup, MASTER.seal_key, {})
