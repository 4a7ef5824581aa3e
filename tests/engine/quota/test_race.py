"""Who reserves at the same time, in several processes of which one is killed: never more than the limit, and nothing lost."""

from pathlib import Path

import pytest

from tests.faults.quota_race import run_rounds


@pytest.mark.slow
def test_processes_share_a_limit_on_sqlite(tmp_path: Path) -> None:
    counts = run_rounds(f"sqlite:///{tmp_path / 'ledger.db'}", 2, 1, processes=3)
    assert counts["killed"] == 2
    assert counts["reserved"] and counts["refused"] and counts["stored"]
