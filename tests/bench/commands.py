"""Whole commands, from process start to exit: `lockgate check` and `verify` against gator's, on the same files."""

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

from tests.bench.library import read, samples

FILES_AT_ONCE = 64
LOOK_SECONDS = 0.005
LOCKGATE = [sys.executable, "-m", "lockgate.webhook"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: wall and processor time in seconds."""

    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Timing:
    """The medians of a command, over `runs` runs that alternated with the peer's, and the most memory of each in MB."""

    name: str
    ours: Run
    peer: Run
    runs: int
    memory: tuple[float, float]


def run_once(command: Sequence[str | Path], environment: dict[str, str], allowed: Sequence[int]) -> Run:
    """One run; an exit code that is not among the allowed ends the bench."""
    with tempfile.TemporaryFile() as said:
        before = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        taken = time.perf_counter() - before
        # It has been waited for.
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in allowed:
            said.seek(0)
            end = said.read()[-2000:].decode(errors="replace")
            raise SystemExit(f"{command}: exit code {process.returncode}\n{end}")
    return Run(taken, usage.ru_utime + usage.ru_stime)


def peak(command: Sequence[str | Path], environment: dict[str, str]) -> float:
    """The most memory of one run, in MB. What the system tells at its end has that of the bench itself in it."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    most = 0
    while process.poll() is None:
        try:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except OSError:
            break
        most = max([most, *[int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]])
        time.sleep(LOOK_SECONDS)
    process.wait()
    return most / 1024


def user_environment() -> dict[str, str]:
    # A folder user's machine, not CI: the cache of compiled policies is on.
    return {name: value for name, value in os.environ.items() if name != "CI"}


def _median(runs: Sequence[Run]) -> Run:
    return Run(median([run.wall for run in runs]), median([run.processor for run in runs]))


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
    environment = user_environment()
    mine: list[Run] = []
    theirs: list[Run] = []
    for run in range(runs + 1):
        one = run_once(ours, environment, ours_codes)
        other = run_once(peer, environment, peer_codes)
        if run:
            mine.append(one)
            theirs.append(other)
    memory = peak(ours, environment), peak(peer, environment)
    return Timing(name, _median(mine), _median(theirs), runs, memory)


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


def verify_library(library: Path, gator: Path) -> list[Timing]:
    """`lockgate verify` against `gator verify` on the shared suites: with its cache, and without."""
    suites = f"{library}/..."
    ours = [*LOCKGATE, "verify"]
    return [
        alternate(f"verify, {name}", [*ours, option, suites], [gator, "verify", suites], runs=9)
        for name, option in (("warm", "--cache"), ("cold", "--no-cache"))
    ]


def check_corpus(library: Path, corpora: Sequence[Path], gator: Path) -> list[Timing]:
    """`lockgate check` against `gator test`: all library templates, on files that gator reads.

    gator makes an inventory of all that it is given, so that ours is told to do so as well in one of the rows.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policies, manifests = folder / "policies", folder / "manifests"
        policies.mkdir()
        manifests.mkdir()
        for sample in samples(library):
            for path in (sample.template, sample.constraint):
                shutil.copy(path, policies / f"{sample.name}-{path.name}")
        found = [path for corpus in corpora for path in sorted(corpus.rglob("*")) if _is_manifest(path)]
        kept = _gator_reads(gator, [path for path in found if read_cleanly(path)])
        for count, path in enumerate(kept):
            shutil.copy(path, manifests / f"{count:04}{path.suffix}")
        objects = sum([len(read(path)) for path in manifests.iterdir()])
        ours: list[str | Path] = [*LOCKGATE, "check", "--engine", "rego", "-p", policies, "--no-progress"]
        peer: list[str | Path] = [gator, "test", "--enable-k8s-native-validation=false"]
        peer += ["-f", policies, "-f", manifests]
        rows = (
            ("warm", ["--cache"]),
            ("cold", ["--no-cache"]),
            ("inventory", ["--cache", "--inventory", "tree"]),
        )
        return [
            alternate(
                f"check {objects} objects, {row}",
                [*ours, *options, manifests],
                peer,
                runs=5,
                ours_codes=(0, 1),
                peer_codes=(0, 1),
            )
            for row, options in rows
        ]


def _is_manifest(path: Path) -> bool:
    # gator would load templates and constraints, wherever they are.
    is_text = path.suffix in (".yaml", ".yml", ".json") and path.is_file()
    return is_text and b"gatekeeper.sh" not in path.read_bytes()


def _gator_reads(gator: Path, paths: Sequence[Path]) -> list[Path]:
    """Those of the files that gator reads: it stops at the first that it does not, so halves are asked for apart."""
    if not paths:
        return []
    if len(paths) <= FILES_AT_ONCE:
        command: list[str | Path] = [gator, "test"]
        for path in paths:
            command += ["-f", path]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return [*paths]
        if len(paths) == 1:
            return []
    half = len(paths) // 2
    return [*_gator_reads(gator, paths[:half]), *_gator_reads(gator, paths[half:])]


def read_cleanly(path: Path) -> bool:
    """Does the file hold objects only, for us too?"""
    from lockgate.engine.documents.reading import read_documents

    reading = read_documents(path.read_bytes(), str(path), duplicates="error")
    return bool(reading.documents) and not reading.errors and not reading.skipped


def print_section(library: Path, corpora: Sequence[Path], gator: Path) -> None:
    """A line a command: wall time, processor time and memory of both, and how often ours fits into the peer's."""
    print(
        f"{'command':34}{'runs':>5}{'ours ms':>9}{'peer ms':>9}{'ratio':>7}"
        f"{'ours cpu':>10}{'peer cpu':>10}{'ratio':>7}{'ours MB':>9}{'peer MB':>9}"
    )
    for timing in (start_up(), *verify_library(library, gator), *check_corpus(library, corpora, gator)):
        ours, peer = timing.ours, timing.peer
        print(
            f"{timing.name:34}{timing.runs:>5}{ours.wall * 1e3:>9.0f}{peer.wall * 1e3:>9.0f}"
            f"{peer.wall / ours.wall:>7.1f}{ours.processor * 1e3:>10.0f}{peer.processor * 1e3:>10.0f}"
            f"{peer.processor / ours.processor:>7.1f}{timing.memory[0]:>9.0f}{timing.memory[1]:>9.0f}"
        )
    print()
