"""An anchor without a key: a place outside of the database that keeps the log's own signed note, and never goes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from lockgate.audit.checkpoint import SignedCheckpoint, open_checkpoint
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.note import Signature, VerifierKey
from lockgate.audit.witness.errors import UnreachableError
from lockgate.audit.witness.step import check_step

# A checkpoint with the cosignatures of many witnesses.
MAX_KEPT: Final = 64 * 1024
# Other replicas may be writing the same note; each of their writes makes us look again.
_MAX_TRIES: Final = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """What a place keeps: the note (None: nothing yet), and the place's own mark of this state of it."""

    note: bytes | None
    mark: str


class NoteMemory(Protocol):
    """A place that keeps one note and can replace it only if nobody else has meanwhile."""

    def load(self) -> Kept:
        """What is kept, at most MAX_KEPT bytes. Raises UnreachableError or RefusedError."""
        ...

    def replace(self, before: Kept, note: bytes) -> bool:
        """Keeps `note`, durably, in place of `before`; False when something else is there by now."""
        ...

    def close(self) -> None:
        """Closes the connection that it may have kept."""
        ...


class NoteAnchor:
    """Holds a place to the rule of a witness (`check_step`): forward, along a consistency proof, under the log's keys."""

    def __init__(
        self, name: str, administrator: str, origin: str, keys: Sequence[VerifierKey], memory: NoteMemory
    ) -> None:
        self.name: Final = name
        self.administrator: Final = administrator
        self._origin = origin
        self._keys = tuple(keys)
        self._memory = memory

    def last(self) -> bytes | None:
        """The note that is kept there. Raises VerificationError when it is none of this log's."""
        kept = self._memory.load()
        self._opened(kept)
        return kept.note

    def kept(self) -> bytes | None:
        """What is kept there, not looked at. Raises UnreachableError or RefusedError."""
        return self._memory.load().note

    def advance(self, old_size: int, proof: Sequence[bytes], note: bytes) -> tuple[Signature, ...]:
        """Keeps `note`, if it continues what is there; there are no cosignatures."""
        new = open_checkpoint(note, self._origin, self._keys).checkpoint
        for _ in range(_MAX_TRIES):
            kept = self._memory.load()
            held = self._opened(kept)
            check_step(held.checkpoint if held else None, old_size, proof, new)
            if held is not None and held.checkpoint == new:
                return ()
            if self._memory.replace(kept, note):
                return ()
        raise UnreachableError(f"{self.name}: others keep changing it")

    def close(self) -> None:
        """Closes the connection to the place, if there is one."""
        self._memory.close()

    def _opened(self, kept: Kept) -> SignedCheckpoint | None:
        if kept.note is None:
            return None
        try:
            return open_checkpoint(kept.note, self._origin, self._keys)
        except (FormatError, VerificationError) as error:
            raise VerificationError(
                f"what it keeps is no checkpoint of this log: {error.message}",
                where=f"anchor {self.name}",
                hint="find out who wrote to it; it is not used until it keeps a note of this log again",
            ) from None
