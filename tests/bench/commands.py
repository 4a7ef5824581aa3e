"""Whole commands: `lockgate check` against `gator test` on one folder, and from process start to exit."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.library import samples

LOCKGATE = [sys.executable, "-m", "lockgate.webhook"]


@dataclass(frozen=True, slots=True)
class Timing:
    """The median wall time of a command in seconds, over `runs` runs that alternated with the peer's."""

    name: str
    ours: float
    peer: float
    runs: int


def wall(command: Sequence[str | Path], environment: dict[str, str], allowed: Sequence[int]) -> float:
    """The time of one run in seconds; any other exit code ends the bench."""
    before = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    taken = time.perf_counter() - before
    if done.returncode not in allowed:
        raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return taken


def _environment() -> dict[str, str]:
    # A folder user's machine, not CI: the cache of compiled policies is on.
    return {name: value for name, value in os.environ.items() if name != "CI"}


def alternate(
    name: str,
    ours: Sequence[str | Path],
    peer: Sequence[str | Path],
    *,
    runs: int,
    ours_codes: Sequence[int] = (0,),
    peer_codes: Sequence[int] = (0,),
) -> Timing:
    """Runs both in turn; the first run of each warms and does not count."""
    environment = _environment()
    mine: list[float] = []
    theirs: list[float] = []
    for run in range(runs + 1):
        one = wall(ours, environment, ours_codes)
        other = wall(peer, environment, peer_codes)
        if run:
            mine.append(one)
            theirs.append(other)
    return Timing(name, median(mine), median(theirs), runs)


def start_up() -> Timing:
    """`lockgate check` on one file against the import of its libraries; all compiled, as pip installs them."""
    import compileall

    import lockgate.webhook

    compileall.compile_dir(Path(next(iter(lockgate.webhook.__path__))).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "pod.yaml"
        manifest.write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata: {k: v}\n"
        )
        imports = [sys.executable, "-c", "import click, yaml, re2"]
        return alternate("check one file", [*LOCKGATE, "check", manifest], imports, runs=20)


def check_corpus(library: Path, corpus: Path, gator: Path) -> Timing:
    """`lockgate check`, warm, against `gator test`: all library templates, on files that gator reads."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policies, manifests = folder / "policies", folder / "manifests"
        policies.mkdir()
        manifests.mkdir()
        for sample in samples(library):
            for path in (sample.template, sample.constraint):
                shutil.copy(path, policies / f"{sample.name}-{path.name}")
        count = 0
        for path in sorted(corpus.rglob("*")):
            if path.suffix not in (".yaml", ".yml", ".json") or not _gator_reads(gator, path, policies):
                continue
            shutil.copy(path, manifests / f"{count:04}{path.suffix}")
            count += 1
        ours: list[str | Path] = [
            *LOCKGATE,
            "check",
            "--engine",
            "rego",
            "-p",
            policies,
            "--no-progress",
            manifests,
        ]
        peer: list[str | Path] = [gator, "test", "-f", policies, "-f", manifests]
        return alternate(f"check {count} files", ours, peer, runs=5, ours_codes=(0, 1), peer_codes=(0, 1))


def _gator_reads(gator: Path, path: Path, policies: Path) -> bool:
    """Does gator read the file? Whole folders fail on the first it does not, so each is asked for alone.

    Files with an object that only one of the two accepts are left out as well.
    """
    if not read_cleanly(path):
        return False
    done = subprocess.run([gator, "test", "-f", path], capture_output=True, text=True, check=False)
    return done.returncode == 0


def read_cleanly(path: Path) -> bool:
    """Does the file hold objects only, for us too?"""
    from lockgate.engine.documents.reading import read_documents

    reading = read_documents(path.read_bytes(), str(path), duplicates="error")
    return bool(reading.documents) and not reading.errors and not reading.skipped


def print_section(library: Path, corpus: Path, gator: Path) -> None:
    """A line a command."""
    print(f"{'command':34}{'runs':>8}{'ours ms':>9}{'peer ms':>9}{'ours/peer':>10}")
    for timing in (start_up(), check_corpus(library, corpus, gator)):
        share = timing.ours / timing.peer
        print(
            f"{timing.name:34}{timing.runs:>8}{timing.ours * 1e3:>9.1f}{timing.peer * 1e3:>9.1f}{share:>10.2f}"
        )
    print()
