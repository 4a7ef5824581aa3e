"""Follows a log as it grows: each anchor has a thread that sends it the newest checkpoint, and stores what it signs.

The appender only hands a checkpoint over; it never waits for an anchor. Checkpoints that a newer one overtakes are not
sent. An anchor that does not answer is asked again, ever more rarely; one that has seen another history than ours ends
the appending, through `on_behind`.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Final

from lockgate.audit.anchors.anchor import Anchor, AnchoredLog
from lockgate.audit.anchors.cosignature_store import CosignatureStore, keep_cosignatures
from lockgate.audit.anchors.synchronise import Anchored, BehindAnchorError, synchronise
from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.note import VerifierKey, parse_note
from lockgate.audit.reader import Head
from lockgate.audit.tiles import Tile
from lockgate.engine.errors import LockgateError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an anchor is asked, in seconds: at most every `interval_s`; again after `refresh_s` though nothing was
    appended, so that its latest word is recent; after a failure in `retry_s`, doubled up to `longest_retry_s`."""

    interval_s: float = 10.0
    refresh_s: float = 3600.0
    retry_s: float = 1.0
    longest_retry_s: float = 300.0


@dataclass(frozen=True, slots=True)
class AnchorStatus:
    """How far an anchor is behind the log. `held_size` is None until it has answered; `lag_s` is since when it has
    not had the newest checkpoint; `trouble` says why, and is empty when all is well."""

    name: str
    administrator: str
    held_size: int | None
    newest_size: int
    lag_s: float
    trouble: str
    is_behind: bool

    @property
    def lag(self) -> int:
        """Entries that the anchor has not seen."""
        return max(0, self.newest_size - (self.held_size or 0))


class _Newest:
    """The log with the newest checkpoint that was handed over, or stored by another replica if that is larger.

    What is handed over is not stored yet.
    """

    def __init__(self, log: AnchoredLog, handed: Callable[[], tuple[int, bytes] | None]) -> None:
        self._log = log
        self._handed = handed

    @property
    def origin(self) -> str:
        return self._log.origin

    def head(self) -> Head:
        return self._log.head()

    def tile(self, tile: Tile) -> bytes:
        return self._log.tile(tile)

    def checkpoint(self) -> bytes | None:
        stored, handed = self._log.checkpoint(), self._handed()
        if handed is None or (stored is not None and _size(stored) > handed[0]):
            return stored
        return handed[1]


def _size(note: bytes) -> int:
    return parse_checkpoint(parse_note(note).text).size


