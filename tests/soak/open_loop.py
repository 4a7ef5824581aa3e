"""An open-loop client: requests leave at their moments, whatever became of those before, over connections that change.

What waits for a free connection counts as latency, as it does for who has to wait (Tene, "How NOT to measure latency").
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

ADDRESS: Final = "127.0.0.1"
# A connection is made anew after so many requests: handshakes, and new certificates, are part of the load.
REQUESTS_OF_ONE: Final = 400
PATIENCE_S: Final = 10.0
# Of an answer; the server gives it within the ten seconds that the path asks for, on a machine that has any.
ANSWER_S: Final = 60.0
_LENGTH: Final = b"content-length:"


@dataclass
class Seen:
    """What came back since the last time. latencies: in seconds; failed: what went wrong, the first of each kind.

    unsent: what waited so long for a connection that an API server would have given up.
    """

    latencies: list[float] = field(default_factory=list)
    failures: int = 0
    unsent: int = 0
    failed: dict[str, int] = field(default_factory=dict)

    def fail(self, reason: str) -> None:
        self.failures += 1
        self.failed[reason] = self.failed.get(reason, 0) + 1


class OpenLoop:
    """Sends to one server. body: of the request of a number; context: as it is when a connection is made."""

    def __init__(
        self, port: int, path: str, body: Callable[[int], bytes], context: ssl.SSLContext, connections: int
    ) -> None:
        self._port = port
        self._head = f"POST {path} HTTP/1.1\r\nHost: lockgate\r\nContent-Type: application/json\r\n"
        self._body = body
        self._context = context
        self._connections = connections
        self._waiting: asyncio.Queue[float] = asyncio.Queue()
        self._sent = self._asking = 0
        self._idle: list[_Connection] = []
        self.seen = Seen()

    def take(self) -> Seen:
        """What was seen since the last time."""
        seen, self.seen = self.seen, Seen()
        return seen

    async def closed(self, seconds: float) -> float:
        """As many as there can be, one after the other on each connection; gives requests a second."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        before = self._sent

        async def press() -> None:
            while loop.time() < end:
                self._waiting.put_nowait(loop.time())
                await self._take_one()

        await asyncio.gather(*[press() for _ in range(self._connections)])
        return (self._sent - before) / seconds

    async def run(self, rate: float, ends: asyncio.Event) -> None:
        """So many a second, until the end."""
        loop = asyncio.get_running_loop()
        workers = [loop.create_task(self._work()) for _ in range(self._connections)]
        moment = loop.time()
        while not ends.is_set():
            moment += 1 / rate
            if moment > loop.time():
                await asyncio.sleep(moment - loop.time())
            self._waiting.put_nowait(moment)
        while not self._waiting.empty():
            await asyncio.sleep(0.05)
        while self._asking:
            await asyncio.sleep(0.05)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            await self._take_one()

    async def _take_one(self) -> None:
        moment = await self._waiting.get()
        if asyncio.get_running_loop().time() - moment > PATIENCE_S:
            self.seen.unsent += 1
            return
        self._sent += 1
        self._asking += 1
        try:
            await self._ask(self._sent, moment)
        finally:
            self._asking -= 1

    async def _ask(self, number: int, moment: float) -> None:
        connection = self._idle.pop() if self._idle else _Connection(self._port, self._context)
        body = self._body(number)
        try:
            async with asyncio.timeout(ANSWER_S):
                status, answer = await connection.ask(
                    f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body
                )
        except (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            self.seen.fail(f"{type(error).__name__}: {error}"[:80])
            await connection.close()
            return
        self.seen.latencies.append(asyncio.get_running_loop().time() - moment)
        if status != b"200" or b'"allowed":' not in answer or b'"code":500' in answer:
            self.seen.fail(f"{status.decode()}: {answer[:200].decode(errors='replace')}")
        if connection.asked >= REQUESTS_OF_ONE:
            await connection.close()
        else:
            self._idle.append(connection)


class _Connection:
    """One connection, made when it is used first."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port = port
        self._context = context
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.asked = 0

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                ADDRESS, self._port, ssl=self._context, server_hostname=ADDRESS
            )
        reader, writer = self._streams
        self.asked += 1
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(_LENGTH) + len(_LENGTH)
        length = int(head[at : head.index(b"\r", at)])
        return head[9:12], await reader.readexactly(length)

    async def close(self) -> None:
        """Ends it."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                # The other side was faster.
                return
