"""A short run of the fuzzer: whatever a policy or an input is, only the engine's own errors are raised."""

import os

import pytest

from tests.differential.vectors import read_cases
from tests.fuzz.fuzzing import Fuzzer
from tests.shared_folder import shared_root

# LOCKGATE_FUZZ_SEED and LOCKGATE_FUZZ_COUNT ask for others or more.
SEED = int(os.environ.get("LOCKGATE_FUZZ_SEED", "1"))
COUNT = int(os.environ.get("LOCKGATE_FUZZ_COUNT", "240"))


@pytest.mark.parametrize("material", ["generated", "vectors"])
def test_only_errors_of_the_engine(material: str) -> None:
    print(f"LOCKGATE_FUZZ_SEED={SEED}")
    folder = shared_root() / "vectors" / "opa" / "v1" / "withkeyword"
    fuzzer = Fuzzer(read_cases(folder) if material == "vectors" and folder.is_dir() else [])
    # A generated policy is compiled rule by rule before it is changed.
    count = COUNT if fuzzer.cases else COUNT // 6
    for seed in range(SEED, SEED + count):
        fuzzer.once(seed)
    assert not fuzzer.findings, fuzzer.smaller(fuzzer.findings[0])
    assert fuzzer.counts["value"]
