"""`lockgate serve --trail`: a decision is in the log before it is answered, or the answer is closed."""

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from lockgate.audit.canonical import Json
from lockgate.audit.entry import parse_entry
from lockgate.audit.seen import seen_drafts
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.gatekeeper.promotions.making import promotion_policy
from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    SECONDS,
    STEP_SECONDS,
    Server,
    config_map,
    review_of,
    running_server,
    write_policies,
)

DENIED = "[owners] settings has no owner"


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    place = tmp_path / "trail"
    assert run(["audit", "init", str(place), "--origin", "example.com/lockgate/serve"]) == 0
    capsys.readouterr()
    return place


def _entries(home: Path, kind: str) -> list[dict[str, Json]]:
    """The entries of a kind, with their indices."""
    with open_trail(str(home)) as trail:
        size = trail.store.head().size
        found = [parse_entry(entry).value for entry in trail.store.entries(0, size)]
    return [{**value, "index": index} for index, value in enumerate(found) if value["kind"] == kind]


def _changes(home: Path) -> list[dict[str, Json]]:
    """The entries of policies' changes; the server's configuration has its own."""
    told = _entries(home, "policy")
    return [one for one in told if not str(one.get("policy", "")).startswith("Configuration/")]


def _is_verified(home: Path) -> bool:
    key = home.parent / "kept.vkey"
    key.write_bytes((home / "log.vkey").read_bytes())
    return run(["audit", "verify", str(home), "--log-key", str(key)]) == 0


