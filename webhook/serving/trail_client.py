"""A worker's way to the appender of main: drafts over its socket, many at a time on one event loop."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import cast, final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.store.appender import Receipt
from lockgate.audit.store.socket_messages import Frames, parse_answer, render_draft


class _Line(asyncio.Protocol):
    """One connection: a draft, then its receipt."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.asked: asyncio.Future[Receipt | TrailError] | None = None
        self._frames = Frames()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are transports by what they do.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        asked = self.asked
        try:
            frame = self._frames.feed(data)
            if frame is None:
                return
            answer = parse_answer(*frame)
        except FormatError as error:
            self._fail(ConnectionError(str(error)))
            return
        if asked is not None and not asked.done():
            asked.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._fail(ConnectionError("the other side ended"))

    def _fail(self, error: ConnectionError) -> None:
        if self.asked is not None and not self.asked.done():
            self.asked.set_exception(error)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


@final
class TrailClient:
    """Appends through main. Used on one event loop."""

    def __init__(self, path: str, connections: int) -> None:
        self._path = path
        self._idle: deque[_Line] = deque()
        self._room = asyncio.Semaphore(connections)
        self.waiting = 0

    async def append(self, draft: Draft, seconds: float) -> Receipt:
        """Appends a draft, whose request has a key, and waits at most so long for its receipt.

        Raises what the appender raises, or TrailError when no receipt came: the record may be in the log then.
        """
        self.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                async with self._room:
                    answer = await self._ask_again(render_draft(draft, max(seconds, 0.001)))
        except TimeoutError:
            raise TrailError("no receipt came from the trail in time") from None
        except OSError as error:
            raise TrailError(f"the trail's appender does not answer: {error}") from None
        finally:
            self.waiting -= 1
        if isinstance(answer, TrailError):
            raise answer
        return answer

    async def _ask_again(self, message: bytes) -> Receipt | TrailError:
        """Asks once more over a new connection where one that was kept has ended."""
        while self._idle:
            line = self._idle.pop()
            if line.transport is not None:
                try:
                    return await self._ask(line, message)
                except ConnectionError:
                    break
        _, line = await asyncio.get_running_loop().create_unix_connection(_Line, self._path)
        return await self._ask(line, message)

    async def _ask(self, line: _Line, message: bytes) -> Receipt | TrailError:
        line.asked = asyncio.get_running_loop().create_future()
        assert line.transport is not None
        line.transport.write(message)
        try:
            answer = await line.asked
        except BaseException:
            # Its answer is still to come: nobody else may get it.
            line.close()
            raise
        self._idle.append(line)
        return answer

    def close(self) -> None:
        """Ends the connections."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()
