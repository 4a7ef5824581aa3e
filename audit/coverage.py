"""Coverage: what was in force in each minute, and how much was judged, so that a time without judgement shows."""

from dataclasses import dataclass
from threading import Lock
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.entry_rules import MINUTE_MS
from lockgate.audit.recorder import digest_text
from lockgate.audit.times import render_time

# What judges when somebody asks, such as a check, is named so: minutes in which it did not run are no gap.
ON_DEMAND: Final = "check/"


@dataclass(frozen=True, slots=True)
class InForce:
    """What judges: digests (hex SHA-256) of the policies and of the configuration, and the program."""

    policies: str
    configuration: str
    evaluator: str


class Coverage:
    """Counts one instance's requests, and gives an entry for each minute, also for one in which nothing was judged.

    Only a minute that was ticked is claimed: one that the next tick ended. A process that was stopped, or a machine
    that slept, has no entry for the minutes of its pause, nor for the one in which it began; what it counted in them
    is in its next entry.
    """

    __slots__ = ("_counts", "_from_ms", "_in_force", "_lock", "instance")

    def __init__(self, instance: str, in_force: InForce, now_ms: int) -> None:
        self.instance: Final = instance
        self._in_force = in_force
        self._from_ms = now_ms - now_ms % MINUTE_MS
        self._counts = [0, 0, 0]
        self._lock = Lock()

    def count_judged(self) -> None:
        """One request was judged by at least one policy, and is recorded."""
        with self._lock:
            self._counts[0] += 1

    def count_unmatched(self) -> None:
        """One request matched no policy; it is in this count and nowhere else."""
        with self._lock:
            self._counts[1] += 1

    def count_refused(self) -> None:
        """One request was answered closed, since it could not be recorded."""
        with self._lock:
            self._counts[2] += 1

    def count(self, judged: int, unmatched: int, refused: int) -> None:
        """So many requests of each sort at a time, as another process counted them."""
        with self._lock:
            self._counts = [self._counts[0] + judged, self._counts[1] + unmatched, self._counts[2] + refused]

    def change(self, in_force: InForce, now_ms: int) -> list[Draft]:
        """Other policies or configuration from now on; returns the entries of what was in force before."""
        with self._lock:
            drafts = self._take(now_ms, through="now")
            self._in_force = in_force
            return drafts

    def tick(self, now_ms: int) -> list[Draft]:
        """The entries of the minutes that are over. A clock that went back gives none."""
        with self._lock:
            return self._take(now_ms, through="minute")

    def _take(self, now_ms: int, through: str) -> list[Draft]:
        end = now_ms - now_ms % MINUTE_MS
        drafts: list[Draft] = []
        if end == self._from_ms + MINUTE_MS:
            drafts.append(self._draft(self._from_ms))
        self._from_ms = max(self._from_ms, end)
        if through == "now" and any(self._counts):
            # Two sets of policies in one minute: each has its entry for it. After a pause too: the counts are of a
            # time whose minutes nobody ticked, and are told in the one that is surely not over.
            drafts.append(self._draft(self._from_ms))
        return drafts

    def _draft(self, start_ms: int) -> Draft:
        judged, unmatched, refused = self._counts
        self._counts = [0, 0, 0]
        in_force = self._in_force
        fields: dict[str, Json] = {
            "instance": self.instance,
            "from": render_time(start_ms),
            "to": render_time(start_ms + MINUTE_MS),
            "policies": digest_text(in_force.policies),
            "configuration": digest_text(in_force.configuration),
            "evaluator": in_force.evaluator,
            "judged": judged,
            "unmatched": unmatched,
            "refused": refused,
        }
        return Draft("coverage", fields, (f"coverage/{self.instance}",))