def test_decisions_are_recorded_and_the_api_server_is_told_where(tmp_path: Path, home: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server:
        denied = server.admit(review_of(config_map(), "a"))
        allowed = server.admit(review_of(config_map(labels={"owner": "me"}), "b"))
        unmatched = server.admit(review_of({**config_map(), "kind": "Secret"}, "c"))
        dry = server.admit(review_of(config_map(), "d", dryRun=True))
        main = server.process.pid
        workers = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        # Libraries of the database are main's alone.
        assert len(workers) == 2
        assert not [one for one in workers if "sqlite3" in Path(f"/proc/{one}/maps").read_text()]
    assert denied["status"]["message"] == DENIED
    assert (allowed["allowed"], unmatched["allowed"], dry["allowed"]) == (True, True, False)
    assert "auditAnnotations" not in unmatched
    assert "auditAnnotations" not in dry
    decisions = _entries(home, "decision")
    assert [(one["outcome"], one["caller"], one["operation"]) for one in decisions] == [
        ("deny", "unauthenticated", "CREATE"),
        ("allow", "unauthenticated", "CREATE"),
    ]
    places = [answer["auditAnnotations"]["record-index"] for answer in (denied, allowed)]
    assert places == [str(one["index"]) for one in decisions]
    assert len(bytes.fromhex(denied["auditAnnotations"]["record-leaf-hash"])) == 32
    (change,) = _changes(home)
    assert (change["event"], change["policies"]) == ("added", decisions[0]["policies"])
    assert _is_verified(home)


def test_a_request_that_is_sent_again_is_recorded_once(tmp_path: Path, home: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server:
        first, again, other = (server.admit(review_of(config_map(name), "same")) for name in ("a", "a", "b"))
    assert first == again
    assert first["auditAnnotations"] != other["auditAnnotations"]
    assert len(_entries(home, "decision")) == 2


def test_many_callers_and_both_workers_share_one_log(tmp_path: Path, home: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server:

        def ask(number: int) -> str:
            value = config_map(namespace=f"team-{number % 7}")
            answer = server.admit(review_of(value, f"uid-{number}"))
            return str(answer["auditAnnotations"]["record-index"])

        with ThreadPoolExecutor(16) as pool:
            places = [*pool.map(ask, range(120))]
    assert sorted(map(int, places)) == [int(str(one["index"])) for one in _entries(home, "decision")]
    assert _is_verified(home)


def test_changes_of_policies_are_recorded(tmp_path: Path, home: Path) -> None:
    policies = write_policies(tmp_path)
    with running_server(tmp_path, policies, ["--trail", str(home)]) as server:
        (policies / "1.yaml").write_text(CONSTRAINT.replace("deny", "warn"))
        server.wait_for("policies changed")
    added, changed = _changes(home)
    assert (added["event"], changed["event"], changed["policy"]) == ("added", "changed", "NeedsOwner/owners")


def test_changes_of_what_is_about_promotions_are_recorded_and_a_wrong_one_is_told(
    tmp_path: Path, home: Path
) -> None:
    policies = write_policies(tmp_path)

    def write(soak: str) -> None:
        # In one go: a half-written file would be told too.
        made = tmp_path / "made.yaml"
        made.write_text(json.dumps(promotion_policy({"to": "prod", "soakTime": soak})))
        made.replace(policies / "promotions.yaml")

    write("24h")
    with running_server(tmp_path, policies, ["--trail", str(home)]) as server:
        write("a day")
        server.wait_for("policies not read")
        # What was in force stays.
        assert server.admit(review_of(config_map()))["status"]["message"] == DENIED
        write("48h")
        server.wait_for("policies changed")
    (told,) = server.events("policies not read")
    assert "promotions.yaml:1:" in told["reason"]
    assert "spec.steps[0].soakTime is no span of time" in told["reason"]
    added, changed = _changes(home)
    assert (added["event"], changed["event"], changed["policy"]) == (
        "added",
        "changed",
        "PromotionPolicy/models",
    )


def test_a_change_that_the_trail_did_not_take_is_recorded_later(tmp_path: Path, home: Path) -> None:
    policies = write_policies(tmp_path)
    with running_server(tmp_path, policies, ["--trail", str(home)]) as server:
        with closing(sqlite3.connect(home / "trail.db", isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            (policies / "1.yaml").write_text(CONSTRAINT.replace("deny", "warn"))
            server.wait_for("change not recorded")
            # In force all the same; decisions name it by its digest.
            _until_answered(server, True)
            holder.execute("ROLLBACK")
        server.wait_for("change recorded")
    assert [one["event"] for one in _changes(home)] == ["added", "changed"]


def _until_answered(server: Server, allowed: bool) -> None:
    end = time.monotonic() + SECONDS
    while server.admit(review_of(config_map(), "dry", dryRun=True))["allowed"] is not allowed:
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)


def test_what_cannot_be_recorded_is_answered_closed_and_a_dry_run_is_not(tmp_path: Path, home: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server:
        assert server.admit(review_of(config_map(labels={"owner": "me"}), "a"))["allowed"] is True
        database = next(home.glob("*.db"))
        with closing(sqlite3.connect(database, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            closed = server.admit(review_of(config_map(labels={"owner": "me"}), "b"), "/v1/admit?timeout=3s")
            dry = server.admit(review_of(config_map(labels={"owner": "me"}), "c", dryRun=True))
            holder.execute("ROLLBACK")
        assert (closed["allowed"], closed["status"]["code"]) == (False, 500)
        assert "could not be recorded" in closed["status"]["message"]
        assert dry["allowed"] is True
        _until_recorded(server)


def _until_recorded(server: Server) -> None:
    """It recovers by itself."""
    end = time.monotonic() + SECONDS
    number = 0
    while not server.admit(review_of(config_map(labels={"owner": "me"}), f"again-{number}"))["allowed"]:
        number += 1
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)


def test_the_record_says_what_was_only_observed(tmp_path: Path, home: Path) -> None:
    options = ["--trail", str(home), "--mode", "observe", "--enforce-namespace", "shop"]
    with running_server(tmp_path, write_policies(tmp_path), options) as server:
        observed = server.admit(review_of(config_map(), "a"))
        inside = config_map()
        inside["metadata"]["namespace"] = "shop"
        enforced = server.admit(review_of(inside, "b"))
    assert (observed["allowed"], enforced["allowed"]) == (True, False)
    found = [(one["outcome"], one.get("mode")) for one in _entries(home, "decision")]
    assert found == [("deny", "observe"), ("deny", None)]
    assert _is_verified(home)


def test_a_decision_stays_claimed_until_its_object_was_seen(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server:
        denied = server.admit(review_of(config_map(), "a"))
        allowed = [server.admit(review_of(config_map(labels={"owner": one}), one)) for one in ("b", "c")]
    places = [int(one["auditAnnotations"]["record-index"]) for one in (denied, *allowed)]
    with open_trail(str(home)) as trail, trail.appending() as appending:
        (draft,) = seen_drafts("a", [places[1]])
        told = appending.appender.append(draft).index
    capsys.readouterr()
    assert run(["audit", "show", "--trail", str(home), "--format", "json", *map(str, places)]) == 0
    shown = json.loads(capsys.readouterr().out)["entries"]
    states = [one.get("object") for one in shown]
    assert states == [None, {"state": "seen", "entry": told}, {"state": "claimed"}]
    assert run(["audit", "show", "--trail", str(home), *map(str, places)]) == 0
    text = capsys.readouterr().out
    assert f"  object        seen in the cluster, as entry {told} tells\n" in text
    assert "  object        claimed: nobody has seen it in the cluster as it was judged\n" in text
    assert text.count("  caller        unauthenticated\n") == 3
    assert _is_verified(home)
