"""A trail behind the auditor's API: its engine, made anew for each checkpoint, and the entries that say who looked."""

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, final

from lockgate.audit.query.cursor import Cursors
from lockgate.audit.query.engine import Engine, Trusted
from lockgate.audit.query.parameters import Names
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.searching import Search
from lockgate.audit.tiles import Tile
from lockgate.webhook.appending import append_one
from lockgate.webhook.auditing import Opening, names_of
from lockgate.webhook.trail import Trail
from lockgate.webhook.trail_reading import Reading

# Anchors and witnesses are asked anew after so long, also where no checkpoint came.
_STANDS_MS: Final = 60_000


@final
class TrailBackend:
    """A Backend over a trail's home. clock: Unix milliseconds."""

    def __init__(self, reading: Reading, trail: Trail, clock: Callable[[], int] = system_clock) -> None:
        self._reading: Final = reading
        self._trail: Final = trail
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._writing: Final = threading.Lock()
        self._kept: tuple[bytes, int, Engine] | None = None
        has_key = trail.master_key_file().is_file()
        self._key: Final = trail.master_key().cursor_key if has_key else secrets.token_bytes(32)
        self.names: Final[Names] = names_of(trail)

    def engine(self, asker: str) -> Engine:
        """The engine as of the latest checkpoint. Raises TrailError."""
        now_ms = self._clock()
        cursors = Cursors(self._key, self._trail.origin, asker)
        with self._lock:
            note = self._trail.store.checkpoint() or b""
            kept = self._kept
            if kept is None or kept[0] != note or now_ms > kept[1] + _STANDS_MS:
                trusted: Trusted = "outside" if self._reading.from_outside else "itself"
                store = self._trail.store
                made = Engine(store, Search(store), self._reading.standing(), cursors, now_ms, trusted)
                kept = self._kept = (note, now_ms, made)
            return kept[2].for_asker(cursors, now_ms)

    def looking(self) -> Opening:
        """What opens bodies."""
        return Opening(self._trail)

    def record(
        self, action: Literal["reveal", "export"], entries: int, actor: str, question: Mapping[str, Any]
    ) -> None:
        """Has the log keep it. Raises TrailError, such as where another process has the log for itself."""
        draft = self._trail.recorder().access(action, entries, actor, {**question})
        with self._writing:
            try:
                append_one(self._trail, draft)
            finally:
                # Others append to this log too.
                self._trail.store.free_writer_lock()

    def checkpoint(self) -> bytes | None:
        """The latest checkpoint."""
        return self._trail.store.checkpoint()

    def tile(self, tile: Tile) -> bytes:
        """A tile."""
        return self._trail.store.tile(tile)
