"""The quotas' ledger: a reservation with full durability, beside the least that the database takes to commit a row.

In one run: reservations one after the other, under two keys, with 5,000 objects in the ledger. Times by the wall; beside them
the processor time of this process, which a loaded machine does not change.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lockgate.engine.database.connections import write_transaction
from lockgate.engine.quota.outcome import Refused, Reserved
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.engine.quota.store.schema import open_ledger
from sqlalchemy import Engine, text

from tests.bench.trail import folder
from tests.e2e.postgres import running_postgres
from tests.engine.quota.ledgers import CLUSTER, START, asked, listing, seen, updated

LIVE = 5_000
COUNT = 500
LIMIT = 10**6
# The bar, in milliseconds.
BAR = 5.0


@contextmanager
def filled(url: str) -> Iterator[Ledger]:
    """A ledger of many live objects."""
    ledger = Ledger(open_ledger(url), CLUSTER)
    ledger.rebuild([listing(10**6, *[seen(f"live-{number}", 1, 5) for number in range(LIVE)])], START)
    yield ledger
    ledger.engine.dispose()


def _timed(what: str, count: int, call: Callable[[int], None]) -> None:
    times: list[float] = []
    for number in range(20):
        call(-1 - number)
    processor = time.process_time()
    for number in range(count):
        started = time.perf_counter()
        call(number)
        times.append(1000 * (time.perf_counter() - started))
    used = 1000 * (time.process_time() - processor) / count
    p99 = sorted(times)[int(0.99 * count)]
    print(
        f"| {what} | {statistics.median(times):.2f} · {p99:.2f} · {max(times):.2f} ms | {used:.2f} ms |",
        flush=True,
    )


def _floor(engine: Engine) -> None:
    """One row, moved and committed: what the disk and the driver take."""
    with write_transaction(engine) as connection:
        connection.execute(text("UPDATE quota_ledger SET rebuilt_ns = rebuilt_ns + 1"))


def measure(name: str, ledger: Ledger) -> None:
    """The rows of one database."""

    def reserve(number: int) -> None:
        assert isinstance(
            ledger.reserve(asked(f"n{number}", 1, hard=LIMIT, requester=f"r{number}"), START), Reserved
        )

    def refuse(number: int) -> None:
        assert isinstance(ledger.reserve(asked(f"x{number}", 1, hard=1), START), Refused)

    def grow(number: int) -> None:
        one = updated(f"live-{number % LIVE}", 2, 5, f"u{number}", requester=f"r{number}", limits=())
        assert isinstance(ledger.reserve(one, START), Reserved)

    def confirm(number: int) -> None:
        ledger.confirm([seen(f"n{number}", 1, 10 + number % COUNT)], START)

    def keep(number: int) -> None:
        assert isinstance(ledger.reserve(updated(f"live-{number % LIVE}", 1, 5, "k"), START), Reserved)

    _timed(f"{name}: one row, committed", COUNT, lambda _number: _floor(ledger.engine))
    _timed(f"{name}: a reservation", COUNT, reserve)
    _timed(f"{name}: a reservation of an update's delta", COUNT, grow)
    _timed(f"{name}: a refusal", COUNT, refuse)
    _timed(f"{name}: an update that asks for no more", COUNT, keep)
    _timed(f"{name}: a sight of one object", COUNT, confirm)
    started, processor = time.perf_counter(), time.process_time()
    ledger.rebuild([listing(10**6, *[seen(f"live-{number}", 1, 6) for number in range(LIVE)])], START)
    print(
        f"| {name}: a rebuild from {LIVE:,} objects | {time.perf_counter() - started:.1f} s "
        f"| {time.process_time() - processor:.1f} s |",
        flush=True,
    )


def print_section() -> None:
    """The table."""
    print(
        f"## The quotas' ledger (the bar: half of the reservations within {BAR:.0f} ms)\n\n"
        "| what | p50 · p99 · max | processor time |\n|---|---|---|"
    )
    with folder() as place, filled(f"sqlite:///{Path(place) / 'ledger.db'}") as ledger:
        measure("SQLite", ledger)
    with running_postgres(Path.cwd().parent) as server, filled(server.url) as ledger:
        measure("PostgreSQL", ledger)
    print()
