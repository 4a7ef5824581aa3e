"""When the next pass of a sweep is due: regularly, and soon after what decides has changed."""

from collections.abc import Callable
from typing import Final, final

# Who applies policies applies several: they are waited for.
SETTLE_S: Final = 2.0
# From the end of a pass to one that a change asks for: changes without end make no pass without end.
REST_S: Final = 5.0


@final
class SweepPace:
    """Used by one thread. clock: seconds, never backwards. The first pass is due at once."""

    def __init__(self, interval_s: float, clock: Callable[[], float]) -> None:
        self._interval_s: Final = interval_s
        self._clock: Final = clock
        self._rested_s = self._due_s = clock()

    @property
    def wait_s(self) -> float:
        """How long until a pass is due; 0 when it is."""
        return max(0.0, self._due_s - self._clock())

    def change(self) -> None:
        """What decides has changed."""
        self._due_s = min(self._due_s, max(self._clock() + SETTLE_S, self._rested_s))

    def end(self) -> None:
        """A pass has ended, however it did."""
        now = self._clock()
        self._rested_s, self._due_s = now + REST_S, now + self._interval_s
