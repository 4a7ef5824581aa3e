"""What a scanner has to say of an artefact, and how bad it is."""

from collections.abc import Iterable
from typing import Literal

from lockgate.engine.record import record

# How a finding weighs. A note changes nothing.
Severity = Literal["note", "unvetted", "unreadable", "unsafe"]
Tier = Literal["safe", "unvetted", "unreadable", "unsafe"]

_WEIGHTS: dict[Severity | Tier, int] = {"note": 0, "safe": 0, "unvetted": 1, "unreadable": 2, "unsafe": 3}


@record
class Finding:
    """One thing that was found: `rule` is a stable id, `path` the file with its nested parts joined by `!`.

    `name` is what is not known, as a waiver may name it: `my.Model`.
    """

    rule: str
    tier: Severity
    detail: str
    path: str
    offset: int | None
    name: str | None = None


def worst(tiers: Iterable[Severity | Tier]) -> Tier:
    """The tier of a whole from those of its parts: unsafe, unreadable, unvetted, safe."""
    found: Severity | Tier = "safe"
    for one in tiers:
        if _WEIGHTS[one] > _WEIGHTS[found]:
            found = one
    return "safe" if found == "note" else found
