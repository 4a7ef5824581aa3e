"""What the API asks of a trail: an engine as of its latest checkpoint, bodies, tiles, and entries that say who looked."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from lockgate.audit.query.engine import Engine
from lockgate.audit.query.parameters import Names
from lockgate.audit.tiles import Tile


class Looking(Protocol):
    """Opens bodies (an Opener), and remembers which."""

    def __call__(self, index: int, raw: bytes) -> Mapping[str, Any] | None:
        """The body of an entry, None where it was erased."""
        ...

    @property
    def opened(self) -> tuple[int, ...]:
        """Entries whose bodies were opened."""
        ...


class Backend(Protocol):
    """A trail, for reading; the one thing that it writes is who looked. Safe to be asked by several threads."""

    @property
    def names(self) -> Names:
        """How names are found in entries."""
        ...

    def engine(self, asker: str) -> Engine:
        """The engine as of the latest checkpoint, with cursors that are good for this asker."""
        ...

    def looking(self) -> Looking:
        """What opens bodies."""
        ...

    def record(
        self, action: Literal["reveal", "export"], entries: int, actor: str, question: Mapping[str, Any]
    ) -> None:
        """Has the log keep that somebody looked, or took something away. Raises TrailError; nothing may be shown then."""
        ...

    def checkpoint(self) -> bytes | None:
        """The latest checkpoint, a note with its cosignatures."""
        ...

    def tile(self, tile: Tile) -> bytes:
        """A tile of hashes, or a bundle of entries. Raises TrailError where there is none."""
        ...
