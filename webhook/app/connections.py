"""Which connections a server has and what each waits for, so that slow ones cannot keep others out.

A connection is opening until its first request is there, with the handshake of TLS; then answering, idle, or receiving a
later request. When there is no room, the oldest that has never finished a request goes first: who opens thousands and
says nothing takes the places of their own, and a client that has been answered keeps its place.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar, final

from lockgate.engine.record import record

Member = TypeVar("Member")


@record
class ConnectionLimits:
    """connections: of one process. Seconds: request_s until a request is there, from its beginning or the connection's;
    idle_s between requests. head_bytes: of a request's line and headers.

    The API server keeps an idle connection for 90 s (Go's http.DefaultTransport); who closes first must be the client,
    since a request that meets a closed connection fails.
    """

    connections: int = 1024
    request_s: float = 15.0
    idle_s: float = 180.0
    head_bytes: int = 64 * 1024


@final
class Connections(Generic[Member]):
    """The connections by phase, in each the oldest first. clock: `time.monotonic`."""

    __slots__ = ("_answering", "_clock", "_idle", "_limits", "_opening", "_receiving")

    def __init__(self, limits: ConnectionLimits, clock: Callable[[], float]) -> None:
        self._limits: Final = limits
        self._clock: Final = clock
        self._opening: Final[dict[Member, float]] = {}
        self._receiving: Final[dict[Member, float]] = {}
        self._idle: Final[dict[Member, float]] = {}
        self._answering: Final[dict[Member, float]] = {}

    def __len__(self) -> int:
        return len(self._opening) + len(self._receiving) + len(self._idle) + len(self._answering)

    @property
    def answering(self) -> int:
        """How many wait for an answer."""
        return len(self._answering)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another one."""
        return len(self) >= self._limits.connections

    def open(self, member: Member) -> None:
        """A connection was accepted."""
        self._opening[member] = self._clock()

    def begin_request(self, member: Member) -> None:
        """A request begins to arrive."""
        if self._idle.pop(member, None) is not None:
            self._receiving[member] = self._clock()

    def answer(self, member: Member) -> None:
        """A request is there whole."""
        for phase in (self._opening, self._receiving, self._idle):
            phase.pop(member, None)
        self._answering[member] = self._clock()

    def rest(self, member: Member) -> None:
        """A request has its answer."""
        for phase in (self._opening, self._receiving, self._answering):
            phase.pop(member, None)
        self._idle[member] = self._clock()

    def leave(self, member: Member) -> bool:
        """A connection has ended; False where it had before."""
        found = False
        for phase in (self._opening, self._receiving, self._idle, self._answering):
            found = phase.pop(member, None) is not None or found
        return found

    def expendable(self) -> Member | None:
        """Who goes when there is no room; None when all wait for their answers."""
        for phase in (self._opening, self._receiving, self._idle):
            for member in phase:
                return member
        return None

    def late(self) -> list[Member]:
        """Those that have taken too long."""
        now = self._clock()
        found: list[Member] = []
        for phase, seconds in (
            (self._opening, self._limits.request_s),
            (self._receiving, self._limits.request_s),
            (self._idle, self._limits.idle_s),
        ):
            for member, since in phase.items():
                if now - since <= seconds:
                    break
                found.append(member)
        return found

    def quiet(self) -> list[Member]:
        """Those that wait for no answer."""
        return [*self._opening, *self._receiving, *self._idle]
