"""Failures that last: each is told once, and once more when it is over."""

from collections.abc import Mapping
from typing import Final, final

from lockgate.webhook.app.logs import Log

# Told at once; what is beyond is counted.
MAX_TOLD: Final = 50


@final
class FailureLog:
    """Tells of failures under one event, and of their ends under another."""

    def __init__(self, log: Log, begins: str, ends: str) -> None:
        self._log: Final = log
        self._begins: Final = begins
        self._ends: Final = ends
        self._failures: Mapping[str, str] = {}

    def tell(self, failures: Mapping[str, str]) -> None:
        """What fails now, with the reasons."""
        known, self._failures = self._failures, dict(failures)
        new = [(what, why) for what, why in sorted(failures.items()) if known.get(what) != why]
        for what, why in new[:MAX_TOLD]:
            self._log.write("error", self._begins, {"what": what, "reason": why})
        if len(new) > MAX_TOLD:
            self._log.write("error", self._begins, {"what": f"{len(new) - MAX_TOLD} more", "reason": ""})
        for what in sorted(known.keys() - failures.keys())[:MAX_TOLD]:
            self._log.write("info", self._ends, {"what": what})
