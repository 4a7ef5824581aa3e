"""A few crashes of each kind; `make e2e` and `make soak` make many."""

from pathlib import Path

import pytest

from tests.faults.killing import kill_runs, loss_runs
from tests.faults.trace import compiler


@pytest.mark.slow
def test_killed_writers(tmp_path: Path) -> None:
    size, receipts = kill_runs(tmp_path, 3, seed=1)
    assert size >= receipts


@pytest.mark.slow
@pytest.mark.skipif(compiler() is None, reason="no C compiler: the shim that notes writes cannot be built")
def test_lost_writes(tmp_path: Path) -> None:
    events, receipts = loss_runs(tmp_path, 15, seed=2, seconds=0.5)
    assert events > 100
    assert receipts > 10
