"""A few hundred forged logs and a handful of honest histories; `make soak` runs two thousand of each and a thousand."""

from pathlib import Path

import pytest

from tests.adversaries.running import run_honest, run_with_key, run_without_key


@pytest.mark.slow
def test_forger_without_the_key(tmp_path: Path) -> None:
    forged, exported = run_without_key(tmp_path, 150, seed=20261126)
    assert forged == 150
    assert exported > 0


@pytest.mark.slow
def test_forger_with_the_key_against_a_witness(tmp_path: Path) -> None:
    assert run_with_key(tmp_path, 150, seed=20261127) == 150


@pytest.mark.slow
def test_honest_histories() -> None:
    assert run_honest(12, seed=20261128) > 100
