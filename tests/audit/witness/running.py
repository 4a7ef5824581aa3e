"""A witness of ours behind HTTP in a thread of the test, and peers that answer with prepared bytes."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from lockgate.audit.cosignature import CosignatureSigner
from lockgate.audit.note import VerifierKey, render_verifier_key
from lockgate.audit.witness.server import WitnessServer
from lockgate.audit.witness.state import WitnessState
from lockgate.audit.witness.witness import Witness

NOW = 1_800_000_000


class Witnesses:
    """Makes witnesses whose memory is in a folder, as it was left there; closes what it opened."""

    def __init__(self) -> None:
        self._states: list[WitnessState] = []

    def __call__(
        self,
        folder: Path,
        logs: Mapping[str, Sequence[VerifierKey]],
        signer: CosignatureSigner,
        clock: Callable[[], int] = lambda: NOW,
    ) -> Witness:
        path = folder / "witness.db"
        vkey = render_verifier_key(signer.verifier_key)
        self._states.append(WitnessState(path, vkey) if path.exists() else WitnessState.create(path, vkey))
        return Witness(logs, [signer], self._states[-1], clock)

    def close(self) -> None:
        for state in self._states:
            state.close()


@contextmanager
def served(
    witness: Witness, prefix: str = "", context: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[str]:
    """The URL of a witness that is served until the block ends."""
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    ports: list[int] = []
    ready = Event()
    failures: list[BaseException] = []

    async def main() -> None:
        stop = asyncio.Event()
        loops.append((asyncio.get_running_loop(), stop))

        def started(port: int) -> None:
            ports.append(port)
            ready.set()

        await WitnessServer(witness, prefix).serve("127.0.0.1", port, stop, started, context)

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 (told by the test's own thread)
            failures.append(error)
            ready.set()

    thread = Thread(target=run)
    thread.start()
    try:
        assert ready.wait(30) and not failures, failures
        scheme = "https" if context else "http"
        yield f"{scheme}://127.0.0.1:{ports[0]}{prefix}"
    finally:
        loop, stop = loops[0]
        if not failures:
            loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive() and not failures, failures


@contextmanager
def answering(*answers: bytes | None, drip: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A URL where each connection in turn gets one of the answers (None: none at all), and the requests that came.

    With `drip` the bytes come one by one, from the beginning, as long as the other end bears it.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []
    over = Event()

    def run() -> None:
        for answer in answers:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(30)
                try:
                    if not drip:
                        requests.append(_request(connection))
                    if answer is None:
                        over.wait(30)
                    elif drip:
                        for place in range(len(answer)):
                            connection.sendall(answer[place : place + 1])
                            if over.wait(0.02):
                                return
                    else:
                        connection.sendall(answer)
                except OSError:
                    pass

    thread = Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(30)
        assert not thread.is_alive()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _received(connection)
    return head + b"\r\n\r\n" + body


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionError("the other end went away")
    return data
