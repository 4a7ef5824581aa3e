"""Scans real model files: `python -m tests.bench.model_files FOLDER`, which holds a folder for each unpacked package.

FOLDER/PACKAGE/.wheel names the wheel that was unpacked there, and so the version. Prints the tables of
docs/measurements/models.md; nothing of the packages is kept or run. Code, documentation and metadata are left out.
"""

import re
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lockgate.engine.facts.artifact import FileFacts, scan_file

# What packages keep models, weights, vocabularies and their configuration in.
SUFFIXES = frozenset({
    ".bin", ".binarypb", ".cbm", ".dat", ".ftz", ".gguf", ".h5", ".hdf5", ".index", ".joblib", ".jit", ".json", ".keras",
    ".mlmodel", ".model", ".npy", ".npz", ".onnx", ".params", ".pb", ".pickle", ".pkl", ".pt", ".pth", ".safetensors",
    ".skops", ".task", ".tflite", ".ubj", ".vec", ".w2v", ".weights", ".state", ".mdl", ".jinja",
})  # fmt: skip
_SHARD = re.compile(r"\.data-\d{5}-of-\d{5}$")
_VERSION = re.compile(r"^[^-]+-([^-]+)-")
# Inputs and outputs of operators' tests: no models, so that they are counted apart.
_TEST_DATA = "onnx-tensor"
# Formats of weights: texts, configurations and programs of operators are others.
_TENSORS = frozenset({
    "checkpoint-index", "checkpoint-shard", "coreml-weights", "fasttext", "gguf", "hdf5", "npy", "npz", "onnx", "pickle",
    "safetensors", "tflite", "torch-legacy", "torch-zip", "word2vec",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scanned:
    """A file of a package."""

    package: str
    version: str
    facts: FileFacts

    @property
    def is_tensors(self) -> bool:
        """Whether it is of a format of tensors, and no pickle in it names anything else."""
        tensors = all(use.tier == "tensor" for use in self.facts.globals)
        return self.facts.format in _TENSORS and tensors


def scan_packages(folder: Path) -> list[Scanned]:
    """Each model file of each package."""
    found = []
    for package in sorted(folder.iterdir()):
        wheel = package / ".wheel"
        if not wheel.is_file():
            continue
        match = _VERSION.match(wheel.read_text("utf-8"))
        version = match[1] if match else "?"
        for path in sorted(package.rglob("*")):
            is_model = path.suffix in SUFFIXES or _SHARD.search(path.name)
            if is_model and path.is_file() and ".dist-info" not in str(path.parent):
                name = path.relative_to(package).as_posix()
                found.append(Scanned(package.name, version, scan_file(path, name)))
    return found


def tables(scanned: list[Scanned]) -> list[str]:
    """The tables in Markdown."""
    groups = Counter((one.package, one.version, one.facts.format, one.facts.tier) for one in scanned)
    lines = ["| package | version | format | tier | files |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(key)} | {count} |" for key, count in sorted(groups.items())]
    lines += ["", "| package | file | format | tier | first reason |", "|---|---|---|---|---|"]
    for one in scanned:
        if one.facts.tier != "safe":
            weighty = [finding for finding in one.facts.findings if finding.tier == one.facts.tier]
            reason = f"{weighty[0].rule}: {weighty[0].detail}".replace("|", "\\|")
            facts = one.facts
            lines.append(f"| {one.package} | `{facts.path}` | {facts.format} | {facts.tier} | {reason} |")
    return lines


def summary(scanned: list[Scanned]) -> list[str]:
    """How many are not safe."""
    models = [one for one in scanned if one.facts.format != _TEST_DATA]
    lines = []
    for what, some in (
        ("files", scanned),
        (f"files but {_TEST_DATA}", models),
        (f"tensors alone, but {_TEST_DATA}", [one for one in models if one.is_tensors]),
    ):
        wrong = sum(one.facts.tier != "safe" for one in some)
        share = 100 * wrong / max(len(some), 1)
        formats = len({one.facts.format for one in some})
        lines.append(f"{what}: {len(some)} of {formats} formats, {wrong} not safe ({share:.1f} %)")
    return lines


def main(arguments: list[str]) -> int:
    """Prints the tables."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m tests.bench.model_files FOLDER (with an unpacked package in each folder)")
        return 2
    started = time.process_time()
    scanned = scan_packages(Path(arguments[0]))
    used = time.process_time() - started
    size = sum(one.facts.size for one in scanned) / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n".join(summary(scanned)))
    print(f"{size:.0f} MB in {used:.1f} s of processor time, {memory:.0f} MB of memory at most\n")
    print("\n".join(tables(scanned)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
