"""Break-glass on the trail of a running server: who, why, until when, what was let through; and with the trail down."""

import json
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.canonical import Json
from lockgate.audit.entry import parse_entry
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.gatekeeper.break_glass.making import policy_value
from tests.webhook.serving.server_processes import (
    SECONDS,
    STEP_SECONDS,
    Server,
    config_map,
    review_of,
    running_server,
    write_policies,
)
from tests.webhook.serving.test_serve_glass import granted


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    place = tmp_path / "trail"
    assert run(["audit", "init", str(place), "--origin", "example.com/lockgate/serve"]) == 0
    capsys.readouterr()
    return place


@pytest.fixture
def glass(tmp_path: Path) -> Path:
    place = tmp_path / "glass"
    place.mkdir()
    (place / "policy.json").write_text(json.dumps(policy_value()))
    return place


def entries(home: Path) -> list[tuple[str, Mapping[str, Json]]]:
    with open_trail(str(home)) as trail:
        found = [parse_entry(entry).value for entry in trail.store.entries(0, trail.store.head().size)]
    return [
        (str(one.get("event", one.get("outcome"))), one)
        for one in found
        if one["kind"] in ("break-glass", "decision")
    ]


def admitted(
    server: Server, uid: str, is_allowed: bool, path: str = "/v1/admit?timeout=10s"
) -> dict[str, Any]:
    """Asks until the answer is this, since workers learn of a grant in a moment."""
    end = time.monotonic() + SECONDS
    number = 0
    while (answer := server.admit(review_of(config_map(), f"{uid}-{number}"), path))["allowed"] != is_allowed:
        assert time.monotonic() < end, answer
        number += 1
        time.sleep(STEP_SECONDS)
    return answer


def test_what_becomes_of_a_grant_and_what_it_lets_through_is_on_the_trail(
    tmp_path: Path, home: Path, glass: Path
) -> None:
    policies = write_policies(tmp_path)
    (glass / "night.json").write_text(json.dumps(granted("night-1")))
    options = ["--trail", str(home), "--break-glass", str(glass)]
    with running_server(tmp_path, policies, options) as server:
        answer = admitted(server, "a", True)
        assert answer["auditAnnotations"]["break-glass"] == "night-1"
        assert "record-index" in answer["auditAnnotations"]
        server.wait_for("break-glass granted")
        saved = (glass / "night.json").read_bytes()
        (glass / "night.json").unlink()
        server.wait_for("break-glass revoked")
        admitted(server, "b", False)
    # A server that is started anew knows what was taken away.
    (glass / "night.json").write_bytes(saved)
    with running_server(tmp_path, policies, options) as server:
        server.wait_for("break-glass refused")
        admitted(server, "c", False)
    told = [event for event, entry in entries(home) if entry["kind"] == "break-glass"]
    assert sorted(told) == ["granted", "refused", "revoked", "used"]
    by_event = {event: entry for event, entry in entries(home) if entry["kind"] == "break-glass"}
    assert (by_event["granted"]["ticket"], by_event["granted"]["reason"]) == ("OPS-1", "the registry is down")
    assert by_event["granted"]["until"] > by_event["granted"]["from"]  # type: ignore[operator]
    assert (by_event["used"]["outcome"], by_event["used"]["resource"]) == ("deny", "v1/ConfigMap")
    # The Decision beside it stays what it was.
    assert {event for event, entry in entries(home) if entry["kind"] == "decision"} == {"deny"}


@pytest.mark.parametrize("has_spool", [True, False])
def test_with_the_trail_down_a_grant_works_where_a_spool_keeps_its_uses(
    has_spool: bool, tmp_path: Path, home: Path, glass: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (glass / "night.json").write_text(json.dumps(granted("night-1")))
    spool = tmp_path / "spool"
    options = ["--trail", str(home), "--break-glass", str(glass)]
    options += ["--break-glass-spool", str(spool)] if has_spool else []
    with running_server(tmp_path, write_policies(tmp_path), options) as server:
        server.wait_for("break-glass granted")
        admitted(server, "a", True)
        with closing(sqlite3.connect(next(home.glob("*.db")), isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            answer = server.admit(review_of(config_map(), "down"), "/v1/admit?timeout=3s")
            holder.execute("ROLLBACK")
    assert answer["allowed"] == has_spool
    if not has_spool:
        assert "could not be recorded" in answer["status"]["message"]
        return
    (tmp_path / "policy.json").write_text(json.dumps(policy_value()))
    capsys.readouterr()
    command = ["audit", "import", str(spool), "--policy", str(tmp_path / "policy.json"), "--trail", str(home)]
    assert run(command) == 0
    assert capsys.readouterr().out == "1 entries appended, 0 were there already, 0 refused\n"
    claimed = [entry for event, entry in entries(home) if event == "used" and "claimed" in entry]
    assert [(one["grant"], one["outcome"]) for one in claimed] == [("night-1", "error")]
