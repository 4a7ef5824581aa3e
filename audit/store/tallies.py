"""Counts of Decisions by day and outcome, from the index of records: looked at once, and then only what came since."""

from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Final

from lockgate.audit.store.columns import as_int, as_text
from lockgate.audit.store.reading import StoredLog
from lockgate.audit.store.tables import place_of
from sqlalchemy import text

_DAY_MS: Final = 86_400_000
_QUERY: Final = text(
    "SELECT time_ms / :day AS day, outcome, count(*) FROM record WHERE kind = 'decision' "
    "AND place >= :start AND place < :stop GROUP BY 1, 2"
)


class DayTallies:
    """Counts of one log."""

    __slots__ = ("_counts", "_first", "_lock", "_log", "_size")

    def __init__(self, log: StoredLog) -> None:
        self._log: Final = log
        self._first: Final = place_of(log.log, 0)
        self._lock: Final = Lock()
        self._counts: Counter[tuple[int, str]] = Counter()
        self._size = 0

    def by_day(self, size: int) -> Mapping[tuple[int, str], int]:
        """How many of the first `size` entries are Decisions of each outcome, by the day (since 1970) of the log's clock.

        Of a smaller size than before: what was counted before, since days that are over do not change.
        """
        with self._lock:
            if size > self._size:
                values = {"day": _DAY_MS, "start": self._first + self._size, "stop": self._first + size}
                with self._log.engine.connect() as connection:
                    for day, outcome, count in connection.execute(_QUERY, values):
                        self._counts[as_int(day), as_text(outcome)] += as_int(count)
                self._size = size
            return dict(self._counts)