class AnchorFollower:
    """One anchor's thread."""

    def __init__(
        self,
        anchor: Anchor,
        log: AnchoredLog,
        keys: Sequence[VerifierKey],
        store: CosignatureStore,
        on_behind: Callable[[BehindAnchorError], None],
        pace: Pace,
        confirmed: Anchored | None,
    ) -> None:
        self._anchor = anchor
        self._log = _Newest(log, self._handed)
        self._keys = tuple(keys)
        self._store = store
        self._on_behind = on_behind
        self._pace = pace
        self._changed = Condition()
        self._newest: tuple[int, bytes] | None = None
        self._held: int | None = None
        self._since = time.monotonic()
        self._due = 0.0
        self._failures = 0
        self._trouble = ""
        self._is_behind = False
        self._is_closing = False
        self._has_tried_last = False
        if confirmed is not None:
            self._held = confirmed.checkpoint.size
            self._newest = (self._held, confirmed.note)
            self._due = self._since + pace.interval_s
        self._thread = Thread(target=self._run, name=f"anchor {anchor.name}", daemon=True)
        self._thread.start()

    def offer(self, size: int, note: bytes) -> None:
        """Hands over a checkpoint; returns at once. An older one than the newest is ignored."""
        with self._changed:
            if self._newest is None or size > self._newest[0]:
                if self._is_even():
                    self._since = time.monotonic()
                self._newest = (size, note)
                self._changed.notify()

    def status(self) -> AnchorStatus:
        """How far the anchor is."""
        with self._changed:
            newest = self._newest[0] if self._newest else 0
            lag_s = 0.0 if self._is_even() else time.monotonic() - self._since
            return AnchorStatus(
                self._anchor.name,
                self._anchor.administrator,
                self._held,
                newest,
                lag_s,
                self._trouble,
                self._is_behind,
            )

    def finish(self) -> None:
        """Tells the thread to send what is newest once more, without waiting for its turn, and to end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread to end; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _is_even(self) -> bool:
        return self._newest is None or (self._held is not None and self._held >= self._newest[0])

    def _handed(self) -> tuple[int, bytes] | None:
        with self._changed:
            return self._newest

    def _run(self) -> None:
        while self._is_time():
            try:
                self._tell(synchronise(self._log, self._anchor, self._keys, self._held))
            except BehindAnchorError as error:
                _log.error("%s", error)
                with self._changed:
                    self._trouble, self._is_behind = str(error), True
                self._on_behind(error)
                return
            except Exception as error:  # noqa: BLE001 - the next try may go well; until then the status says why not
                self._fail(error)
            else:
                self._succeed()

    def _is_time(self) -> bool:
        """Waits until the anchor is to be asked; False when the thread is to end."""
        with self._changed:
            while True:
                if self._is_closing:
                    # Once more, if there is anything that the anchor lacks; and once only.
                    if self._is_even() or self._has_tried_last:
                        return False
                    self._has_tried_last = True
                    return True
                wait: float | None = None
                if self._newest is not None:
                    wait = self._due - time.monotonic()
                    if self._is_even() and not self._failures:
                        wait += self._pace.refresh_s - self._pace.interval_s
                    if wait <= 0:
                        return True
                self._changed.wait(wait)

    def _tell(self, anchored: Anchored) -> None:
        with self._changed:
            self._held = anchored.checkpoint.size
        keep_cosignatures(self._store, anchored, time.time_ns() // 1_000_000)

    def _succeed(self) -> None:
        with self._changed:
            if self._trouble:
                _log.info("anchor %s answers again", self._anchor.name)
            self._trouble = ""
            self._failures = 0
            self._since = time.monotonic()
            self._due = self._since + self._pace.interval_s

    def _fail(self, error: Exception) -> None:
        reason = str(error) if isinstance(error, LockgateError) else f"{type(error).__name__}: {error}"
        with self._changed:
            if reason != self._trouble:
                _log.warning("anchor %s: %s", self._anchor.name, reason)
            self._trouble = reason
            wait = min(self._pace.longest_retry_s, self._pace.retry_s * 2 ** min(self._failures, 20))
            self._failures += 1
            # So that the replicas of a log do not all come back at once.
            self._due = time.monotonic() + wait * random.uniform(0.75, 1.25)  # noqa: S311


class Follower:
    """All anchors of a log. `on_checkpoint` is the appender's hook."""

    def __init__(
        self,
        anchors: Sequence[Anchor],
        log: AnchoredLog,
        keys: Sequence[VerifierKey],
        store: CosignatureStore,
        on_behind: Callable[[BehindAnchorError], None],
        pace: Pace | None = None,
        confirmed: Mapping[str, Anchored] | None = None,
    ) -> None:
        """`on_behind` is called, in an anchor's thread, when the log is behind an anchor or contradicts it; `confirmed`
        is what anchors (by name) are known to hold."""
        known = confirmed or {}
        chosen = pace or Pace()
        self._followers: Final = tuple(
            [
                AnchorFollower(anchor, log, keys, store, on_behind, chosen, known.get(anchor.name))
                for anchor in anchors
            ]
        )

    def on_checkpoint(self, size: int, note: bytes) -> None:
        """Hands a signed checkpoint to every anchor's thread; returns at once."""
        for one in self._followers:
            one.offer(size, note)

    def statuses(self) -> tuple[AnchorStatus, ...]:
        """How far each anchor is."""
        return tuple([one.status() for one in self._followers])

    def close(self, timeout_s: float = 15.0) -> tuple[AnchorStatus, ...]:
        """Sends the newest checkpoint to anchors that lack it, once each, and ends; how far each then is."""
        for one in self._followers:
            one.finish()
        end = time.monotonic() + timeout_s
        for one in self._followers:
            one.join(max(0.0, end - time.monotonic()))
        return self.statuses()
