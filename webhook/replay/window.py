"""Which Decisions of a trail are replayed."""

from typing import Final

from lockgate.engine.record import record

# Later than any entry.
END: Final = 1 << 62


@record
class Window:
    """since, until: Unix time in milliseconds, the second not included. outcome, namespace: empty for all."""

    since_ms: int = 0
    until_ms: int = END
    outcome: str = ""
    namespace: str = ""

    def has(self, time_ms: int, outcome: str) -> bool:
        """Is a Decision of this moment, with this outcome, among them?"""
        if not self.since_ms <= time_ms < self.until_ms:
            return False
        return not self.outcome or outcome == self.outcome
