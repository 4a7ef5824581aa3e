"""The report of a verification: what was checked, what was found, and what the trail rests on."""

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.audit.trust import Assurance
from lockgate.audit.verify.findings import Finding


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which an instance recorded nothing of what was in force (Unix milliseconds)."""

    instance: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """What verification says.

    size, root: of the largest signed checkpoint that the entries agree with (0 when there is none); `unsigned`
    entries follow it. Tampering is in `findings`; what could not be verified at all in `unverifiable`; `remarks` are
    for people.
    """

    origin: str
    size: int
    root: bytes
    unsigned: int
    entries: int
    kinds: Mapping[str, int]
    streams: int
    bodies: int
    opened: int
    erased: int
    findings: tuple[Finding, ...]
    more_findings: int
    unverifiable: tuple[str, ...]
    gaps: tuple[Gap, ...]
    assurance: Assurance | None
    remarks: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 verified · 3 tampering · 4 cannot verify."""
        if self.findings:
            return 3
        return 4 if self.unverifiable else 0
