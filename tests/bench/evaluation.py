"""From parsed object to Decision, against `gator bench --engine rego` on the same objects, as often."""

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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
class Row:
    """The median time of a review in seconds: ours and gator's; None where there is nothing to compare."""

    name: str
    objects: int
    ours: float
    gator: float | None

    @property
    def ratio(self) -> float | None:
        """How many times faster ours is."""
        return None if self.gator is None else self.gator / self.ours


def ours(sample: Sample, documents: Sequence[Document], facts: Facts) -> float:
    """The median over all reviews, in seconds; review building and match included."""
    cluster, limits = Cluster(), Limits()
    times: list[float] = []
    for iteration in range(ITERATIONS + 10):
        for document in documents:
            before = time.perf_counter()
            evaluate(review_document(document, cluster), sample.policies, facts, now_ns=0, limits=limits)
            if iteration >= 10:
                times.append(time.perf_counter() - before)
    return median(times)


def gator(program: Path, sample: Sample, documents: Sequence[Document]) -> float | None:
    """gator bench's P50 in seconds, or None when it refuses the input."""
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
    return _seconds(report["latencies"]["p50"])


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
