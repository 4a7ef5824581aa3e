"""The server with a trail, under traffic, whose database or disk fails: closed with the reason, nothing lost, and back."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.shims import build, needs_compiler
from tests.faults.traffic import check_recorded, make_home, traffic_on
from tests.webhook.serving.server_processes import config_map, review_of, running_server, write_policies

UNRECORDED = "the decision could not be recorded: "

Fault = Callable[[Path], AbstractContextManager[object]]


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Another process holds the database."""
    with closing(sqlite3.connect(home / "trail.db", isolation_level=None, timeout=60)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.execute("ROLLBACK")


@contextmanager
def _away(home: Path) -> Iterator[None]:
    """The database's files are somewhere else."""
    place = home / "away"
    place.mkdir()
    for path in home.glob("trail.db*"):
        path.rename(place / path.name)
    yield
    for path in [*place.iterdir()]:
        path.rename(home / path.name)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(_locked, ""), (_away, "the database's file was moved")],
    ids=["locked", "moved"],
)
def test_while_the_database_is_away_answers_are_closed(tmp_path: Path, fault: Fault, reason: str) -> None:
    home = make_home(tmp_path)
    with (
        running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server,
        traffic_on(server) as traffic,
    ):
        traffic.wait_for(10, lambda: traffic.allowed)
        with fault(home):
            traffic.wait_for(5, lambda: traffic.closed)
            # What is not recorded is answered all the same.
            dry = review_of(config_map(), "dry", dryRun=True)
            assert server.admit(dry)["status"]["message"] == "[owners] settings has no owner"
        traffic.wait_for(10, lambda: traffic.allowed)
    assert not traffic.errors
    reasons = {one.reason for one in traffic.closed}
    assert all(one.startswith(UNRECORDED) for one in reasons), reasons
    # While its files are moved one by one, SQLite may find one of them gone before the store does.
    assert any(one.startswith(UNRECORDED + reason) for one in reasons), reasons
    check_recorded(home, traffic.allowed)


@needs_compiler
def test_while_the_disk_is_full_answers_are_closed(tmp_path: Path) -> None:
    shim, full = build(tmp_path, "full_disk"), tmp_path / "is-full"
    home = make_home(tmp_path)
    environment = {"LD_PRELOAD": str(shim), "FULL_FOLDER": f"{tmp_path}/", "FULL_WHEN": str(full)}
    options = ["--trail", str(home)]
    policies = write_policies(tmp_path)
    with running_server(tmp_path, policies, options, environment=environment) as server:
        with traffic_on(server) as traffic:
            for _ in range(2):
                traffic.wait_for(10, lambda: traffic.allowed)
                full.touch()
                traffic.wait_for(5, lambda: traffic.closed)
                # Lines gather for a moment before they are written.
                traffic.wait_until(time.monotonic() + 1.0)
                full.unlink()
            traffic.wait_for(10, lambda: traffic.allowed)
        # The log's file was full too, and is written again.
        assert server.admit(review_of(config_map(), "later"))["allowed"] is False
        server.wait_for("lines dropped")
    assert not traffic.errors
    reasons = {one.reason for one in traffic.closed}
    assert {one.startswith(UNRECORDED) for one in reasons} == {True}
    assert [one for one in reasons if "full" in one or "disk I/O" in one], reasons
    check_recorded(home, traffic.allowed)
