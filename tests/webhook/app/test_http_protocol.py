"""A connection as a hostile client would have it: what is refused, what is bounded, and in which order answers come."""

import asyncio
import gc
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

import pytest
import uvloop
from lockgate.webhook.app import request_reader
from lockgate.webhook.app.connections import ConnectionLimits
from lockgate.webhook.app.http_application import Head, Reading, Reply, Unread
from lockgate.webhook.app.http_protocol import HttpProtocol, Seat
from lockgate.webhook.app.http_server import HttpServer
from lockgate.webhook.app.intake import Listening
from lockgate.webhook.app.request_reader import Held, RequestReader
from lockgate.webhook.app.tls import TlsFiles, make_tls
from lockgate.webhook.serving.answer import HttpAnswer

from tests.webhook.serving.server_processes import Identity, write_identity

ADDRESS = "127.0.0.1"
STATUSES = {"malformed": 400, "head_too_large": 431, "too_large": 413, "overload": 429}
LIMITS = ConnectionLimits(connections=8, head_bytes=2_000)


class Echo:
    """Answers with method, path, query and body. /refused takes no body; /later waits for `released`; /broken raises."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.heads: list[Head] = []
        self.unreads: list[Unread] = []
        # Paths of requests, and bytes that were held for all of them, when their turn came.
        self.turns: list[tuple[str, int]] = []
        self.held = Held()
        # Gets the path of each request that has a body, behind its answer.
        self.after: Callable[[str], None] = lambda path: None

    def begin(self, head: Head) -> Reading | HttpAnswer:
        self.heads.append(head)
        if head.path == "/refused":
            return HttpAnswer(401, b"who?", b"text/plain")
        if head.path == "/head-breaks":
            raise ValueError("no head")

        def answer(body: bytes) -> Reply:
            self.turns.append((head.path, self.held.size))
            if head.path == "/broken":
                raise ValueError("no body")
            said = b"%b %b %b %b" % (head.method.encode(), head.path.encode(), head.query, body)
            made = HttpAnswer(200, said, b"text/plain", lambda: self.after(head.path))
            return made if head.path != "/later" else self._later(made)

        return answer

    async def _later(self, made: HttpAnswer) -> HttpAnswer:
        await self.released.wait()
        return made

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        self.unreads.append(reason)
        return HttpAnswer(STATUSES[reason], reason.encode(), b"text/plain")


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))

    async def answer(self, *, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.strip().split("\r\n")
        headers = dict(one.split(": ", 1) for one in rest)
        size = int(headers.get("content-length", 0)) if has_body else 0
        return int(line.split()[1]), headers, await self.reader.readexactly(size)

    async def is_closed(self) -> bool:
        try:
            return await self.reader.read() == b""
        except OSError:
            return True


Connect = Callable[[], Awaitable[Client]]
Case = Callable[[HttpServer, Echo, Connect], Coroutine[Any, Any, None]]


class Run(Protocol):
    def __call__(self, case: Case, /) -> None:
        """Runs a case against a server on a free port; whatever it waits for comes, or the test ends."""
        ...


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return write_identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture(params=["plain", "tls"])
def run(request: pytest.FixtureRequest, identity: Identity) -> Run:
    if request.param == "plain":
        return lambda case: run_case(case, None)
    return lambda case: run_case(case, identity)


def run_case(case: Case, identity: Identity | None) -> None:
    server_tls, client_tls = None, None
    if identity is not None:
        server_tls = make_tls(TlsFiles(identity.certificate.read_bytes(), identity.key.read_bytes()))
        client_tls = ssl.create_default_context(cafile=str(identity.certificate))

    async def main() -> None:
        listener = socket.create_server((ADDRESS, 0))
        echo = Echo()
        server = HttpServer(echo, Listening(listener), LIMITS, lambda: server_tls)
        echo.held = server.held
        server.start()
        clients: list[Client] = []

        async def connect() -> Client:
            clients.append(Client(*await asyncio.open_connection(*listener.getsockname(), ssl=client_tls)))
            return clients[-1]

        try:
            async with asyncio.timeout(60):
                await case(server, echo, connect)
        finally:
            echo.released.set()
            await server.stop(5)
            for one in clients:
                one.writer.close()
            listener.close()
        assert server.held.size == 0

    uvloop.run(main())


def post(path: bytes, body: bytes = b"", headers: bytes = b"") -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n%b" % (path, len(body), headers, body)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.001)


def test_a_connection_answers_many_requests(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        for number in range(3):
            client.send(post(b"/a%20b?timeout=1s", b"%d" % number, b"Accept: x/y\r\n"))
            status, headers, body = await client.answer()
            assert (status, body) == (200, b"POST /a b timeout=1s %d" % number)
            assert headers == {"content-type": "text/plain", "content-length": str(len(body))}
        assert echo.heads[0].header(b"accept") == b"x/y"
        assert echo.heads[0].header(b"absent") == b""

    run(case)


def test_a_request_that_comes_byte_by_byte(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        for byte in post(b"/slow", b"body"):
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.answer())[2] == b"POST /slow  body"

    run(case)


def test_a_body_in_chunks(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        head = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send(head, b"3\r\nabc\r\n", b"2;ext=1\r\nde\r\n", b"0\r\nTrailer: t\r\n\r\n")
        assert (await client.answer())[2] == b"POST /c  abcde"
        client.send(post(b"/next"))
        assert (await client.answer())[2] == b"POST /next  "
        assert echo.heads[0].header(b"trailer") == b""

    run(case)


def test_requests_that_are_sent_ahead_are_answered_in_their_order(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(post(b"/1"), post(b"/later", b"x"), post(b"/refused", b"y"), post(b"/4"))
        assert (await client.answer())[2] == b"POST /1  "
        await until(lambda: server.connections.answering == 1)
        echo.released.set()
        assert [(await client.answer())[2] for _ in range(3)] == [b"POST /later  x", b"who?", b"POST /4  "]
        assert server.connections.answering == 0

    run(case)


@pytest.mark.parametrize("path", ["/now", "/later"])
def test_what_nobody_waits_for_is_done_once_the_answer_is_on_its_way(run: Run, path: str) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        writer = (await connect()).writer
        address, context = (writer.get_extra_info(name) for name in ("peername", "sslcontext"))
        seen: list[bytes] = []

        def open_client() -> socket.socket:
            made = socket.create_connection(address, 60)
            if context is None:
                return made
            assert isinstance(context, ssl.SSLContext)
            return context.wrap_socket(made, server_hostname=ADDRESS)

        with await asyncio.to_thread(open_client) as client:
            # On the server's thread, which can send nothing meanwhile.
            echo.after = lambda path: seen.append(client.recv(1_000))
            client.sendall(post(path.encode()))
            if path == "/later":
                await until(lambda: server.connections.answering == 1)
                echo.released.set()
            await until(lambda: bool(seen))
        assert seen[0].endswith(b"POST %b  " % path.encode())

    run(case)


def test_what_nobody_waits_for_is_done_for_who_has_gone_as_well(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        done: list[str] = []
        echo.after = done.append
        client.send(post(b"/later"))
        await until(lambda: server.connections.answering == 1)
        client.writer.transport.abort()
        await until(lambda: len(server.connections) == 0)
        echo.released.set()
        await until(lambda: done == ["/later"])

    run(case)


def test_who_sends_many_at_once_lets_others_come_between(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        greedy, other = await connect(), await connect()
        other.send(post(b"/other"))
        await other.answer()
        greedy.send(*[post(b"/many")] * 500)
        other.send(post(b"/other"))
        for _ in range(500):
            assert (await greedy.answer())[0] == 200
        await other.answer()
        order = [path for path, _ in echo.turns]
        assert order.count("/many") == 500
        assert order.index("/other", 1) < 500

    run(case)


def test_nothing_is_read_while_requests_wait(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(post(b"/later"))
        await until(lambda: server.connections.answering == 1)
        for _ in range(200):
            client.send(post(b"/ahead", b"x" * 50_000))
        echo.released.set()
        for _ in range(201):
            assert (await client.answer())[0] == 200
        assert max(held for _, held in echo.turns) < 1_000_000

    run(case)


def test_a_client_that_reads_nothing_is_answered_no_further_and_may_be_sent_away(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        body = b"x" * 500_000
        client.send(*[post(b"/big", body)] * 60)
        seen = -1
        while seen != len(echo.turns):
            # What is between the two takes some.
            seen = len(echo.turns)
            await until(lambda: any(one.is_stalled for one in server.protocols))
            for _ in range(50):
                await asyncio.sleep(0.001)
        assert seen < 60
        assert server.connections.answering == 0
        assert len(server.connections.quiet()) == 1
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(60):
            assert (await client.answer())[0] == 200

    run(case)


@pytest.mark.parametrize("waits", [False, True])
def test_a_client_that_asks_first_is_told_to_go_on(run: Run, waits: bool) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        asked = b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n"
        if waits:
            client.send(post(b"/later"))
            await until(lambda: server.connections.answering == 1)
            client.send(asked)
            await until(lambda: len(echo.heads) == 2)
            echo.released.set()
            assert (await client.answer())[2] == b"POST /later  "
        else:
            client.send(asked)
        assert (await client.reader.readexactly(25)) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"hi")
        assert (await client.answer())[2] == b"POST /e  hi"

    run(case)


@pytest.mark.parametrize(
    ("path", "length", "status"), [(b"/refused", 5, 401), (b"/e", request_reader.MAX_BODY + 1, 413)]
)
def test_a_client_that_asks_first_is_refused_first(run: Run, path: bytes, length: int, status: int) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
        client.send(head % (path, length))
        found, headers, _ = await client.answer()
        assert (found, headers["connection"]) == (status, "close")
        assert await client.is_closed()

    run(case)


MALFORMED: Sequence[bytes] = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost : x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    b"POST /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"POST x:/\\ HTTP/1.1\r\nHost: x\r\n\r\n",
)


@pytest.mark.parametrize("sent", MALFORMED)
def test_what_is_no_request_is_refused_and_ends_the_connection(run: Run, sent: bytes) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(post(b"/later"), sent, post(b"/behind"))
        await until(lambda: server.connections.answering == 1)
        echo.released.set()
        assert (await client.answer())[2] == b"POST /later  "
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (400, "close")
        assert await client.is_closed()
        assert echo.unreads == ["malformed"]
        assert [head.path for head in echo.heads] in (["/later"], ["/later", "/"])

    run(case)


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 3_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1_000 + b"\r\n",
        b"POST /" + b"a" * 3_000,
    ],
)
def test_a_head_that_is_too_large_is_refused(run: Run, sent: bytes) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(sent)
        assert (await client.answer())[0] == 431
        assert await client.is_closed()
        assert (echo.heads, echo.unreads) == ([], ["head_too_large"])

    run(case)


@pytest.mark.parametrize("begun", [b"POST / HTTP/1.1\r\nHost: x\r\nA: ", b"POST /", b"POS"])
def test_a_head_without_end_is_refused(run: Run, begun: bytes) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(begun)
        while not echo.unreads:
            client.send(b"a" * 100)
            await asyncio.sleep(0)
        await until(lambda: len(server.connections) == 0)

    run(case)


@pytest.mark.parametrize(
    "part", [b"1\r\nx\r\n", b"1;" + b"e" * 1_000 + b"\r\nx\r\n", b"0\r\n" + b"T: t\r\n" * 2_000]
)
def test_what_stands_around_a_body_is_bounded(run: Run, part: bytes) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not echo.unreads:
            client.send(part)
            await asyncio.sleep(0)
        # Who goes on to send may not get to read it.
        await until(lambda: len(server.connections) == 0)

    run(case)


def test_a_body_that_is_too_large_is_read_and_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reader, "MAX_BODY", 100)

    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(post(b"/", b"x" * 100))
        assert (await client.answer())[0] == 200
        client.send(post(b"/", b"x" * 101))
        status, headers, body = await client.answer()
        assert (status, body, headers["connection"]) == (413, b"too_large", "close")
        assert await client.is_closed()

    run(case)


@pytest.mark.parametrize(("path", "status"), [(b"/", 413), (b"/refused", 401)])
def test_a_body_without_end_is_not_read_for_ever(
    run: Run, path: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_reader, "MAX_BODY", 1_000)
    monkeypatch.setattr(request_reader, "MAX_THROWN", 2_000)

    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" % path, b"x" * 2_001)
        assert (await client.answer())[0] == status
        assert await client.is_closed()

    run(case)


def test_bodies_of_all_connections_have_a_bound(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_reader, "MAX_HELD", 1_000)

    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        first, second = await connect(), await connect()
        first.send(post(b"/later", b"x" * 900))
        await until(lambda: server.connections.answering == 1)
        second.send(post(b"/", b"x" * 200))
        assert (await second.answer())[0] == 429
        assert await second.is_closed()
        echo.released.set()
        assert (await first.answer())[0] == 200
        first.send(post(b"/", b"x" * 900))
        assert (await first.answer())[0] == 200

    run(case)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /x HTTP/1.0\r\n\r\n",
        b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /y HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nGET /y HTTP/1.1\r\n\r\n",
        b"GET http://elsewhere/x HTTP/1.0\r\n\r\n",
    ],
)
def test_the_last_request_of_a_connection(run: Run, sent: bytes) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(sent)
        status, headers, body = await client.answer()
        assert (status, headers["connection"], body) == (200, "close", b"GET /x  ")
        assert await client.is_closed()
        assert len(echo.heads) == 1

    run(case)


def test_a_tunnel_is_none(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03\x01")
        _, headers, _ = await client.answer()
        assert headers["connection"] == "close"
        assert await client.is_closed()
        assert [head.path for head in echo.heads] in ([], [""])

    run(case)


def test_head_has_no_body(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(b"HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /y HTTP/1.1\r\nHost: x\r\n\r\n")
        status, headers, _ = await client.answer(has_body=False)
        assert (status, headers["content-length"]) == (200, str(len("HEAD /x  ")))
        assert (await client.answer())[2] == b"GET /y  "

    run(case)


@pytest.mark.parametrize("path", [b"/broken", b"/head-breaks"])
def test_a_fault_is_answered_and_the_connection_goes_on(
    run: Run, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(post(path, b"x"))
        assert (await client.answer())[0] == 500
        client.send(post(b"/next"))
        assert (await client.answer())[0] == 200

    run(case)
    assert "no answer to" in caplog.text


def test_who_is_refused_does_not_stay_among_those_that_wait(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        await until(lambda: len(echo.heads) == 1)
        assert server.connections.answering == 0
        client.send(b"12345")
        assert (await client.answer())[0] == 401
        assert (server.connections.answering, len(server.connections.quiet())) == (0, 1)

    run(case)


def test_a_request_that_comes_in_part_behind_another_has_its_time_too(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client, idle = await connect(), await connect()
        idle.send(post(b"/"))
        await idle.answer()
        client.send(post(b"/later"), post(b"/", b"12345")[:-2])
        await until(lambda: server.connections.answering == 1)
        echo.released.set()
        await client.answer()
        # The one that comes is sent away before the one that is idle.
        seat = server.connections.expendable()
        assert seat is not None
        assert seat.transport is not None
        assert seat.transport.get_extra_info("peername") == client.writer.get_extra_info("sockname")
        client.send(b"45")
        assert (await client.answer())[2] == b"POST /  12345"

    run(case)


def test_a_client_that_goes_while_its_answer_is_made(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        client = await connect()
        client.send(post(b"/later", b"x"))
        await until(lambda: server.connections.answering == 1)
        client.writer.transport.abort()
        await until(lambda: len(server.connections) == 0)
        echo.released.set()
        await until(lambda: not server.tasks)
        assert len(server.connections) == 0

    run(case)


def test_a_server_that_stops_gives_the_answers_that_are_due(run: Run) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        waiting, idle, half = await connect(), await connect(), await connect()
        idle.send(post(b"/"))
        await idle.answer()
        waiting.send(post(b"/later", b"x"))
        half.send(post(b"/half", b"12345")[:-2])
        await until(lambda: server.connections.answering == 1 and len(echo.heads) == 3)
        stopping = asyncio.create_task(server.stop(60))
        assert await idle.is_closed()
        half.send(b"45")
        status, headers, body = await half.answer()
        assert (status, headers["connection"], body) == (200, "close", b"POST /half  12345")
        echo.released.set()
        status, headers, body = await waiting.answer()
        assert (status, headers["connection"], body) == (200, "close", b"POST /later  x")
        await stopping

    run(case)


@pytest.mark.parametrize("path", [b"/a", b"/later"])
def test_a_connection_that_has_ended_leaves_nothing_to_the_collector_of_cycles(run: Run, path: bytes) -> None:
    async def case(server: HttpServer, echo: Echo, connect: Connect) -> None:
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                client = await connect()
                client.send(post(path, b"x"))
                await until(lambda: path == b"/a" or server.connections.answering == 1)
                echo.released.set()
                await client.answer()
                echo.released.clear()
                client.writer.close()
            await until(lambda: not server.protocols and not server.connections)
            left = [one for one in gc.get_objects() if type(one) in (HttpProtocol, RequestReader, Seat)]
            assert left == []
        finally:
            gc.enable()

    run(case)
