"""Crashes of the trail's writers and of its server; `make soak` runs them in full."""

import tempfile
from pathlib import Path

import pytest

from tests.e2e.postgres import running_postgres
from tests.faults.killing import kill_runs, loss_runs
from tests.faults.killing_postgres import immediate_runs

pytestmark = pytest.mark.e2e


def test_killed_writers(tmp_path: Path) -> None:
    size, receipts = kill_runs(tmp_path, 12, seed=11)
    assert size >= receipts > 0


def test_lost_writes(tmp_path: Path) -> None:
    events, receipts = loss_runs(tmp_path, 60, seed=12)
    assert events and receipts


def test_killed_server() -> None:
    with running_postgres() as server, tempfile.TemporaryDirectory() as folder:
        size, receipts = immediate_runs(server, Path(folder), 6, seed=13)
    assert size >= receipts > 0
