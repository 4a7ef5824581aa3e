"""No flipped bit of an export goes unnoticed: a few dozen here, ten thousand in `make soak`."""

from pathlib import Path

from tests.adversaries.flipping import run_flips


def test_any_flipped_bit_is_found(tmp_path: Path) -> None:
    assert run_flips(tmp_path, 40, 20261126).total() == 40
