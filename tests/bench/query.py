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

from lockgate.audit.pages.routes import PAGES as PAGES_AT
from lockgate.audit.pages.routes import Request, respond
from lockgate.audit.pages.site import Site
from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.answers.catalogue import QUESTIONS, answer
from lockgate.audit.query.engine import Asking, Engine
from lockgate.audit.query.question import Question
from lockgate.audit.query.render import render_json_lines, row_value
from lockgate.audit.store.tallies import DayTallies

from tests.audit.query.asked import engine_of
from tests.audit.query.year import DAY_MS, DAYS, FIRST_MS, Opening, Year
from tests.audit.trails import Trail

ENTRIES: Final = int(os.environ.get("LOCKGATE_BENCH_ENTRIES", "1000000"))
PAGES: Final = 200
RUNS: Final = 3
PAGE_MS: Final = 20.0
VIEWS: Final = 20
EXPORTED: Final = 10_000
# What the first page may have, in bytes.
FIRST_PAGE: Final = 200 * 1024
PAGES_SHOWN: Final = (*PAGES_AT, *[f"/questions/{number}" for number in QUESTIONS], "/entries/1000")
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


def _print_pages(trail: Trail, engine: Engine) -> None:
    site = Site(engine, engine.now_ms, None, DayTallies(trail.store))
    print(f"\npages as HTML, {VIEWS} times each: the first, p95 of the others; of the processor; KiB")
    for path in PAGES_SHOWN:
        asked = Request(path, {"name": "fraud"} if path == "/model" else {})
        found: list[tuple[float, float]] = []
        size = 0
        for _ in range(VIEWS):
            start, begun = time.perf_counter(), time.process_time()
            shown = respond(site, asked)
            found.append(((time.perf_counter() - start) * 1000, (time.process_time() - begun) * 1000))
            assert shown.status == 200
            size = len(shown.body)
        assert path != "/" or size <= FIRST_PAGE
        (first, begun), *others = found
        told = [first, _p95([wall for wall, _ in others]), begun, _p95([used for _, used in others])]
        print(f"{path:40} {' '.join([f'{one:8.1f}' for one in told])}  {size // 1024:6}")


def _print_export(engine: Engine) -> None:
    """As the API exports: read once to count, and once to write."""

    def export() -> None:
        for write in (False, True):
            how, count = Asking(limit=1_000), 0
            while count < EXPORTED:
                page = engine.ask(Question(kinds=("decision",)), how)
                if write:
                    render_json_lines([row_value(engine, row) for row in page.rows])
                count += len(page.rows)
                how = replace(how, cursor=page.cursor)

    print(f"\n{f'{EXPORTED:,} decisions exported as lines (may be 5,000)':54} {_best([export] * RUNS)}")


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
        months = Given(since_ms=FIRST_MS + 333 * DAY_MS)
        whole = Given()
        for name, number, when, opener in (
            ("A6 of the year", "a6", whole, None),
            ("A7 of the year, bodies sealed", "a7", whole, None),
            ("A7 of the last month within 24 hours, bodies opened", "a7", months, Opening(trail)),
        ):
            print(f"{name:54} {_ms(partial(answer, number, engine, when, opener))}")
        _print_pages(trail, engine)
        _print_export(engine)
        print()
        for number in QUESTIONS:
            more = replace(given, entry=5) if number == "a12" else Given(since_ms=since, until_ms=until)
            print(f"{number:54} {_ms(partial(answer, number, engine, more, None))}")
        trail.store.close()
