"""Long runs: `python -m tests.soak cel|differential|fuzz|yaml|crashes|adversaries|flips [--seed N] [--minutes N] [--pairs N]`.

`adversaries` forges logs and tells honest histories. `flips` flips bits of exports. `crashes` kills the trail's writers and its PostgreSQL server, and takes unsynced writes away. `differential` asks a running OPA (`make e2e` builds it), `cel` Kubernetes' own CEL about random expressions; `fuzz` needs no program. Both use OPA's conformance cases as
material where the shared folder has them. `yaml` compares documents read without a tree with LibYAML's tree. Exit code 1 when something was found.
"""

import argparse
import os
import subprocess
import sys
import time

from tests.differential.running import Run, comparisons
from tests.differential.vectors import Case, read_cases
from tests.fuzz.fuzzing import Fuzzer
from tests.shared_folder import ROOT, shared_root
from tests.soak.adversaries import run_adversaries
from tests.soak.block_yaml import run_block_yaml
from tests.soak.cel import run_cel
from tests.soak.crashes import run_crashes
from tests.soak.flips import run_all_flips

# What is printed of what was found; all of it is counted.
MOST_SHOWN = 20


def main(arguments: list[str]) -> int:
    """Runs until the time is over or enough has been compared, and prints what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument(
        "what", choices=["adversaries", "cel", "crashes", "differential", "flips", "fuzz", "yaml"]
    )
    parser.add_argument("--seed", type=int, default=None, help="of the first program; random by default")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--pairs", type=int, default=0, help="ends a differential run, which the time ends else"
    )
    given = parser.parse_args(arguments)
    seed = int.from_bytes(os.urandom(3)) * 1_000_000 if given.seed is None else given.seed
    print(f"{given.what} of commit {_commit()}, seed {seed}", flush=True)
    if given.what == "crashes":
        return run_crashes(seed)
    if given.what == "adversaries":
        return run_adversaries(seed)
    if given.what == "flips":
        return run_all_flips(seed)
    end = time.monotonic() + given.minutes * 60
    if given.what == "cel":
        return run_cel(seed, end, MOST_SHOWN)
    if given.what == "yaml":
        return run_block_yaml(seed, end, [shared_root() / "corpus"], MOST_SHOWN)
    if given.what == "fuzz":
        return _fuzz(seed, end)
    return _differential(seed, end, given.pairs)


def _fuzz(seed: int, end: float) -> int:
    fuzzer = Fuzzer(_cases())
    first = seed
    while time.monotonic() < end:
        fuzzer.once(seed)
        seed += 1
    print(f"{seed - first} programs: {_shown(fuzzer.counts)}")
    places = {finding.place: finding for finding in fuzzer.findings}
    for finding in list(places.values())[:MOST_SHOWN]:
        print(f"-----\n{fuzzer.smaller(finding)}")
    return 1 if fuzzer.findings else 0


def _differential(seed: int, end: float, pairs: int) -> int:
    with comparisons() as pair:
        run = Run(pair, _cases())
        first = seed
        while time.monotonic() < end and (not pairs or run.counts["pairs"] < pairs):
            run.once(seed)
            seed += 1
        print(f"{seed - first} seeds: {_shown(run.counts)}")
        for difference in sorted(run.differences, key=lambda found: len(str(found)))[:MOST_SHOWN]:
            print(f"-----\n{difference}")
        return 1 if run.differences else 0


def _shown(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _cases() -> list[Case]:
    folder = shared_root() / "vectors" / "opa"
    return read_cases(folder) if folder.is_dir() else []


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
