"""Backups between the two databases: from SQLite to PostgreSQL and back, verified and continued in each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lockgate.audit.errors import TrailError
from lockgate.audit.note import parse_verifier_key
from lockgate.audit.store.backups import load_backup, write_backup
from lockgate.audit.trust import Trust
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import MASTER, ORIGIN, START_MS, Trail, make_trail, reopen_trail
from tests.e2e.postgres import Postgres, running_postgres

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


def check(trail: Trail) -> int:
    """The entries of a log in which nothing is wrong."""
    keys = (parse_verifier_key(trail.vkey),)
    trust = Trust(ORIGIN, keys, "us", (), parse_witness_policy("quorum none\n"), 3600)
    report = verify_trail(
        trail.store,
        trust,
        now_ms=START_MS + 10**8,
        index=trail.store,
        open_key=trail.vault.entry_key,
    )
    assert [str(one) for one in report.findings] == []
    assert report.opened == report.bodies > 0
    return report.entries


def test_there_and_back(server: Postgres, tmp_path: Path) -> None:
    first = make_trail(f"sqlite:///{tmp_path / 'first.db'}")
    first.appender.append(first.decide(0, request="once"))
    first.fill(700)
    keys = {ORIGIN: (parse_verifier_key(first.vkey),)}
    first.close()
    write_backup(first.store, tmp_path / "one", MASTER.seal_key, keys, START_MS)

    load_backup(server.url, tmp_path / "one", MASTER.seal_key, keys)
    second = reopen_trail(server.url, clock=first.clock)
    assert second.appender.append(second.decide(0, request="once")).repeated
    futures = [second.appender.submit(second.decide(number)) for number in range(600)]
    write_backup(second.store, tmp_path / "two", MASTER.seal_key, keys, START_MS)
    for future in futures:
        future.result(60)
    entries = check(second)
    write_backup(second.store, tmp_path / "three", MASTER.seal_key, keys, START_MS)
    second.close()
    with pytest.raises(TrailError, match="has a log already"):
        load_backup(server.url, tmp_path / "one", MASTER.seal_key, keys)

    for name in ("two", "three"):
        url = f"sqlite:///{tmp_path / f'{name}.db'}"
        load_backup(url, tmp_path / name, MASTER.seal_key, keys)
        again = reopen_trail(url, clock=first.clock)
        assert again.appender.append(again.decide(0, request="once")).repeated
        again.fill(3)
        assert check(again) <= entries + 3
        again.close()
