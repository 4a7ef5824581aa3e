"""What a replay comes to, in parts that can be put together."""

from collections.abc import Iterable
from typing import final

from lockgate.webhook.replay.blocks import Absent
from lockgate.webhook.replay.difference import Difference
from lockgate.webhook.replay.fidelity import Fidelity
from lockgate.webhook.replay.judge import Judge
from lockgate.webhook.replay.outcome import outcome_of
from lockgate.webhook.replay.recorded import Recorded
from lockgate.webhook.replay.subject import subject_of


@final
class Tally:
    """Fidelity and difference of the Decisions that were replayed. absent: of those that could not be, why."""

    def __init__(self) -> None:
        self.replayed = 0
        self.absent: dict[Absent, int] = {}
        self.fidelity = Fidelity()
        self.difference = Difference()

    def take(
        self, found: Iterable[Recorded | Absent], then: Judge, other: Judge | None, evaluator: str
    ) -> None:
        """Replays Decisions under the policies that they are thought to name, and under others if there are any."""
        for one in found:
            if not isinstance(one, Recorded):
                self.absent[one] = self.absent.get(one, 0) + 1
                continue
            self.replayed += 1
            again = then.judge(one)
            self.fidelity.take(one, again, then.policies_for(one.process), evaluator)
            if other is not None:
                subject = subject_of(one.review)
                self.difference.take(subject, outcome_of(again), outcome_of(other.judge(one)), one.index)

    def add(self, more: "Tally") -> None:
        """Those of later entries too."""
        self.replayed += more.replayed
        for why, count in more.absent.items():
            self.absent[why] = self.absent.get(why, 0) + count
        self.fidelity.add(more.fidelity)
        self.difference.add(more.difference)
