"""Main's part of promotions: what is published of a trail, what readiness and metrics say, and what comes of a silent one."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from lockgate.webhook.app import promotions_keeper
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.promotions_keeper import PromotionsKeeper
from lockgate.webhook.cli import run
from lockgate.webhook.promoting.followed_promotions import KEY, FollowedPromotions, trouble_text
from lockgate.webhook.serving.objects import Change

from tests.webhook.app.test_sweep_keeper import Sink

SECONDS = 60.0
UNREAD = trouble_text("the trail has not been read yet")
SILENT = trouble_text("it said nothing for 5 s")


class Kept:
    """A keeper of a trail's promotions, and what it published."""

    def __init__(self, home: Any) -> None:
        self.told: list[bytes] = []
        self.sink = Sink()
        log = Log(self.sink, format="json", level="info", process="main", now_ns=lambda: 0)
        self.followed = FollowedPromotions(str(home), time.monotonic)
        self.keeper = PromotionsKeeper(self.followed, self.publish, log)

    async def publish(self, changes: Sequence[Change]) -> None:
        """As main's publisher does."""
        for change in changes:
            assert change.key == KEY
            assert change.data is not None
            self.told.append(change.data)

    def samples(self) -> dict[str, float]:
        """What metrics say."""
        return {name.removeprefix("lockgate_promotions_"): value for name, _, value in self.keeper.samples}

    def events(self) -> list[tuple[str, str]]:
        """What the log says."""
        return [(one["level"], one["event"]) for one in self.sink.lines]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Follows until something holds."""
        following = asyncio.ensure_future(self.keeper.follow())

        async def wait() -> None:
            while not holds():
                assert not following.done()
                await asyncio.sleep(0.01)

        try:
            await asyncio.wait_for(wait(), SECONDS)
        finally:
            following.cancel()
            self.keeper.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promotions_keeper, "LOOK_S", 0.01)


@pytest.fixture
def kept(tmp_path: Any) -> Kept:
    assert run(["audit", "init", str(tmp_path / "trail"), "--origin", "example.com/log"]) == 0
    return Kept(tmp_path / "trail")


def test_before_the_first_reading_nothing_is_known_and_the_server_is_not_ready(kept: Kept) -> None:
    (change,) = kept.keeper.first()
    assert change == Change(KEY, UNREAD)
    assert kept.keeper.lacking == "promotions are not known yet: the trail has not been read yet"
    assert kept.samples() == {"entries": 0.0, "trouble": 1.0}
    asyncio.run(kept.until(lambda: not kept.keeper.lacking))
    assert len(kept.told) == 1
    assert b'"otherwise": "no promotion of it is recorded"' in kept.told[0]
    assert {*kept.samples()} == {"entries", "read_age_seconds", "trouble"}
    assert kept.samples()["trouble"] == 0.0
    assert kept.events() == [("info", "promotions read")]


def test_a_trail_that_is_away_is_told_and_then_told_to_be_back(kept: Kept, tmp_path: Any) -> None:
    away = tmp_path / "away"

    async def go() -> None:
        kept.keeper.first()
        following = asyncio.ensure_future(kept.keeper.follow())
        stages: list[Callable[[], bool]] = [
            lambda: not kept.keeper.lacking,
            lambda: b"systemError" in kept.told[-1] and kept.samples()["trouble"] == 1.0,
            lambda: kept.told[-1] == kept.told[0] and kept.samples()["trouble"] == 0.0,
        ]
        for holds in stages:
            async with asyncio.timeout(SECONDS):
                while not holds():
                    await asyncio.sleep(0.01)
            # Who was ready stays so: what is asked is answered with the failure.
            assert not kept.keeper.lacking
            if away.exists():
                away.rename(tmp_path / "trail")
            elif len(kept.told) == 1:
                (tmp_path / "trail").rename(away)
        following.cancel()
        kept.keeper.close()

    asyncio.run(go())
    assert len(kept.told) == 3
    assert ("error", "promotions not read") in kept.events()
    assert ("info", "promotions read again") in kept.events()


def test_a_database_that_says_nothing_is_one_that_cannot_be_read(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promotions_keeper, "ANSWER_S", 0.05)
    silent, looked = threading.Event(), kept.followed.look

    def look() -> None:
        looked()
        if SILENT not in kept.told and kept.told:
            silent.wait(SECONDS)

    monkeypatch.setattr(FollowedPromotions, "look", lambda _: look())

    def holds() -> bool:
        if SILENT in kept.told:
            silent.set()
        return len(kept.told) == 3

    kept.keeper.first()
    asyncio.run(kept.until(holds))
    assert kept.told[1] == SILENT
    assert kept.told[2] == kept.told[0]
    assert kept.events() == [
        ("info", "promotions read"),
        ("error", "promotions not read"),
        ("info", "promotions read"),
        ("info", "promotions read again"),
    ]
