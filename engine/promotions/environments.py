"""Environments in their order: what enters a later one is promoted."""

from collections.abc import Iterator
from typing import Final, final

from lockgate.engine.errors import UsageError


@final
class Environments:
    """Names of environments, the lowest first. Raises UsageError for a name that is empty or stands there twice."""

    def __init__(self, names: tuple[str, ...]) -> None:
        if not all(names) or len(set(names)) != len(names):
            raise UsageError("environments need names, each once, the lowest first")
        self.names: Final = names
        self._ranks: Final = {name: rank for rank, name in enumerate(names)}

    def rank(self, name: str) -> int | None:
        """How high it is, from 0; None for one that is not known."""
        return self._ranks.get(name)

    def below(self, name: str) -> Iterator[str]:
        """The environments below, the highest first."""
        rank = self._ranks.get(name, 0)
        return reversed(self.names[:rank])

    def inversion(self, names: tuple[str, ...]) -> tuple[int, str, str] | None:
        """The first of other names that stands behind one which is higher here: its place there, the higher one, and its own.

        Names that are not known here do not matter. None where the order is the same.
        """
        before = ""
        for place, name in enumerate(names):
            rank = self._ranks.get(name)
            if rank is None:
                continue
            if before and rank < self._ranks[before]:
                return place, before, name
            before = name
        return None
