"""The first and the last entry of a log: where it comes from, and what follows it (docs/trail.md, section 2)."""

from dataclasses import dataclass

from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.note import encode_base64

STREAM = "log"


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The log that a log follows: its origin, its last believed size and root, its key (vkey), and why it ended."""

    origin: str
    size: int
    root: bytes
    vkey: str
    reason: str


@dataclass(frozen=True, slots=True)
class LostRange:
    """Entries `start` to below `stop` of the predecessor that are gone.

    `root` is of its tree of `stop` entries; None where whoever saw it tells a size only, as a witness does.
    """

    start: int
    stop: int
    root: bytes | None


def opening(
    origin: str, vkey: str, predecessor: Predecessor | None = None, lost: LostRange | None = None
) -> Draft:
    """Entry 0 of a log."""
    fields: dict[str, Json] = {"event": "opened", "origin": origin, "vkey": vkey}
    if predecessor is not None:
        fields["predecessor"] = {
            "origin": predecessor.origin,
            "size": predecessor.size,
            "root": encode_base64(predecessor.root),
            "vkey": predecessor.vkey,
            "reason": predecessor.reason,
        }
    if lost is not None:
        told: dict[str, Json] = {"from": lost.start, "to": lost.stop}
        if lost.root is not None:
            told["root"] = encode_base64(lost.root)
        fields["lost"] = told
    return Draft("log", fields, (STREAM,))


def closing(origin: str, vkey: str, reason: str) -> Draft:
    """The last entry of a log, which names its successor's origin and key."""
    fields: dict[str, Json] = {
        "event": "closed",
        "successor": {"origin": origin, "vkey": vkey},
        "reason": reason,
    }
    return Draft("log", fields, (STREAM,))
