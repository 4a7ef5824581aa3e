"""A worker's way to the appender of main: drafts over its socket, many at a time on one event loop.

All go over one connection: what a turn of the loop drafts is sent together, a few at a time, and a batch's places come
back together. One timer looks after all that are waited for.
"""

import asyncio
from typing import Final, cast, final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.receipt import Place
from lockgate.audit.store.socket_messages import (
    Answer,
    Asked,
    Frames,
    Rendered,
    parse_answers,
    render_draft,
    render_drafts,
)

# Drafts that are sent without waiting for others of their turn. Under load a turn takes several milliseconds: with all
# drafts at its end, main has nothing to do before it, and the workers have nothing to do while main records them.
TOGETHER: Final = 4
_LATE: Final = "no receipt came from the trail in time"


class _Line(asyncio.Protocol):
    """The connection."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        # With the moment of the loop's clock at which each is given up.
        self._asked: dict[int, tuple[asyncio.Future[Answer], float]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._looks_at = 0.0
        self._numbers = 0
        self._frames = Frames()
        self._to_send: list[Rendered] = []

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are transports by what they do.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, draft: Draft, seconds: float) -> "asyncio.Future[Answer]":
        """Sends a draft; its answer is to come.

        It ends with TimeoutError, or with ConnectionError when there comes none any more. Raises FormatError.
        """
        number = self._numbers + 1
        message = render_draft(Asked(number, draft, seconds, wants_proof=False))
        self._numbers = number
        asked: asyncio.Future[Answer] = self._loop.create_future()
        until = self._loop.time() + seconds
        self._asked[number] = (asked, until)
        if self._timer is None or until < self._looks_at:
            self._look_later(until)
        self._to_send.append(message)
        if len(self._to_send) == 1:
            self._loop.call_soon(self._send)
        elif len(self._to_send) == TOGETHER:
            self._send()
        return asked

    def _look_later(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._looks_at = moment
        self._timer = self._loop.call_at(moment, self._look)

    def _look(self) -> None:
        """Gives up what is late; the answer to it is still to come, and is nobody's then."""
        self._timer = None
        now = self._loop.time()
        for number, (asked, until) in list(self._asked.items()):
            if until <= now:
                del self._asked[number]
                if not asked.done():
                    asked.set_exception(TimeoutError())
        if self._asked:
            self._look_later(min([until for _, until in self._asked.values()]))

    def _send(self) -> None:
        messages, self._to_send = self._to_send, []
        if messages and self._transport is not None:
            self._transport.write(render_drafts(messages))

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                for number, answer in parse_answers(*frame):
                    asked, _ = self._asked.pop(number, (None, 0.0))
                    if asked is not None and not asked.done():
                        asked.set_result(answer)
        except FormatError as error:
            self._fail(ConnectionError(str(error)))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(ConnectionError("the other side ended"))

    def _fail(self, error: ConnectionError) -> None:
        for asked, _ in self._asked.values():
            if not asked.done():
                asked.set_exception(error)
        self._asked.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


@final
class TrailClient:
    """Appends through main. Used on one event loop."""

    def __init__(self, path: str, at_a_time: int) -> None:
        """`at_a_time`: how many drafts may wait for their answers there."""
        self._path = path
        self._line: _Line | None = None
        self._room = asyncio.Semaphore(at_a_time)
        self._connecting = asyncio.Lock()
        self.waiting = 0

    async def append(self, draft: Draft, seconds: float) -> Place:
        """Appends a draft, whose request has a key, and waits at most so long for its place.

        Raises what the appender raises, or TrailError when no answer came: the record may be in the log then.
        """
        if seconds <= 0:
            raise TrailError(_LATE)
        self.waiting += 1
        try:
            answer = await self._ask(draft, seconds)
        except TimeoutError:
            raise TrailError(_LATE) from None
        except OSError as error:
            raise TrailError(f"the trail's appender does not answer: {error}") from None
        finally:
            self.waiting -= 1
        if isinstance(answer, Place):
            return answer
        if isinstance(answer, TrailError):
            raise answer
        raise TrailError("the trail's appender answers something else")

    async def _ask(self, draft: Draft, seconds: float) -> Answer:
        """Asks; once more over a new connection where one that was kept has ended."""
        until = asyncio.get_running_loop().time() + seconds
        line = self._line
        if line is not None and line.is_open and not self._room.locked():
            # Nearly always; the line looks after the time.
            async with self._room:
                try:
                    return await line.ask(draft, seconds)
                except ConnectionError:
                    pass
        async with asyncio.timeout_at(until), self._room:
            line = await self._opened()
            return await line.ask(draft, max(until - asyncio.get_running_loop().time(), 0.001))

    async def _opened(self) -> _Line:
        async with self._connecting:
            line = self._line
            if line is None or not line.is_open:
                loop = asyncio.get_running_loop()
                _, line = await loop.create_unix_connection(_Line, self._path)
                self._line = line
            return line

    def close(self) -> None:
        """Ends the connection."""
        if self._line is not None:
            self._line.close()
