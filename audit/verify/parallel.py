"""Scanning a log in ranges: in this process, or in several that each open the log for themselves."""

import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager
from typing import Final

from lockgate.audit.reader import TrailIndex, TrailReader
from lockgate.audit.verify.scan import IrregularError, Range, scan_range
from lockgate.audit.verify.verify import Scan
from lockgate.audit.verify.walk import OpenKey

# Entries of a range: some tenths of a second's work, and a few megabytes of what comes back.
RANGE: Final = 16_384
# Ranges that a process may be ahead of the merge: what was scanned and not yet merged is kept in memory.
AHEAD: Final = 4
# A log of fewer entries is scanned sooner than another process has started.
SMALL: Final = 40_000

# Opens the log in another process, with its index tables and what opens bodies, where these are to be looked at; a
# module's function with its arguments, so that it can be sent there.
Opened = tuple[TrailReader, TrailIndex | None, OpenKey | None]
Open = Callable[[], AbstractContextManager[Opened]]

_opened: Opened | None = None


def _ranges(size: int) -> Iterator[tuple[int, int]]:
    """One by one: the size is what a head or a checkpoint says, and nobody has signed it yet."""
    return ((start, min(start + RANGE, size)) for start in range(0, size, RANGE))


def scan_here(reader: TrailReader, index: TrailIndex | None, open_key: OpenKey | None = None) -> Scan:
    """Scans with a reader of this process."""

    def scan(size: int, wanted: frozenset[int]) -> Iterator[Range]:
        for start, stop in _ranges(size):
            yield scan_range(reader, index, start, stop, wanted, open_key)

    return scan


def _start(opening: Open) -> None:
    global _opened
    _opened = opening().__enter__()


def _work(start: int, stop: int, wanted: frozenset[int]) -> Range:
    assert _opened is not None
    reader, index, open_key = _opened
    return scan_range(reader, index, start, stop, wanted, open_key)


def scan_in_processes(opening: Open, processes: int) -> Scan:
    """Scans in so many processes."""

    def scan(size: int, wanted: frozenset[int]) -> Iterator[Range]:
        # Forking is quicker, and safe only while there is no other thread that could hold a lock.
        method = "fork" if threading.active_count() == 1 else "spawn"
        with ProcessPoolExecutor(
            processes, multiprocessing.get_context(method), initializer=_start, initargs=(opening,)
        ) as pool:
            waiting: deque[Future[Range]] = deque()
            try:
                for start, stop in _ranges(size):
                    inside = frozenset([one for one in wanted if start < one <= stop])
                    waiting.append(pool.submit(_work, start, stop, inside))
                    if len(waiting) > AHEAD * processes:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            except BrokenExecutor:
                raise IrregularError from None
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    return scan
