"""Grants that were taken away are known after a restart."""

from pathlib import Path

import pytest
from lockgate.webhook.cli import run
from lockgate.webhook.ended_grants import ended_grants
from lockgate.webhook.grant_drafts import event_draft
from lockgate.webhook.serving.glass_watch import Event, GlassEvent
from lockgate.webhook.trail import open_trail

from tests.gatekeeper.break_glass.making import make_grant, sign, unsigned


def test_only_what_was_revoked_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["audit", "init", "trail", "--origin", "example.com/lockgate/cluster"]) == 0
    one, other = make_grant(sign(unsigned())), make_grant(sign(unsigned("night-2")))
    told: list[tuple[Event, bool]] = [("granted", False), ("refused", False), ("revoked", True)]
    with open_trail("trail") as trail:
        assert ended_grants(trail) == frozenset()
        for event, is_ended in told:
            why = "forged" if event == "refused" else ""
            with trail.appending() as appending:
                for grant in (one, other) if event != "revoked" else (one,):
                    draft = event_draft(trail.recorder(), GlassEvent(event, grant, "ada", why))
                    first = appending.appender.append(draft)
                    # Every replica tells it; the log has it once.
                    again = event_draft(trail.recorder(), GlassEvent(event, grant, "ada", why))
                    assert appending.appender.append(again).index == first.index
            assert ended_grants(trail) == (frozenset([one.digest]) if is_ended else frozenset())
