"""A connection that is held from one batch to the next, since to take one and to give it back takes as long as some drafts."""

from collections.abc import Callable
from typing import Final, final

from sqlalchemy import Connection


@final
class HeldConnection:
    """Used by one thread. connect: takes a connection, and raises what that raises."""

    __slots__ = ("_connect", "_held")

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect: Final = connect
        self._held: Connection | None = None

    def get(self) -> Connection:
        """The connection that is held, or a new one."""
        held = self._held
        if held is None:
            held = self._held = self._connect()
        return held

    def give_back(self) -> None:
        """Holds none any more: there is nothing to do for a while, or it is not what it was."""
        held, self._held = self._held, None
        if held is not None:
            held.close()
