"""Long runs: `python -m tests.soak cel|differential|fuzz|fuzz-serve|serve|yaml|crashes|adversaries|flips|models|quota [--seed N] [--minutes N] [--pairs N]`.

`quota` races for a limit. `serve` presses a running server, with a change of its policies each 10 s. `adversaries` forges logs and tells honest histories. `flips` flips bits of exports. `models` mutates models. `crashes` kills the trail's writers and its PostgreSQL server, and takes unsynced writes away. `differential` asks a running OPA (`make e2e` builds it), `cel` Kubernetes' own CEL about random expressions; `fuzz` and `fuzz-serve` (requests to a running server) need no program. Both use OPA's conformance cases as
material where the shared folder has them. `yaml` compares documents read without a tree with LibYAML's tree. Exit code 1 when something was found.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.differential.running import Run, comparisons
from tests.differential.vectors import Case, read_cases
from tests.fuzz.fuzzing import Fuzzer
from tests.fuzz.serving import ServeFuzzer, fuzzed_server
from tests.shared_folder import ROOT, shared_root
from tests.soak.adversaries import run_adversaries
from tests.soak.block_yaml import run_block_yaml
from tests.soak.cel import run_cel
from tests.soak.crashes import run_crashes
from tests.soak.flips import run_all_flips
from tests.soak.models import run_models
from tests.soak.quota import run_quota
from tests.soak.serving import run_serve

# What is printed of what was found; all of it is counted.
MOST_SHOWN = 20


def main(arguments: list[str]) -> int:
    """Runs until the time is over or enough has been compared, and prints what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument(
        "what",
        choices=[
            "adversaries",
            "cel",
            "crashes",
            "differential",
            "flips",
            "models",
            "fuzz",
            "fuzz-serve",
            "quota",
            "serve",
            "yaml",
        ],
    )
    parser.add_argument("--seed", type=int, default=None, help="of the first program; random by default")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--pairs", type=int, default=0, help="ends a differential run, which the time ends else"
    )
    parser.add_argument("--count", type=int, default=200_000, help="of mutated models")
    parser.add_argument("--share", type=float, default=0.8, help="of what a server can do, its load")
    parser.add_argument("--trail", choices=["no", "yes", "both"], default="both", help="of the servers")
    given = parser.parse_args(arguments)
    seed = int.from_bytes(os.urandom(3)) * 1_000_000 if given.seed is None else given.seed
    print(f"{given.what} of commit {_commit()}, seed {seed}", flush=True)
    if given.what == "crashes":
        return run_crashes(seed)
    if given.what == "serve":
        return run_serve(given.minutes, given.share, given.trail)
    if given.what == "adversaries":
        return run_adversaries(seed)
    if given.what == "models":
        labelled = shared_root() / "corpus" / "models"
        return run_models(seed, given.count, labelled if labelled.is_dir() else None, MOST_SHOWN)
    if given.what == "quota":
        return run_quota(seed)
    if given.what == "flips":
        return run_all_flips(seed)
    end = time.monotonic() + given.minutes * 60
    if given.what == "cel":
        return run_cel(seed, end, MOST_SHOWN)
    if given.what == "yaml":
        return run_block_yaml(seed, end, [shared_root() / "corpus"], MOST_SHOWN)
    if given.what == "fuzz-serve":
        return _fuzz_serve(seed, end)
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


def _fuzz_serve(seed: int, end: float) -> int:
    first = seed
    with TemporaryDirectory() as folder, fuzzed_server(Path(folder)) as server:
        fuzzer = ServeFuzzer(server)
        while time.monotonic() < end and len(fuzzer.findings) < MOST_SHOWN:
            fuzzer.once(seed)
            seed += 1
        fuzzer.ask_properly(seed)
        fuzzer.look_at_log()
    print(f"{seed - first} connections: {_shown(fuzzer.counts)}")
    for finding in fuzzer.findings[:MOST_SHOWN]:
        print(f"-----\n{finding}")
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
