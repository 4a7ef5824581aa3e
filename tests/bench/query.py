"""Questions to a trail of a million entries: `python -m tests.bench query`.

A year of promotions, exemptions, denials and break-glass with known answers, among so many decisions. Measured are pages by an index and
by a stream, behind a cursor, and A1 with its proof of completeness, from a log that is opened anew; the first answer is compared.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.answers.catalogue import QUESTIONS, answer
from lockgate.audit.query.engine import Asking, Engine
from lockgate.audit.query.question import Question

from tests.audit.query.asked import engine_of
from tests.audit.query.year import DAY_MS, DAYS, FIRST_MS, Year

ENTRIES: Final = int(os.environ.get("LOCKGATE_BENCH_ENTRIES", "1000000"))
PAGES: Final = 200
RUNS: Final = 3
PAGE_MS: Final = 20.0
A1_MS: Final = 500.0
Q3: Final = (FIRST_MS + 181 * DAY_MS, FIRST_MS + 273 * DAY_MS)

PAGED: Final = {
    "decisions, newest first": Question(kinds=("decision",)),
    "everything": Question(),
    "denials": Question(outcomes=("deny",)),
    "denials of a model in an environment": Question(model="fraud", environment="prod", outcomes=("deny",)),
    "a model in an environment": Question(model="fraud", environment="prod"),
    "a model": Question(model="churn"),
    "an environment": Question(environment="staging"),
    "promotions": Question(kinds=("promotion",)),
    "a policy": Question(policy="K8sRequired/labels"),
    "a month of decisions": Question(
        kinds=("decision",), since_ms=FIRST_MS + 90 * DAY_MS, until_ms=FIRST_MS + 120 * DAY_MS
    ),
}


def _took(do: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds, and those of the processor."""
    start, begun = time.perf_counter(), time.process_time()
    do()
    return (time.perf_counter() - start) * 1000, (time.process_time() - begun) * 1000


def _ms(do: Callable[[], object]) -> str:
    wall, used = _took(do)
    return f"{wall:8.1f} {used:8.1f}"


def _best(runs: Sequence[Callable[[], object]]) -> str:
    found = [_took(one) for one in runs]
    return f"{min([wall for wall, _ in found]):8.1f} {min([used for _, used in found]):8.1f}"


def _pages(engine: Engine, question: Question, limit: int) -> tuple[list[float], list[float]]:
    """How long each page takes, one after another, from the first; and how much of the processor, which others have no part in."""
    how = Asking(limit=limit)
    times: list[float] = []
    used: list[float] = []
    for _ in range(PAGES):
        start, begun = time.perf_counter(), time.process_time()
        page = engine.ask(question, how)
        times.append((time.perf_counter() - start) * 1000)
        used.append((time.process_time() - begun) * 1000)
        if not page.cursor:
            break
        how = replace(how, cursor=page.cursor)
    return times, used


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, int(len(times) * 0.95) - 1)]


def print_section() -> None:
    """The tables. Raises AssertionError where an answer is another one."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        year = Year(Path(folder), ENTRIES // DAYS)
        trail = year.build()
        size = trail.store.head().size
        print(
            f"A trail of {size:,} entries, made in {time.perf_counter() - start:.0f} s; milliseconds, and of the processor"
        )
        opened = _ms(lambda: engine_of(trail, now_ms=year.clock.now_ms).ends())
        engine = engine_of(trail, now_ms=year.clock.now_ms)
        engine.ends()
        print(f"{'opening it: its latest checkpoint, where streams end':54} {opened}")
        print(f"\na page of 50: p50, p95 (which may be {PAGE_MS}), the first; of the processor p50, p95")
        for name, question in PAGED.items():
            times, used = _pages(engine, question, 50)
            told = [statistics.median(times), _p95(times), times[0], statistics.median(used), _p95(used)]
            print(f"{name:40} {' '.join([f'{one:8.2f}' for one in told])}  {len(times)} pages")
        proven = _best([lambda: engine.ask(Question(), Asking(limit=50, proofs="each"))] * RUNS)
        print(f"{'a page of 50 with a proof each':54} {proven}")

        since, until = Q3
        given = Given(model="fraud", environment="prod", since_ms=since, until_ms=until)
        expected = [
            index
            for index, model, environment, at in year.known.promotions
            if (model, environment) == ("fraud", "prod") and since <= at < until
        ]

        def a1() -> None:
            found = answer("a1", engine_of(trail, now_ms=year.clock.now_ms), given, None)
            assert [line.entry for line in found.lines] == expected
            assert all(one.last == one.end for one in found.proven.complete)

        print(f"\n{'A1 with its proof (may be ' + str(A1_MS) + '), from opening':54} {_best([a1] * RUNS)}")
        fresh = [engine_of(trail, now_ms=year.clock.now_ms) for _ in range(RUNS)]
        for one in fresh:
            one.ends()
        opened = _best([partial(answer, "a1", one, given, None) for one in fresh])
        print(f"{'A1 with its proof, by a server that has it open':54} {opened}")
        again = _best([partial(answer, "a1", engine, given, None)] * RUNS)
        print(f"{'A1 with its proof, again':54} {again}")
        for number in QUESTIONS:
            more = replace(given, entry=5) if number == "a12" else Given(since_ms=since, until_ms=until)
            print(f"{number:54} {_ms(partial(answer, number, engine, more, None))}")
        trail.store.close()
