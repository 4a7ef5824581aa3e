"""Python's collector of cycles, for processes that live for months and answer within milliseconds.

Its generations are looked at rarely (`GC_THRESHOLD`), since values hold no cycles. Compiled policies do: a function and
the names that it sees. What a change of policies leaves behind is therefore collected soon after it.
"""

import gc
from collections.abc import Callable
from typing import Final, final

# Between two collections, each of which looks at all that has been loaded since the beginning.
PAUSE_S: Final = 60.0


@final
class Garbage:
    """Called by the thread that compiles. clock: `time.monotonic`."""

    __slots__ = ("_clock", "_collected_s", "_policies")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._collected_s = 0.0
        self._policies = ""

    def begin(self, policies: str) -> None:
        """What has been loaded stays: the collector need not look at it again. policies: the digest of those in force."""
        gc.collect()
        gc.freeze()
        self._collected_s, self._policies = self._clock(), policies

    def changed(self, policies: str) -> None:
        """Collects where the policies are others than at the last collection, and that was not just now."""
        now_s = self._clock()
        if policies != self._policies and now_s - self._collected_s >= PAUSE_S:
            gc.collect()
            self._collected_s, self._policies = now_s, policies
