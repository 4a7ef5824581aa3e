"""Which bodies an export has to have, as of one moment: those of its entries but for what its own entries erased.

An erasure destroys a body in the transaction of its entry, and the checkpoint that covers this entry comes a little
later. An export of the checkpoint before would lack the body, and the record of why.
"""

from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.erasures import Erasures
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.reader import TrailReader
from lockgate.audit.tiles import TILE_WIDTH


class UncoveredError(TrailError):
    """A body is gone, and the entry that records it is under no checkpoint yet."""


class ExpectedBodies:
    """Takes the entries of an export, then its bodies, each in order."""

    __slots__ = ("_erasures", "_expected")

    def __init__(self) -> None:
        # One byte an entry: 1 while its body is to come.
        self._expected = bytearray()
        self._erasures = Erasures()

    def take(self, index: int, entry: Entry) -> None:
        """The next entry."""
        self._expected.append(1 if entry.body_digest else 0)
        if entry.kind == "erasure":
            self._erasures.take(index, entry.value)

    def found(self, index: int) -> None:
        """The body of entry `index` is exported."""
        if index < len(self._expected):
            self._expected[index] = 0

    def check(self, reader: TrailReader) -> None:
        """After the last body. Raises UncoveredError, or VerificationError where no entry at all tells why one is gone."""
        missing = self._unexplained(reader)
        if not missing:
            return
        size = len(self._expected)
        for index, data in enumerate(reader.entries(size, reader.head().size), size):
            entry = parse_entry(data)
            if entry.kind == "erasure":
                self._erasures.take(index, entry.value)
        if left := self._unexplained(reader):
            raise VerificationError(
                "it is not there, and no entry records its erasure: nothing is exported",
                where=f"body {left[0]}",
                hint="run `lockgate audit verify`",
            )
        raise UncoveredError(
            f"the body of entry {missing[0]} was erased, and no checkpoint covers the entry that says so yet",
            hint="export again in a minute; whoever appends next signs a checkpoint",
        )

    def _unexplained(self, reader: TrailReader) -> list[int]:
        """Entries whose body did not come and whose erasure nothing that was taken records."""
        expected, left = self._expected, list[int]()
        place = expected.find(1)
        while place >= 0:
            start = place - place % TILE_WIDTH
            stop = min(start + TILE_WIDTH, len(expected))
            for index, data in enumerate(reader.entries(start, stop), start):
                if not expected[index]:
                    continue
                if self._erasures.explain(index, [link.name for link in parse_entry(data).links]):
                    expected[index] = 0
                else:
                    left.append(index)
            place = expected.find(1, stop)
        return left
