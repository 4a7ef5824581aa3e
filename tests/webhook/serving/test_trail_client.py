"""A worker's way to the appender: many drafts at a time on one connection, who gives up, and an appender that is lost."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from lockgate.audit.draft import Draft
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.receipt import Place
from lockgate.audit.store.appender_server import AppenderServer
from lockgate.audit.store.socket_messages import Frames, parse_drafts, render_places
from lockgate.webhook.serving.trail_client import TOGETHER, TrailClient
from sqlalchemy import Connection

from tests.audit.trails import Trail, open_trail

LONG = 30.0


@contextmanager
def served(folder: Path) -> Iterator[tuple[Trail, str]]:
    with open_trail(folder) as trail:
        # Keys of namespaces, which could not be made while the appender is in its transaction.
        for number in range(3):
            trail.decide(number)
        server = AppenderServer(trail.appender, folder / "socket")
        try:
            yield trail, str(server.path)
        finally:
            server.close()


def test_many_at_a_time(tmp_path: Path) -> None:
    with served(tmp_path) as (trail, path):

        async def run() -> None:
            client = TrailClient(path, at_a_time=20)
            drafts = [trail.decide(number, request=str(number)) for number in range(60)]
            places = await asyncio.gather(*[client.append(draft, LONG) for draft in drafts])
            assert sorted([one.index for one in places]) == list(range(1, 61))
            again = await client.append(drafts[7], LONG)
            assert (again.index, again.repeated, client.waiting) == (places[7].index, True, 0)
            (entry,) = trail.store.entries(again.index, again.index + 1)
            assert again.leaf_hash == leaf_hash(entry)
            client.close()

        asyncio.run(run())


def test_drafts_of_a_turn_are_sent_a_few_at_a_time(tmp_path: Path) -> None:
    sizes: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                for frame in frames.feed(data):
                    numbers = [number for number, _ in parse_drafts(*frame)]
                    sizes.append(len(numbers))
                    writer.write(render_places([(number, Place(number, bytes(32))) for number in numbers]))
        writer.transport.abort()
        ended.set()

    ended = asyncio.Event()

    async def run() -> None:
        path = str(tmp_path / "socket")
        server = await asyncio.start_unix_server(answer, path)
        client = TrailClient(path, at_a_time=100)
        draft = Draft("policy", {"event": "added", "policies": "x"}, idempotency=bytes(16))
        # Which makes the connection.
        await client.append(draft, LONG)
        places = await asyncio.gather(*[client.append(draft, LONG) for _ in range(2 * TOGETHER + 1)])
        assert [one.index for one in places] == [*range(2, 2 * TOGETHER + 3)]
        client.close()
        await ended.wait()
        server.close()
        await server.wait_closed()

    asyncio.run(run())
    assert sizes == [1, TOGETHER, TOGETHER, 1]


def test_one_that_is_refused_is_told_and_no_other(tmp_path: Path) -> None:
    with served(tmp_path) as (trail, path):

        async def run() -> list[object]:
            client = TrailClient(path, at_a_time=20)
            wrong = Draft("policy", {"event": "added", "policies": "x"})
            asked = [client.append(draft, LONG) for draft in (trail.decide(1), wrong, trail.decide(2))]
            told = await asyncio.gather(*asked, return_exceptions=True)
            client.close()
            return [*told]

        first, refused, second = asyncio.run(run())
        assert isinstance(refused, FormatError)
        assert not isinstance(first, BaseException) and not isinstance(second, BaseException)


def test_who_gives_up_holds_up_nobody(tmp_path: Path) -> None:
    with served(tmp_path) as (trail, path):
        go_on, begun = threading.Event(), threading.Event()

        def wait(_connection: Connection) -> None:
            begun.set()
            go_on.wait(LONG)

        trail.appender.submit(trail.decide(0), within=wait)
        assert begun.wait(LONG)

        async def run() -> None:
            client = TrailClient(path, at_a_time=1)
            with pytest.raises(TrailError, match="no receipt came"):
                await client.append(trail.decide(1, request="late"), 0.01)
            assert client.waiting == 0
            go_on.set()
            # Its own place, and not that of the draft that was given up.
            place = await client.append(trail.decide(2, request="next"), LONG)
            (entry,) = trail.store.entries(place.index, place.index + 1)
            assert place.leaf_hash == leaf_hash(entry)
            repeated = await client.append(trail.decide(2, request="next"), LONG)
            assert (repeated.index, repeated.repeated) == (place.index, True)
            client.close()

        try:
            asyncio.run(run())
        finally:
            go_on.set()


def test_an_appender_that_is_lost_and_one_that_takes_its_place(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        server = AppenderServer(trail.appender, tmp_path / "socket")
        draft = trail.decide(1, request="r")

        async def run() -> None:
            nonlocal server
            client = TrailClient(str(tmp_path / "socket"), at_a_time=4)
            first = await client.append(draft, LONG)
            server.close()
            with pytest.raises(TrailError, match="does not answer"):
                await client.append(draft, LONG)
            server = AppenderServer(trail.appender, tmp_path / "socket")
            again = await client.append(draft, LONG)
            assert (again.index, again.repeated) == (first.index, True)
            client.close()

        try:
            asyncio.run(run())
        finally:
            server.close()
