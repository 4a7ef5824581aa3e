"""What main compiles, it compiles in one thread, whatever else is going on."""

import asyncio
from contextlib import closing
from threading import get_ident

import pytest
from lockgate.webhook.app.compiling import Compiling


def test_everything_is_done_in_one_thread_and_in_order() -> None:
    done: list[int] = []

    def work(number: int) -> int:
        done.append(number)
        return get_ident()

    async def ask() -> set[int]:
        with closing(Compiling()) as compiling:
            # Others of the loop's own pool are beside it.
            beside = [asyncio.to_thread(get_ident) for _ in range(20)]
            asked = [asyncio.create_task(compiling.run(work, number)) for number in range(20)]
            found = set(await asyncio.gather(*asked))
            assert found.isdisjoint(await asyncio.gather(*beside))
            return found

    assert len(asyncio.run(ask())) == 1
    assert done == [*range(20)]


def test_what_fails_is_told() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def ask() -> None:
        with closing(Compiling()) as compiling:
            await compiling.run(fail)

    with pytest.raises(ValueError, match="no"):
        asyncio.run(ask())
