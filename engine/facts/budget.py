"""How much work one artefact may cost. A bound that is reached is a finding, and the artefact is unreadable."""

from lockgate.engine.facts.errors import LimitError
from lockgate.engine.record import record

# What is inflated lies in a temporary file while it is walked, so this bounds the disk as well.
INFLATED_BYTES = 8 << 30
# Deflate reaches 1032:1 with zeros, and weights that are all zero are honest; bombs are many such members.
INFLATE_RATIO = 250
# A ratio says nothing of little data: below this much, only the sum of the bytes counts.
RATIO_FREE_BYTES = 64 << 20
# A vocabulary of a million words takes about four million opcodes; this is some minutes of work.
OPCODES = 50_000_000
# The largest checkpoints hold some thousands of storages.
MEMBERS = 100_000
# A NeMo file is a tar of a torch zip of a pickle: three.
DEPTH = 8
# For people to read, and for the document to stay small.
FINDINGS = 1_000
# Distinct names, templates, operators … of one artefact.
RECORDED = 20_000


@record
class ScanLimits:
    """The bounds, for tests and for callers that have less to spend."""

    inflated_bytes: int = INFLATED_BYTES
    inflate_ratio: int = INFLATE_RATIO
    opcodes: int = OPCODES
    members: int = MEMBERS
    depth: int = DEPTH
    findings: int = FINDINGS
    recorded: int = RECORDED


class Budget:
    """What is left of the bounds; one for all parts of a file."""

    def __init__(self, limits: ScanLimits | None = None) -> None:
        self.limits = limits or ScanLimits()
        self.inflated = 0
        self.opcodes_left = self.limits.opcodes
        self.members = 0

    def inflate(self, count: int) -> None:
        """Counts bytes that came out of a decompressor. Raises LimitError."""
        self.inflated += count
        if self.inflated > self.limits.inflated_bytes:
            raise LimitError(f"more than {self.limits.inflated_bytes} bytes come out of compressed parts")

    def check_ratio(self, compressed: int, inflated: int) -> None:
        """Refuses a compressed part that grows beyond measure. Raises LimitError."""
        if inflated > RATIO_FREE_BYTES and inflated > compressed * self.limits.inflate_ratio:
            raise LimitError(f"a compressed part grows by more than {self.limits.inflate_ratio} times")

    def opcodes(self, count: int) -> None:
        """Counts opcodes of pickles. Raises LimitError."""
        self.opcodes_left -= count
        if self.opcodes_left < 0:
            raise LimitError(f"pickles of more than {self.limits.opcodes} opcodes")

    def member(self) -> None:
        """Counts a member of an archive. Raises LimitError."""
        self.members += 1
        if self.members > self.limits.members:
            raise LimitError(f"archives of more than {self.limits.members} members")
