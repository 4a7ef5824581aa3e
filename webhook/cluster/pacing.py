"""How long to wait before the next attempt, and how long a watch lasts: longer each time, and never all at once."""

from random import Random
from typing import Final, final

_FIRST_S: Final = 0.5
_LONGEST_S: Final = 30.0
_WATCH_S: Final = 120.0


@final
class Backoff:
    """Waits that double up to half a minute, each between half and all of its length by chance."""

    __slots__ = ("_chance", "_next")

    def __init__(self, chance: Random) -> None:
        self._chance: Final = chance
        self._next = _FIRST_S

    def next_wait(self) -> float:
        """Seconds before the next attempt."""
        wait, self._next = self._next, min(_LONGEST_S, self._next * 2)
        return wait * (0.5 + self._chance.random() / 2)

    def reset(self) -> None:
        """An attempt has succeeded."""
        self._next = _FIRST_S


def watch_seconds(chance: Random) -> int:
    """How long a watch is asked to last: two to four minutes, so that not all end together."""
    return int(_WATCH_S * (1 + chance.random()))
