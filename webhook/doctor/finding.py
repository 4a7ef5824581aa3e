"""What a check found: what is so, where, and the command that mends it."""

from typing import Literal

from lockgate.engine.record import record

# error: something does not work, or lets pass what it should not. warning: it will, or may. unknown: it could not be
# told. note: worth knowing, and as it should be.
Level = Literal["error", "warning", "unknown", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "unknown", "note")


@record
class Finding:
    """One finding. check: which check. where: the object or the place. fix: a command, or what to do; may be empty."""

    level: Level
    check: str
    where: str
    message: str
    fix: str = ""


def exit_code(findings: tuple[Finding, ...]) -> int:
    """0: nothing to mend; 1: something is; 2: something could not be told, which beats 1."""
    levels = {one.level for one in findings}
    if "unknown" in levels:
        return 2
    return 1 if levels & {"error", "warning"} else 0
