"""Passes of a sweep one after the other: their numbers, and the memory of what was told."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, final

from lockgate.webhook.serving.sweep import Sweep
from lockgate.webhook.serving.sweep_memory import write_memory
from lockgate.webhook.serving.sweep_metrics import SweepNumbers
from lockgate.webhook.serving.sweep_totals import ConstraintTotal

if TYPE_CHECKING:
    from lockgate.webhook.cluster.sweep_run import SweepResult

# In the trail's home: what was told of which object.
MEMORY: Final = "sweep.json"


@final
class SweepRounds:
    """Makes passes. memory: the file in which it is kept what was told; "" where it is not."""

    def __init__(self, run: "Callable[[], SweepResult]", sweep: Sweep, memory: str) -> None:
        self._run: Final = run
        self._sweep: Final = sweep
        self._memory: Final = memory
        self.numbers = SweepNumbers()
        self.totals: Sequence[ConstraintTotal] = ()

    def run_pass(self) -> "SweepResult":
        """One pass. What was told is kept in the file, so that another process tells only what has changed."""
        started = time.monotonic()
        result = self._run()
        passed, before = result.passed, self.numbers
        self.totals = result.totals
        self.numbers = SweepNumbers(
            objects=passed.looked,
            judged=before.judged + passed.judged,
            changed=before.changed + passed.changed,
            untold=passed.untold,
            failed_kinds=len(passed.failed),
            unwritten=len(result.unwritten),
            seconds=time.monotonic() - started,
            last_pass_s=time.time(),
            is_leader=True,
        )
        if self._memory and passed.changed:
            write_memory(self._memory, self._sweep.told())
        return result
