"""`gator bench` on templates, constraints and objects."""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lockgate.engine.codegen.values import render_json
from lockgate.engine.documents.document import Document

Engine = Literal["rego", "cel"]

_UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds a review, and the violations found in all. Where some objects violate and others do not, the median
    lies between two heaps of times and is the noisier of the two."""

    median: float
    mean: float
    violations: int


def bench(
    program: Path,
    policies: Sequence[Path],
    documents: Sequence[Document],
    iterations: int,
    engine: Engine = "rego",
) -> Latency | None:
    """gator's figures for so many reviews of each object, or None when it refuses the input."""
    with tempfile.TemporaryDirectory() as folder:
        objects = Path(folder) / "objects.yaml"
        objects.write_text("\n---\n".join([render_json(document.value) for document in documents]))
        command: list[str | Path] = [program, "bench", "--engine", engine, "-o", "json"]
        command += ["-n", str(iterations), "--warmup", "1" if iterations == 1 else "10"]
        for path in (*policies, objects):
            command += ["-f", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        return None
    report = json.loads(done.stdout[done.stdout.index("[") :])[0]
    if report["objectCount"] != len(documents):
        return None
    latencies = report["latencies"]
    return Latency(_seconds(latencies["p50"]), _seconds(latencies["mean"]), report["violationCount"])


def _seconds(text: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ns|µs|ms|s)", text))
