"""The trail of a made-up year: it verifies, it is the same from the same seed, and what it says to hold is what it holds."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lockgate.audit.entry import Entry, parse_entry
from lockgate.webhook.cli import cli
from lockgate.webhook.trail import open_trail

from examples.trail.__main__ import make

END_MS = 1_793_491_200_000


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("year")
    make(folder, 3_500, 1, END_MS)
    return folder


@pytest.fixture(scope="module")
def known(year: Path) -> Any:
    return json.loads((year / "known.json").read_text())


@pytest.fixture(scope="module")
def entries(year: Path) -> list[Entry]:
    with open_trail(str(year / "trail")) as trail:
        return [parse_entry(one) for one in trail.store.entries(0, trail.store.head().size)]


def test_it_verifies_by_the_first_key_across_the_rotation(year: Path, known: Any) -> None:
    given = ["audit", "verify", str(year / "trail"), "--log-key", str(year / "kept-elsewhere.vkey")]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code == 0, done.output
    assert f"{known['size']} entries" in done.output
    (gap,) = known["gaps"]
    assert f"no coverage by prod-eu from {gap['from']} to {gap['to']}" in done.output


def test_no_clock_goes_back(entries: list[Entry]) -> None:
    assert not any(one.clock_anomaly for one in entries)
    assert entries[-1].time_ms <= END_MS


def test_what_is_told_is_what_is_there(entries: list[Entry], known: Any) -> None:
    assert len(entries) == known["size"]
    for one in known["promotions"]:
        value = entries[one["entry"]].value
        assert {name: value[name] for name in ("event", "model", "version", "environment", "subject")} == {
            name: one[name] for name in ("event", "model", "version", "environment", "subject")
        }
    assert sum(1 for one in entries if one.kind == "promotion") == len(known["promotions"])
    outcomes = Counter(str(one.value["outcome"]) for one in entries if one.kind == "decision")
    assert outcomes == known["decisions"]
    for name, one in known["exemptions"].items():
        used = [at for at in entries if at.kind == "exemption" and at.value["exemption"] == name]
        assert sum(1 for at in used if at.value["event"] == "used") == one["used"]
        assert entries[one["granted"]].value["event"] == "granted"
    for one in known["deniedThenAllowed"]:
        pair = (entries[one["denied"]].value["outcome"], entries[one["allowed"]].value["outcome"])
        assert pair == ("deny", "allow")
    assert [entries[one].value["outcome"] for one in known["errorsOfTheOutage"]] == ["error"] * 12
    assert [entries[one].kind for one in known["access"]] == ["access"] * 5
    assert entries[known["rotation"]["added"]].value["event"] == "added"


def test_the_odd_promotions_are_there(known: Any) -> None:
    made = [one for one in known["promotions"] if one["event"] == "promoted"]
    prod = [one for one in made if one["environment"] == "prod"]
    assert [one["model"] for one in prod if one["requester"] in one["approvers"]] == ["pricing"]
    assert [one["model"] for one in prod if len(one["approvers"]) == 1] == ["ranking"]
    assert [one["model"] for one in prod if one["driftAgeDays"] > 30] == ["churn"]
    assert [one["event"] for one in known["promotions"] if one["event"] in ("rolled-back", "revoked")] == [
        "rolled-back",
        "revoked",
    ]
    asked = {one["request"] for one in known["promotions"] if one["event"] == "requested"}
    assert asked > {one["request"] for one in made}, "some are still pending"


def test_the_same_seed_tells_the_same_story(tmp_path: Path, known: Any) -> None:
    again = make(tmp_path, 3_500, 1, END_MS)
    # Keys are new each time, and what names them.
    assert json.loads(json.dumps(again)) == known
