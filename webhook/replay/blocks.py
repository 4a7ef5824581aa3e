"""Entries, a bundle at a time, each proven to be the log's as of a checkpoint; and the Decisions among them, opened."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, Literal, final

from lockgate.audit.errors import VerificationError
from lockgate.audit.merkle import inclusion_proof, leaf_hash, verify_inclusion
from lockgate.audit.reader import StoredBody, TrailReader
from lockgate.audit.tiles import TILE_WIDTH, Tile, TileHashes
from lockgate.engine.errors import InputError
from lockgate.engine.record import record
from lockgate.webhook.replay.logged import LoggedDecision, is_decision, parse_logged
from lockgate.webhook.replay.recorded import Recorded, UnkeptError, parse_recorded
from lockgate.webhook.replay.window import Window

# Why a Decision is not replayed.
Absent = Literal["erased", "left out", "not kept", "unreadable"]
# Opens the body of an entry. Raises VerificationError.
Open = Callable[[LoggedDecision, StoredBody], bytes]

_MOST_TILES: Final = 64


@record
class Covered:
    """The log as of a checkpoint: its size, and root (32 bytes)."""

    size: int
    root: bytes

    @property
    def blocks(self) -> int:
        """How many bundles of entries there are."""
        return -(-self.size // TILE_WIDTH)


@final
class Blocks:
    """Reads a log by bundles. stream: of the namespace that is asked for, where its name in the log is known."""

    def __init__(
        self, reader: TrailReader, covered: Covered, window: Window, open_body: Open, stream: str = ""
    ) -> None:
        self._reader: Final = reader
        self._covered: Final = covered
        self._window: Final = window
        self._open: Final = open_body
        self._stream: Final = stream
        self._tile: Final = lru_cache(maxsize=_MOST_TILES)(reader.tile)

    def decisions(self, block: int) -> Iterator[Recorded | Absent]:
        """The Decisions of a bundle, in order. Raises VerificationError where it is not the log's, or a body is another."""
        wanted = [one for one in self._logged(block) if self._is_wanted(one)]
        if not wanted:
            return
        first = block * TILE_WIDTH
        bodies = {one.index: one for one in self._reader.bodies(first, first + TILE_WIDTH)}
        for one in wanted:
            body = bodies.get(one.index)
            if body is None:
                yield "left out"
            elif body.sealed is None or body.wrapped_key is None:
                yield "erased"
            else:
                found = self._recorded(one, body)
                if not isinstance(found, Recorded) or self._is_in(found):
                    yield found

    def _logged(self, block: int) -> Iterator[LoggedDecision]:
        """The entries of kind `decision` of a bundle, once all of it is proven."""
        size, root = self._covered.size, self._covered.root
        first = block * TILE_WIDTH
        width = min(TILE_WIDTH, size - first)
        entries = list(self._reader.entries(first, first + width))
        if len(entries) != width:
            raise VerificationError("an entry is missing", where=f"entries {first} to {first + width - 1}")
        hashes = list(map(leaf_hash, entries))

        def tile(wanted: Tile) -> bytes:
            return b"".join(hashes) if wanted.level == 0 and wanted.index == block else self._tile(wanted)

        # The path of one is made of the hashes of all the others.
        path = inclusion_proof(first, size, TileHashes(size, tile))
        try:
            verify_inclusion(hashes[0], first, size, path, root)
        except VerificationError:
            raise VerificationError(
                "an entry is not the one that was signed",
                where=f"entries {first} to {first + width - 1}",
                hint="`lockgate audit verify` tells which, and what else was changed",
            ) from None
        for index, entry in enumerate(entries, first):
            if is_decision(entry):
                yield parse_logged(index, entry)

    def _is_wanted(self, one: LoggedDecision) -> bool:
        if self._stream and self._stream not in one.streams:
            return False
        return self._window.has(one.time_ms, one.outcome)

    def _is_in(self, found: Recorded) -> bool:
        return not self._window.namespace or found.namespace == self._window.namespace

    def _recorded(self, one: LoggedDecision, body: StoredBody) -> Recorded | Absent:
        opened = self._open(one, body)
        try:
            return parse_recorded(one.index, one.time_ms, one.operation, opened)
        except UnkeptError:
            return "not kept"
        except InputError:
            return "unreadable"
