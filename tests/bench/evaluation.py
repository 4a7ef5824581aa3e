"""From parsed object to Decision, against `gator bench --engine rego` on the same objects, as often.

No two reviews are of one object: see `variants`. gator is given the same variants; where the policy reads the
inventory, which gator makes of all objects that it is given, it gets the originals, as often.
"""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, mean, median

from lockgate.engine.documents.document import Document
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import PolicySet
from lockgate.gatekeeper.target import review_document

from tests.bench.gator import Latency, bench
from tests.bench.library import CLUSTER, LIMITS, Sample, inventory_of, load, samples
from tests.bench.variants import Edits, find_edits, vary

ROUNDS = 300
WARM_UP = 10
# Of so many passes, ours and gator's in turn, the quietest counts for either.
PASSES = 3


@dataclass(frozen=True, slots=True)
class Row:
    """Our times and gator's; None where gator refuses the input. edits: places in which variants differ, a mean.

    ours: with code of the constraints' own, as they have it after a thousand evaluations; shared: before that.
    """

    name: str
    objects: int
    edits: float
    ours: Latency
    shared: Latency
    gator: Latency | None

    def ratios(self) -> tuple[float, float] | None:
        """How many times faster ours is, by median and by mean."""
        if self.gator is None:
            return None
        return self.gator.median / self.ours.median, self.gator.mean / self.ours.mean


def rounds_of(
    documents: Sequence[Document], edits: Sequence[Edits], first: int, count: int
) -> list[list[Document]]:
    """The variants of so many rounds."""
    return [
        [vary(document, wanted, number) for document, wanted in zip(documents, edits, strict=True)]
        for number in range(first, first + count)
    ]


def ours(policies: PolicySet, rounds: Sequence[Sequence[Document]]) -> Latency:
    """Over all reviews, after the first rounds."""
    given = [(inventory_of(documents), documents) for documents in rounds]
    times: list[float] = []
    violations: list[int] = []
    clock = time.perf_counter
    # The objects of all rounds would not be alive at once; the collector need not look at them.
    gc.collect()
    gc.freeze()
    for facts, documents in given:
        for document in documents:
            before = clock()
            decision = evaluate(review_document(document, CLUSTER), policies, facts, now_ns=0, limits=LIMITS)
            times.append(clock() - before)
            # gator counts a policy that fails as a violation.
            violations.append(len(decision.violations) + len(decision.failures))
    gc.unfreeze()
    counted = slice(WARM_UP * len(rounds[0]), None)
    times = times[counted]
    return Latency(median(times), mean(times), sum(violations[counted]))


def quietest(latencies: Sequence[Latency]) -> Latency:
    """The lowest figures of several passes."""
    return Latency(
        min([one.median for one in latencies]),
        min([one.mean for one in latencies]),
        latencies[0].violations,
    )


def compare(
    name: str,
    policies: Sequence[Path],
    documents: Sequence[Document],
    edits: Sequence[Edits],
    *,
    rounds: int,
    same_objects: bool,
    program: Path,
) -> Row:
    """One row; `same_objects` gives gator the variants, else the originals. What they find must agree."""
    mine: list[Latency] = []
    shared: list[Latency] = []
    theirs: list[Latency] = []
    for turn in range(PASSES):
        # Variants of their own in each pass, and policies that have seen none.
        made = rounds_of(documents, edits, turn * (rounds + WARM_UP), rounds + WARM_UP)
        mine.append(ours(load(policies, "own"), made))
        shared.append(ours(load(policies, "shared"), made))
        if same_objects:
            found = bench(program, policies, [one for group in made[WARM_UP:] for one in group], 1)
        else:
            found = bench(program, policies, documents, rounds)
        if found is not None:
            theirs.append(found)
            if found.violations != mine[-1].violations:
                raise SystemExit(
                    f"{name}: {mine[-1].violations} violations, and gator has {found.violations}"
                )
    count = mean([len(wanted) for wanted in edits])
    gator = quietest(theirs) if theirs else None
    return Row(name, len(documents), count, quietest(mine), quietest(shared), gator)


def template_row(sample: Sample, documents: Sequence[Document], program: Path) -> Row:
    """The row of a template for some of its objects."""
    return compare(
        sample.name,
        [sample.template, sample.constraint],
        documents,
        find_edits(documents, sample.judge),
        rounds=ROUNDS,
        same_objects=not sample.reads_inventory,
        program=program,
    )


def measure(library: Path, program: Path) -> dict[str, list[Row]]:
    """Rows for the objects that the constraints match and for others."""
    rows: dict[str, list[Row]] = {"matching": [], "not matching": []}
    for sample in samples(library):
        for which, wanted in (("matching", True), ("not matching", False)):
            documents = [document for document in sample.objects if sample.matches(document) is wanted]
            if documents:
                rows[which].append(template_row(sample, documents, program))
    return rows


def print_rows(rows: Sequence[Row]) -> None:
    """A table with a line a row, and the geometric mean and the lowest of the ratios."""
    print(f"{'':48}{'median':^35}{'mean':^35}")
    head = f"{'shared':>9}{'own code':>9}{'gator':>9}{'ratio':>8}"
    print(f"{'template':34}{'objects':>8}{'edits':>6}{head}{head}")
    found: list[tuple[float, float]] = []
    for row in rows:
        ratios = row.ratios()
        figures = ""
        for number, name in enumerate(("median", "mean")):
            figures += f"{getattr(row.shared, name) * 1e6:>9.1f}{getattr(row.ours, name) * 1e6:>9.1f}"
            if ratios is None:
                figures += f"{'-':>9}{'-':>8}"
            else:
                figures += f"{getattr(row.gator, name) * 1e6:>9.1f}{ratios[number]:>8.1f}"
        print(f"{row.name:34}{row.objects:>8}{row.edits:>6.1f}{figures}")
        found += [] if ratios is None else [ratios]
    for number, name in enumerate(("median", "mean")):
        of_name = [ratios[number] for ratios in found]
        before = [
            getattr(row.gator, name) / getattr(row.shared, name) for row in rows if row.gator is not None
        ]
        if of_name:
            print(
                f"by {name}: lowest ratio {min(of_name):.1f}, middle {median(of_name):.1f}, "
                f"geometric mean {geometric_mean(of_name):.1f}; with shared code lowest {min(before):.1f}, "
                f"geometric mean {geometric_mean(before):.1f}"
            )
    print()


def print_section(library: Path, program: Path) -> None:
    """Every template by itself."""
    for which, rows in measure(library, program).items():
        print(f"From parsed object to Decision, {which} objects, µs a review over {ROUNDS} rounds")
        print_rows(rows)
