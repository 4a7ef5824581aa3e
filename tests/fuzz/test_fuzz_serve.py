"""A short run of the server's fuzzer, with a trail: `python -m tests.soak fuzz-serve` runs longer."""

import os
from pathlib import Path

from tests.fuzz.serving import ServeFuzzer, fuzzed_server

# LOCKGATE_FUZZ_SEED and LOCKGATE_FUZZ_COUNT ask for others or more.
SEED = int(os.environ.get("LOCKGATE_FUZZ_SEED", "1"))
COUNT = int(os.environ.get("LOCKGATE_FUZZ_COUNT", "160"))


def test_whatever_arrives_is_answered_by_the_rules(tmp_path: Path) -> None:
    print(f"LOCKGATE_FUZZ_SEED={SEED}")
    with fuzzed_server(tmp_path) as server:
        fuzzer = ServeFuzzer(server)
        for seed in range(SEED, SEED + COUNT):
            fuzzer.once(seed)
        fuzzer.ask_properly(SEED)
        fuzzer.look_at_log()
    assert not fuzzer.findings, fuzzer.findings[0]
    assert {"200", "400"} <= fuzzer.counts.keys()
