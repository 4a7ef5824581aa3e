"""Templates with CEL, against `gator bench --engine cel` on the same objects, the Rego beside it, and cel-cpp.

cel-cpp is Google's, through its own Python package cel-expr-python, if that is installed: the template's expressions on
the same objects, without anything around them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, mean

from lockgate.engine.documents.document import Document
from lockgate.gatekeeper.cel_source import CelSource
from lockgate.gatekeeper.template import parse_template

from tests.bench.cel_peer import peer_time
from tests.bench.evaluation import PASSES, WARM_UP, ours, quietest, rounds_of
from tests.bench.gator import Latency, bench
from tests.bench.library import Sample, load, read, samples
from tests.bench.variants import find_edits

ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """Mean times of a review in seconds, with CEL and with the Rego beside it (None: there is none)."""

    name: str
    objects: int
    cel: Latency
    rego: Latency | None
    gator: Latency | None
    peer: float | None


def measure(library: Path, program: Path) -> list[Row]:
    """A row for each template that has CEL, for the objects that its constraint matches."""
    rows: list[Row] = []
    for sample in samples(library):
        template = parse_template(read(sample.template)[0])
        documents = [document for document in sample.objects if sample.matches(document)]
        if template.cel is not None and documents:
            rows.append(_row(sample, template.cel, documents, program))
    return rows


def _row(sample: Sample, source: CelSource, documents: Sequence[Document], program: Path) -> Row:
    paths = [sample.template, sample.constraint]
    edits = find_edits(documents, sample.judge)
    cel: list[Latency] = []
    rego: list[Latency] = []
    gator: list[Latency] = []
    peer: list[float] = []
    for turn in range(PASSES):
        made = rounds_of(documents, edits, turn * (ROUNDS + WARM_UP), ROUNDS + WARM_UP)
        cel.append(ours(load(paths, engine="default"), made))
        rego.append(ours(load(paths), made))
        found = bench(program, paths, [one for group in made[WARM_UP:] for one in group], 1, "cel")
        if found is not None:
            gator.append(found)
            if found.violations != cel[-1].violations:
                raise SystemExit(
                    f"{sample.name}: {cel[-1].violations} violations, and gator has {found.violations}"
                )
        constraint = read(sample.constraint)[0].value
        time = peer_time(source, constraint, [one.value for group in made[WARM_UP:] for one in group])
        if time is not None:
            peer.append(time)
    return Row(
        sample.name,
        len(documents),
        quietest(cel),
        quietest(rego),
        quietest(gator) if gator else None,
        min(peer) if peer else None,
    )


def _column(row: Row, ours_of: Callable[[Row], float], theirs: float | None) -> str:
    if theirs is None:
        return f"{'-':>10}{'-':>8}"
    return f"{theirs * 1e6:>10.1f}{theirs / ours_of(row):>8.1f}"


def print_section(library: Path, program: Path) -> None:
    """A line a template, and the geometric means."""
    rows = measure(library, program)
    print(f"Templates with CEL: from parsed object to Decision, µs a review (mean) over {ROUNDS} rounds")
    print(
        f"{'template':34}{'objects':>8}{'CEL':>9}{'Rego':>9}{'gator CEL':>10}{'ratio':>8}{'cel-cpp':>10}{'ratio':>8}"
    )
    for row in rows:
        line = f"{row.name:34}{row.objects:>8}{row.cel.mean * 1e6:>9.1f}"
        line += f"{'-':>9}" if row.rego is None else f"{row.rego.mean * 1e6:>9.1f}"
        line += _column(row, _cel_mean, None if row.gator is None else row.gator.mean)
        print(line + _column(row, _cel_mean, row.peer))
    ratios = [row.gator.mean / row.cel.mean for row in rows if row.gator is not None]
    others = [row.peer / row.cel.mean for row in rows if row.peer is not None]
    print(f"mean over templates: CEL {mean([row.cel.mean for row in rows]) * 1e6:.1f} µs")
    if ratios:
        print(f"gator: lowest ratio {min(ratios):.1f}, geometric mean {geometric_mean(ratios):.1f}")
    if others:
        print(f"cel-cpp: lowest ratio {min(others):.1f}, geometric mean {geometric_mean(others):.1f}")
    else:
        print("cel-cpp: cel-expr-python is not installed")
    print()


def _cel_mean(row: Row) -> float:
    return row.cel.mean
