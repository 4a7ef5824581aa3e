"""What a store leaves out of the promotions is noticed by whoever reads them."""

from dataclasses import replace
from pathlib import Path

import pytest
from lockgate.audit.errors import VerificationError
from lockgate.audit.promotions import events
from lockgate.audit.promotions.history import Promoted
from lockgate.webhook.promoting.promotion_log import PromotionLog
from lockgate.webhook.trail import Trail, open_trail
from sqlalchemy import text

from tests.webhook.helpers import run_here

WHAT = Promoted("hf:org/fraud", "7", "staging", "sha256:" + "b" * 64, "sha256:" + "c" * 64)


@pytest.fixture
def home(tmp_path: Path) -> str:
    place = tmp_path / "trail"
    ran = run_here(
        "audit", "init", "trail", "--origin", "example.com/t", "--administrator", "us", cwd=tmp_path
    )
    assert ran.code == 0, ran.err
    return str(place)


def record(trail: Trail, *made: events.PromotionEvent) -> None:
    appending = trail.appending()
    with appending:
        for one in made:
            appending.appender.append(trail.recorder().promotion(one, "somebody", {}))


def test_a_request_that_the_store_hides(home: str) -> None:
    with open_trail(home) as trail:
        record(trail, events.requested(WHAT, "asks"))
    with open_trail(home) as trail:
        assert len([*PromotionLog(trail).history.requests()]) == 1
        with trail.store.engine.begin() as connection:
            connection.execute(
                text(
                    "DELETE FROM stream_entry WHERE stream = (SELECT id FROM stream_head WHERE name = 'promotion')"
                )
            )
        with pytest.raises(VerificationError, match="leaves out the end of the stream promotion"):
            PromotionLog(trail)
        with trail.store.engine.begin() as connection:
            connection.execute(text("DELETE FROM stream_head WHERE name = 'promotion'"))
        with pytest.raises(VerificationError, match="leaves out the end"):
            PromotionLog(trail)


@pytest.mark.parametrize("others", [1, 3])
def test_what_another_writer_recorded_between_is_read(home: str, others: int) -> None:
    """As on PostgreSQL: it was recorded, and to say that it was not would be wrong."""
    made = [
        events.requested(replace(WHAT, statement=f"sha256:{one:064x}"), "asks") for one in range(others + 1)
    ]
    with open_trail(home) as trail:
        log = PromotionLog(trail)
        appending = trail.appending()
        with appending:
            receipts = [
                appending.appender.append(trail.recorder().promotion(one, "somebody", {})) for one in made
            ]
            log.take(receipts[-1])
        assert [one.index for one in log.history.requests()] == [one.index for one in receipts]
        log.take(receipts[0])
        assert len([*log.history.requests()]) == others + 1


def test_another_writer_whose_checkpoint_comes_later(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [events.requested(replace(WHAT, statement=f"sha256:{one:064x}"), "asks") for one in range(2)]
    with open_trail(home) as trail:
        log = PromotionLog(trail)
        with trail.appending() as appending:
            receipts = [
                appending.appender.append(trail.recorder().promotion(one, "somebody", {})) for one in made
            ]
        # Until then nothing is proven.
        follow, looks = PromotionLog.follow, iter([False, False])
        monkeypatch.setattr(PromotionLog, "follow", lambda log: next(looks, None) is None and follow(log))
        log.take(receipts[1])
        assert [one.index for one in log.history.requests()] == [one.index for one in receipts]
