"""The port of an anchor: something outside of the database that remembers how far a log was, and never goes back."""

from collections.abc import Sequence
from typing import Protocol

from lockgate.audit.note import Signature
from lockgate.audit.reader import Head
from lockgate.audit.tiles import Tile


class Anchor(Protocol):
    """A witness, a ConfigMap, a file: it holds one checkpoint of the log, and steps only along a consistency proof."""

    @property
    def name(self) -> str:
        """How reports and errors name it."""
        ...

    @property
    def administrator(self) -> str:
        """Who runs it, as the configuration says."""
        ...

    def last(self) -> bytes | None:
        """The note that it holds, verified under the log's keys; None when it holds or shows none.

        Raises UnreachableError, RefusedError, or FormatError and VerificationError for a note that is not the log's.
        """
        ...

    def advance(self, old_size: int, proof: Sequence[bytes], note: bytes) -> tuple[Signature, ...]:
        """Makes it hold `note`, which continues the checkpoint of `old_size` (0: none) by the proof.

        Returns its cosignatures, verified (none for an anchor without a key). The sizes may be equal. Once this has
        returned, the anchor has the note durably. Raises StaleError with the size that it holds, ForkError when the
        trees are not one, UnreachableError or RefusedError.
        """
        ...

    def close(self) -> None:
        """Closes the connection that it may have kept."""
        ...


class AnchoredLog(Protocol):
    """What an anchor's keeper needs of a log; every TrailReader has it."""

    @property
    def origin(self) -> str:
        """The log's name."""
        ...

    def head(self) -> Head:
        """The size and root of what is committed."""
        ...

    def checkpoint(self) -> bytes | None:
        """The latest signed checkpoint, a note."""
        ...

    def tile(self, tile: Tile) -> bytes:
        """The hashes of a tile of any state of the log up to now."""
        ...
