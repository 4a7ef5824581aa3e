"""The budget of one evaluation: steps, which are granted in slices, and at each new slice the clock and the memory.

Generated code takes steps and looks whether any are left, so that nothing else is paid for by evaluations that are
short: those never see the end of their first slice.
"""

from time import monotonic
from typing import Final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.errors import EvaluationError

# Steps from one look at the clock and the memory to the next: a millisecond, where no step is very slow.
SLICE: Final = 4_096


class LimitError(EvaluationError):
    """An evaluation needs more steps, time, memory, digits or nesting than it may."""


class BudgetError(LimitError):
    """The policy needed more steps, time or memory than it may take."""


class Budget:
    """Steps left of the present slice. Shared by all contexts of one evaluation, for which it stands."""

    __slots__ = ("__weakref__", "_base", "_ends", "granted", "left", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        steps = limits.max_steps
        # An evaluation can be as short as a call of `min`.
        self.left = self.granted = steps if steps < SLICE else SLICE  # noqa: FURB136
        seconds = limits.max_seconds
        self._ends = limits.until if seconds is None else monotonic() + seconds
        # The memory of the process when this evaluation first looked.
        self._base = 0

    def refill(self) -> str:
        """Grants another slice when none is left; else says which limit is reached."""
        limits = self.limits
        if self.left < 0:
            more = min(max(SLICE, -self.left), limits.max_steps - self.granted)
            self.granted += more
            self.left += more
            if self.left < 0:
                return f"more than {limits.max_steps} steps"
        if self._ends is not None and monotonic() > self._ends:
            if limits.max_seconds is None:
                return "more time than there is for the request"
            return f"more than {limits.max_seconds:g} seconds"
        if not self._base:
            self._base = _present_memory()
        # The peak is told sooner, and may be that of an evaluation long ago.
        elif _peak_memory() - self._base > limits.max_memory and self._grown() > limits.max_memory:
            return f"more than {limits.max_memory} bytes of memory"
        return ""

    def _grown(self) -> int:
        return _present_memory() - self._base

    def seconds_left(self) -> float | None:
        """The time that is left, not below 0; None where there is no limit on it."""
        return None if self._ends is None else max(0.0, self._ends - monotonic())

    def begin(self) -> tuple[int, int]:
        """Begins a count of its own from the whole limit; gives what `resume` goes on with."""
        outside = (self.left, self.granted)
        self.left = self.granted = min(self.limits.max_steps, SLICE)
        return outside

    def resume(self, outside: tuple[int, int]) -> None:
        """Goes back to the count from before `begin`."""
        self.left, self.granted = outside


def _present_memory() -> int:
    """The memory that the process has now, in bytes; where the system does not tell, the most that it has had."""
    import sys

    if not sys.platform.startswith("linux"):
        return _peak_memory()
    from resource import getpagesize

    with open("/proc/self/statm", "rb") as file:
        _, resident, *_ = file.read(256).split()
    return int(resident) * getpagesize()


def _peak_memory() -> int:
    """The most memory that the process has had, in bytes."""
    # Not needed by short evaluations.
    import sys
    from resource import RUSAGE_SELF, getrusage

    peak = getrusage(RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
