"""A worker's way to the appender of main: drafts over its socket, many at a time on one event loop.

All go over one connection: what a turn of the loop drafts is sent together, a few at a time, and a batch's places come
back together. One timer looks after all that are waited for.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias, cast, final

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

# Takes what comes of a draft; an OSError where nothing comes any more: a TimeoutError, or a ConnectionError.
Told: TypeAlias = "Callable[[Answer | OSError], None]"


class _Line(asyncio.Protocol):
    """The connection."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        # Who is told of each, and the moment of the loop's clock at which it is given up.
        self._asked: dict[int, tuple[Told, float]] = {}
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
        asked: asyncio.Future[Answer] = self._loop.create_future()
        self.send(draft, seconds, partial(_settle, asked))
        return asked

    def send(self, draft: Draft, seconds: float, told: Told) -> None:
        """Sends a draft; what comes of it is told, once and not before this returns. Raises FormatError."""
        number = self._numbers + 1
        message = render_draft(Asked(number, draft, seconds, wants_proof=False))
        self._numbers = number
        until = self._loop.time() + seconds
        self._asked[number] = (told, until)
        if self._timer is None or until < self._looks_at:
            self._look_later(until)
        self._to_send.append(message)
        if len(self._to_send) == 1:
            self._loop.call_soon(self._send)
        elif len(self._to_send) == TOGETHER:
            self._send()

    def _look_later(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._looks_at = moment
        self._timer = self._loop.call_at(moment, self._look)

    def _look(self) -> None:
        """Gives up what is late; the answer to it is still to come, and is nobody's then."""
        self._timer = None
        now = self._loop.time()
        for number, (told, until) in list(self._asked.items()):
            if until <= now:
                del self._asked[number]
                told(TimeoutError())
        if self._asked:
            self._look_later(min([until for _, until in self._asked.values()]))

    def _send(self) -> None:
        messages, self._to_send = self._to_send, []
        if messages and self._transport is not None:
            self._transport.write(render_drafts(messages))

    def data_received(self, data: bytes) -> None:
        try:
            answers = [one for frame in self._frames.feed(data) for one in parse_answers(*frame)]
        except FormatError as error:
            self._fail(ConnectionError(str(error)))
            self.close()
        else:
            # In a turn of its own: what is written there is sent before what it leaves to do afterwards.
            self._loop.call_soon(self._answer, answers)

    def _answer(self, answers: Sequence[tuple[int, Answer]]) -> None:
        for number, answer in answers:
            told, _ = self._asked.pop(number, (None, 0.0))
            if told is not None:
                told(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(ConnectionError("the other side ended"))

    def _fail(self, error: ConnectionError) -> None:
        asked, self._asked = self._asked, {}
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for told, _ in asked.values():
            told(error)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _settle(asked: "asyncio.Future[Answer]", answer: Answer | OSError) -> None:
    # Who asked may have given up.
    if asked.done():
        return
    if isinstance(answer, OSError):
        asked.set_exception(answer)
    else:
        asked.set_result(answer)


@final
class _Room:
    """For so many at a time; who waits for it comes in first."""

    __slots__ = ("_free", "_waiting")

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Takes a place, where there is one."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Takes a place, once there is one."""
        if self.take():
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        except BaseException:
            if waiting.done() and not waiting.cancelled():
                # It was handed over and is not used.
                self.leave()
            else:
                self._waiting.remove(waiting)
            raise

    def leave(self) -> None:
        """Gives a place back, or to who waits."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return
        self._free += 1


@final
class TrailClient:
    """Appends through main. Used on one event loop."""

    def __init__(self, path: str, at_a_time: int) -> None:
        """`at_a_time`: how many drafts may wait for their answers there."""
        self._path = path
        self._line: _Line | None = None
        self._room = _Room(at_a_time)
        self._connecting = asyncio.Lock()
        self._again: set[asyncio.Task[None]] = set()
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
            raise _no_answer(error) from None
        finally:
            self.waiting -= 1
        told = _place_or_error(answer)
        if isinstance(told, TrailError):
            raise told
        return told

    def send(self, draft: Draft, seconds: float, told: "Callable[[Place | TrailError], None]") -> bool:
        """Sends a draft as `append` does, and has somebody told what comes of it, where that needs no wait: False otherwise.

        Raises FormatError.
        """
        line = self._line
        if seconds <= 0 or line is None or not line.is_open or not self._room.take():
            return False
        until = asyncio.get_running_loop().time() + seconds
        try:
            line.send(draft, seconds, partial(self._sent, draft, until, told))
        except BaseException:
            self._room.leave()
            raise
        self.waiting += 1
        return True

    def _sent(
        self,
        draft: Draft,
        until: float,
        told: "Callable[[Place | TrailError], None]",
        answer: Answer | OSError,
    ) -> None:
        self.waiting -= 1
        self._room.leave()
        if isinstance(answer, ConnectionError):
            loop = asyncio.get_running_loop()
            again = loop.create_task(self._append_again(draft, until - loop.time(), told))
            self._again.add(again)
            again.add_done_callback(self._again.discard)
        elif isinstance(answer, TimeoutError):
            told(TrailError(_LATE))
        else:
            told(_no_answer(answer) if isinstance(answer, OSError) else _place_or_error(answer))

    async def _append_again(
        self, draft: Draft, seconds: float, told: "Callable[[Place | TrailError], None]"
    ) -> None:
        try:
            place: Place | TrailError = await self.append(draft, seconds)
        except TrailError as error:
            place = error
        told(place)

    async def _ask(self, draft: Draft, seconds: float) -> Answer:
        """Asks; once more over a new connection where one that was kept has ended."""
        until = asyncio.get_running_loop().time() + seconds
        line = self._line
        if line is not None and line.is_open and self._room.take():
            # Nearly always; the line looks after the time.
            try:
                return await line.ask(draft, seconds)
            except ConnectionError:
                pass
            finally:
                self._room.leave()
        async with asyncio.timeout_at(until):
            await self._room.wait()
            try:
                line = await self._opened()
                return await line.ask(draft, max(until - asyncio.get_running_loop().time(), 0.001))
            finally:
                self._room.leave()

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


def _place_or_error(answer: Answer) -> Place | TrailError:
    if isinstance(answer, Place | TrailError):
        return answer
    return TrailError("the trail's appender answers something else")


def _no_answer(error: OSError) -> TrailError:
    return TrailError(f"the trail's appender does not answer: {error}")
