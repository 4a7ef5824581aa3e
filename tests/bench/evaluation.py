"""From parsed object to Decision, against `gator bench --engine rego` on the same objects, as often."""

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts
from lockgate.gatekeeper.inventory import facts_of
from lockgate.gatekeeper.target import Cluster, review_document

from tests.bench.library import Sample, samples

ITERATIONS = 300
_UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds a review. Where some objects violate and others do not, the median lies between two heaps of times
    and is the noisier of the two figures."""

    median: float
    mean: float


@dataclass(frozen=True, slots=True)
class Row:
    """Our times and gator's; None where there is nothing to compare."""

    name: str
    objects: int
    ours: Latency
    gator: Latency | None

    def ratios(self) -> tuple[float, float] | None:
        """How many times faster ours is, by median and by mean."""
        if self.gator is None:
            return None
        return self.gator.median / self.ours.median, self.gator.mean / self.ours.mean


def ours(sample: Sample, documents: Sequence[Document], facts: Facts) -> Latency:
    """Over all reviews; review building and match included."""
    cluster, limits = Cluster(), Limits()
    times: list[float] = []
    for iteration in range(ITERATIONS + 10):
        for document in documents:
            before = time.perf_counter()
            evaluate(review_document(document, cluster), sample.policies, facts, now_ns=0, limits=limits)
            if iteration >= 10:
                times.append(time.perf_counter() - before)
    return Latency(median(times), mean(times))


def gator(program: Path, sample: Sample, documents: Sequence[Document]) -> Latency | None:
    """gator bench's figures, or None when it refuses the input."""
    with tempfile.TemporaryDirectory() as folder:
        objects = Path(folder) / "objects.yaml"
        objects.write_text("\n---\n".join(render_json(document.value) for document in documents))
        command: list[str | Path] = [
            program,
            "bench",
            "--engine",
            "rego",
            "-n",
            str(ITERATIONS),
            "--warmup",
            "10",
            "-o",
            "json",
        ]
        for path in (sample.template, sample.constraint, objects):
            command += ["-f", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        return None
    report = json.loads(done.stdout[done.stdout.index("[") :])[0]
    if report["objectCount"] != len(documents):
        return None
    return Latency(_seconds(report["latencies"]["p50"]), _seconds(report["latencies"]["mean"]))


def _seconds(text: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ns|µs|ms|s)", text))


def measure(library: Path, program: Path) -> dict[str, list[Row]]:
    """Rows for matching and for other objects."""
    rows: dict[str, list[Row]] = {"matching": [], "not matching": []}
    for sample in samples(library):
        facts = facts_of([document.value for document in sample.objects])
        for which, documents in zip(rows, sample.divided(), strict=True):
            if documents:
                mine = ours(sample, documents, facts)
                rows[which].append(Row(sample.name, len(documents), mine, gator(program, sample, documents)))
    return rows
