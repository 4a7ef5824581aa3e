"""What verification finds: a named kind, the place, since when, and what it means."""

from dataclasses import dataclass
from typing import Final

# One for each way of tampering that the log itself shows.
ENTRY_CHANGED: Final = "entry-changed"
ENTRY_MISSING: Final = "entry-missing"
ENTRY_MALFORMED: Final = "entry-malformed"
HEAD_CHANGED: Final = "head-changed"
ROOT_MISMATCH: Final = "root-mismatch"
TILE_CHANGED: Final = "tile-changed"
CHECKPOINT_CHANGED: Final = "checkpoint-changed"
KEY_UNKNOWN: Final = "key-unknown"
KEY_REVOKED: Final = "key-revoked"
COSIGNATURE_CHANGED: Final = "cosignature-changed"
ROLLED_BACK: Final = "rolled-back"
FORKED: Final = "forked"
ORIGIN_WRONG: Final = "origin-wrong"
TIME_WRONG: Final = "time-wrong"
STREAM_BROKEN: Final = "stream-broken"
STREAM_HEADS_WRONG: Final = "stream-heads-wrong"
REPEATED: Final = "repeated"
BODY_CHANGED: Final = "body-changed"
BODY_MISSING: Final = "body-missing"
COMMITMENT_WRONG: Final = "commitment-wrong"
PROMOTION_WRONG: Final = "promotion-wrong"
HOLD_BROKEN: Final = "hold-broken"
INDEX_CHANGED: Final = "index-changed"
SEAL_WRONG: Final = "seal-wrong"
EXPORT_CHANGED: Final = "export-changed"

# Of one kind; a log that is wrong everywhere is told with the first of each.
MAX_OF_A_KIND: Final = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the log says. `since`: the last state that is proven good, where one is."""

    code: str
    where: str
    message: str
    since: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.where}: {self.message}" + (f" ({self.since})" if self.since else "")


class Findings:
    """Collects findings, each once, the first of each kind; `more` counts the others."""

    __slots__ = ("_counts", "_seen", "found", "more")

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.more = 0
        self._seen: set[tuple[str, str]] = set()
        self._counts: dict[str, int] = {}

    def add(self, code: str, where: str, message: str, since: str = "") -> None:
        """Notes a finding."""
        if (code, where) in self._seen:
            return
        count = self._counts.get(code, 0)
        if count >= MAX_OF_A_KIND:
            self.more += 1
            return
        self._counts[code] = count + 1
        self._seen.add((code, where))
        self.found.append(Finding(code, where, message, since))
