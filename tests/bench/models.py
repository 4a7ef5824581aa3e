"""Scanners of models beside each other: what they find, what they flag for nothing, time and memory; in one run.

Each peer runs in an environment of its own (`tests.e2e.environments`). With LOCKGATE_MODEL_FILES, a folder of real files as
`tests.bench.model_files` takes it, false alarms on those are counted too.
"""

import csv
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.model_files import SUFFIXES
from tests.conformance.models import DISPUTED
from tests.e2e.environments import SCANNERS, add_environments, environment
from tests.shared_folder import ROOT, shared_path

PEER = Path(__file__).parent / "model_peer.py"
MAX_SECONDS = 900
OPCODES = 3_000_000
TENSOR_MB = 200


@dataclass(frozen=True, slots=True)
class Answers:
    """What a scanner said of files. seconds: of the processor; memory: the peak in MB; both for the process."""

    verdicts: dict[str, str]
    seconds: float
    memory: float

    def count(self, files: Sequence[str]) -> Counter[str]:
        """How often each kind of verdict was given."""
        return Counter(self.verdicts[file].split(" ")[0] for file in files)


def ask(command: Sequence[str | Path], files: Sequence[str]) -> Answers | None:
    """The answers of a scanner; None where it does not end in time, or dies."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            input="".join(f"{file}\n" for file in files),
            capture_output=True,
            text=True,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    *lines, last = done.stdout.splitlines()
    verdicts = {path: verdict for verdict, _, path in (line.partition("\t") for line in lines)}
    seconds, _, memory = last.partition("\t")
    return Answers(verdicts, float(seconds), float(memory))


def scanners() -> dict[str, list[str | Path]]:
    """The command of each scanner, ours first."""
    found: dict[str, list[str | Path]] = {"lockgate": [sys.executable, PEER, "lockgate"]}
    if add_environments(SCANNERS):
        raise SystemExit("the scanners to compare with cannot be installed")
    for name in SCANNERS:
        found[name] = [environment(name), PEER, name.rpartition("-")[0]]
    return found


def labelled(folder: Path) -> dict[str, list[str]]:
    """The files of the corpus by their labels, ours where we dispute one."""
    found: dict[str, list[str]] = {"malicious": [], "benign": []}
    with (folder / "SOURCES.tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            label = "" if row["file"] in DISPUTED else row["label"]
            if label in found:
                found[label].append(str(folder / row["file"]))
    return found


def real_files() -> list[str]:
    """The model files of unpacked packages, where a folder of them is given."""
    folder = os.environ.get("LOCKGATE_MODEL_FILES", "")
    if not folder:
        return []
    return [
        str(path)
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix in SUFFIXES and path.is_file() and ".dist-info" not in str(path.parent)
    ]


def write_opcodes(path: Path) -> None:
    """A pickle of so many small opcodes."""
    path.write_bytes(b"\x80\x04" + b"K\x01" + b"0K\x01" * (OPCODES // 2) + b".")


def write_tensors(path: Path) -> None:
    """An archive as torch.save writes it, with one tensor of so many MB."""
    size = TENSOR_MB * 1_000_000
    name = path.stem
    body = pickle.dumps(["weights"], 2)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{name}/data.pkl", body)
        with archive.open(f"{name}/data/0", "w", force_zip64=False) as member:
            block = struct.pack("<f", 1.5) * 250_000
            for _ in range(size // len(block)):
                member.write(block)
        archive.writestr(f"{name}/version", "3\n")


def _row(name: str, answers: Answers | None, files: dict[str, list[str]], base: float) -> str:
    if answers is None:
        return f"{name:29} no answer within {MAX_SECONDS} s"
    cells = [f"{name:29}"]
    for some in files.values():
        counted = answers.count(some)
        cells.append(
            f"{counted['flagged']:9} {counted['clean']:6} {counted['skipped']:8} {counted['error']:6}"
        )
    return " ".join([*cells, f"{answers.seconds:8.2f} {answers.seconds / base:6.1f} {answers.memory:8.0f}"])


def print_section() -> None:
    """A table for the labelled files, one for real ones if they are given, and one for large ones."""
    corpus = labelled(shared_path("corpus", "models"))
    every = [file for some in corpus.values() for file in some]
    commands = scanners()
    print(f"Labelled files: {len(corpus['malicious'])} malicious, {len(corpus['benign'])} benign")
    print(f"{'':29} {'malicious':>9} {'':6} {'':8} {'':6} {'benign':>9}")
    kinds = f"{'flagged':>9} {'clean':>6} {'skipped':>8} {'error':>6}"
    print(f"{'':29} {kinds} {kinds} {'cpu s':>8} {'ratio':>6} {'peak MB':>8}")
    found = {name: ask(command, every) for name, command in commands.items()}
    ours = found["lockgate"]
    assert ours is not None
    for name, answers in found.items():
        print(_row(name, answers, corpus, ours.seconds))
    real = real_files()
    if real:
        print(
            f"\nReal files, none of them malicious: {len(real)}\n{'':29} {kinds} {'cpu s':>8} {'ratio':>6} {'peak MB':>8}"
        )
        base = 0.0
        for name, command in commands.items():
            answers = ask(command, real)
            base = base or (answers.seconds if answers else 1.0)
            print(_row(name, answers, {"benign": real}, base))
    print(f"\nLarge files, processor seconds and peak of memory in MB\n{'':29} {'opcodes':26} archive")
    with tempfile.TemporaryDirectory() as folder:
        opcodes, archive = Path(folder, "opcodes.pkl"), Path(folder, "tensors.pt")
        write_opcodes(opcodes)
        write_tensors(archive)
        for name, command in commands.items():
            cells = []
            for path in (opcodes, archive):
                found_one = ask(command, [str(path)])
                if found_one is None:
                    cells.append("no answer")
                    continue
                verdict = found_one.verdicts[str(path)]
                cells.append(f"{found_one.seconds:7.2f} {found_one.memory:7.0f}  {verdict}")
            print(f"{name:29} {cells[0]:26} {cells[1]}")
