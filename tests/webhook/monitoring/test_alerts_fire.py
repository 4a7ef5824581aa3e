"""Each alert fires: what it is about happens to a running server, and its expression is evaluated on two scrapes."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from lockgate.engine.decision import Decision, Exchange, OnErrorUse, PolicyKey, Reply
from lockgate.webhook.app.metrics import Metrics, Totals
from lockgate.webhook.cli import run
from lockgate.webhook.monitoring.alerts import ALERTS, Alert
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.measures import Measures
from lockgate.webhook.serving.server_state import ServerState
from lockgate.webhook.serving.sweep_metrics import SweepNumbers, sweep_samples
from lockgate.webhook.serving.sweep_totals import ConstraintTotal

from tests.gatekeeper.break_glass.making import policy_value
from tests.gatekeeper.exemptions.making import exemption
from tests.webhook.monitoring.evaluating import Scrape, evaluate, parse_scrape
from tests.webhook.serving.builders import present
from tests.webhook.serving.hostile_policies import BROKEN, CONFLICT, CONFLICTING, LOOPING, LOOPS
from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    SECONDS,
    STEP_SECONDS,
    TEMPLATE,
    Server,
    config_map,
    review_of,
    running_server,
    write_policies,
)
from tests.webhook.serving.test_serve_glass import granted

OWNED = {"owner": "me"}
# The record waits so long: more than what is told as slow.
HELD_S = 1.5
# Of Prometheus, which scrapes no faster.
INTERVAL_S = 30.0


class Scrapes:
    """What was scraped, one after the other, as if INTERVAL_S lay between two."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._began = time.time()
        self.taken: list[Scrape] = []

    def look(self) -> Scrape:
        status, text = self._server.probe("/metrics")
        assert status == 200
        return parse_scrape(text, self._began + INTERVAL_S * len(self.taken))

    def take(self) -> None:
        self.taken.append(self.look())

    def take_when(self, name: str, least: float, **labels: str) -> None:
        """Once all series of a name that have these labels come to so much."""
        end = time.monotonic() + SECONDS
        while self.value(name, **labels) < least:
            assert time.monotonic() < end, (name, labels)
            time.sleep(STEP_SECONDS)
        self.take()

    def value(self, name: str, **labels: str) -> float:
        series = self.look().samples.get(name, {})
        return sum([value for own, value in series.items() if labels.items() <= dict(own).items()])


@pytest.fixture(scope="module")
def scrapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Scrape]]:
    folder = tmp_path_factory.mktemp("alerts")
    home = folder / "trail"
    assert run(["audit", "init", str(home), "--origin", "example.com/lockgate/alerts"]) == 0
    promotions = folder / "promotions"
    assert run(["audit", "init", str(promotions), "--origin", "example.com/lockgate/promotions"]) == 0
    config = home / "trail.toml"
    # Its folder is not there.
    config.write_text(
        f'{config.read_text()}\n[anchors]\nwhen-unreachable = "go-on"\n'
        f'[[anchors.file]]\npath = "../nowhere/seen"\nadministrator = "Example Ltd"\n'
    )
    glass = folder / "glass"
    glass.mkdir()
    policies = write_policies(folder, TEMPLATE, CONSTRAINT, LOOPING, *LOOPS, CONFLICTING, CONFLICT)
    options = ["--trail", str(home), "--break-glass", str(glass), "--drain", "120"]
    options += ["--exemptions", str(_exemptions(folder)), "--promotions", str(promotions)]
    with running_server(folder, policies, options) as server:
        made = Scrapes(server)
        # Workers tell it a moment after they have begun.
        for worker in ("worker-1", "worker-2"):
            made.take_when("lockgate_worker_resident_memory_bytes", 10 << 20, worker=worker)
        _fail(server, made)
        _hold_up_records(server, made, next(home.glob("*.db")))
        _kill_workers(server, made)
        promotions.rename(folder / "away")
        made.take_when("lockgate_promotions_trouble", 1)
        (glass / "policy.json").write_text(json.dumps(policy_value()))
        (glass / "night.json").write_text(json.dumps(granted("night-1")))
        unknown = granted("night-2")
        unknown["spec"]["signatures"][0]["signer"] = "nobody"
        (glass / "other.json").write_text(json.dumps(unknown))
        made.take_when("lockgate_break_glass_grants", 1, state="active")
        made.take_when("lockgate_break_glass_grants", 1, state="refused")
        server.process.terminate()
        server.wait_for("stopping")
        made.take()
        server.process.kill()
    end = made.taken[-1].moment
    yield [
        *made.taken,
        Scrape(end + INTERVAL_S, {}),
        *_of_a_cluster(end + 2 * INTERVAL_S),
    ]


def _of_a_cluster(moment: float) -> Iterator[Scrape]:
    """What a folder of policies does not have: broken templates, which the start refuses, providers, and a sweep."""
    live = LiveGate()
    live.apply(present(yaml.safe_load(BROKEN)), frozenset())
    totals, measures = Totals(), Measures()
    numbers = SweepNumbers(failed_kinds=1, last_pass_s=moment - 10_000, is_leader=True)
    found = [
        ConstraintTotal(PolicyKey(kind, "models"), ("deny",), False, 1, 0, 0, 0, ())
        for kind in ("LockgateModelEvaluation", "LockgatePromotedModels")
    ]
    swept = [(family.name, labels, value) for family, labels, value in sweep_samples(numbers, found)]
    state = ServerState(policy_problems=len(live.problems), webhook_problems=1, policy_drift=1, sweep=swept)
    for number in range(2):
        used = OnErrorUse(PolicyKey("Images", "pinned"), "allow", "digests", "no answer")
        asked = Exchange("digests", ("a",), Reply(None, 500, "no answer"))
        decision = Decision("allow", (), (), (), "", "", matched=1, exchanges=(asked,), on_error=(used,))
        measures.judged(decision, "CREATE", 0.001)
        totals.add("worker-1", measures.take({}))
        body, _ = Metrics(totals, lambda: state).render("")
        yield parse_scrape(body.decode(), moment + INTERVAL_S * number)


def _exemptions(folder: Path) -> Path:
    place = folder / "exemptions"
    place.mkdir()
    now = datetime.now(UTC)
    for name, begins, ends in (("ends", -10, 3), ("expired", -10, -1)):
        issued, expires = [
            (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (begins, ends)
        ]
        chosen = [{"kind": "NeedsOwner", "name": "owners"}]
        value = exemption(name, policies=chosen, issuedAt=issued, expiresAt=expires)
        (place / f"{name}.json").write_text(json.dumps(value))
    return place


def _fail(server: Server, made: Scrapes) -> None:
    value = {**config_map(labels=OWNED), "data": {"conflict": "yes"}}
    assert server.admit(review_of(value, "conflict"))["allowed"] is False
    made.take_when("lockgate_policy_errors_total", 1)
    value = {**config_map(labels=OWNED), "data": {"loop": "yes"}}
    with ThreadPoolExecutor(2) as pool:
        asked = [
            pool.submit(server.admit, review_of(value, f"loop-{one}"), "/v1/admit?timeout=4s")
            for one in range(2)
        ]
        assert [one.result()["allowed"] for one in asked] == [False, False]
    made.take_when("lockgate_requests_refused_total", 2, reason="deadline")


def _hold_up_records(server: Server, made: Scrapes, database: Path) -> None:
    value = config_map(labels=OWNED)
    with (
        closing(sqlite3.connect(database, isolation_level=None)) as holder,
        ThreadPoolExecutor(1) as pool,
    ):
        holder.execute("BEGIN EXCLUSIVE")
        assert server.admit(review_of(value, "lost"), "/v1/admit?timeout=3s")["allowed"] is False
        made.take_when("lockgate_records_total", 1, result="failed")
        holder.execute("ROLLBACK")
        end = time.monotonic() + SECONDS
        while not server.admit(review_of(value, f"again-{time.monotonic()}"))["allowed"]:
            assert time.monotonic() < end
        made.take_when("lockgate_records_total", 1, result="recorded")
        holder.execute("BEGIN EXCLUSIVE")
        asked = pool.submit(server.admit, review_of(value, "late"), "/v1/admit?timeout=30s")
        while made.value("lockgate_records_waiting") < 1:
            assert time.monotonic() < end
        held_until = time.monotonic() + HELD_S
        while time.monotonic() < held_until:
            time.sleep(STEP_SECONDS)
        holder.execute("ROLLBACK")
        recorded = made.value("lockgate_records_total", result="recorded")
        assert asked.result()["allowed"] is True
        made.take_when("lockgate_records_total", recorded + 1, result="recorded")


def _kill_workers(server: Server, made: Scrapes) -> None:
    for ended in (2, 4):
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        assert len(children) == 2
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        server.wait_for("worker ended", ended)
        end = time.monotonic() + SECONDS
        while made.value("lockgate_workers") < 2:
            assert time.monotonic() < end
            time.sleep(STEP_SECONDS)
    made.take()


@pytest.mark.parametrize("alert", ALERTS, ids=[one.name for one in ALERTS])
def test_an_alert_fires(alert: Alert, scrapes: list[Scrape]) -> None:
    fired = [now for before, now in _pairs(scrapes) if evaluate(alert.expression, before, now)]
    assert fired


@pytest.mark.parametrize(
    "name", ["LockgateDown", "LockgateNotReady", "LockgateFailsClosed", "LockgateNotRecorded"]
)
def test_a_critical_alert_is_silent_at_first(name: str, scrapes: list[Scrape]) -> None:
    (alert,) = [one for one in ALERTS if one.name == name]
    assert not evaluate(alert.expression, scrapes[0], Scrape(scrapes[0].moment + 1, scrapes[0].samples))


def _pairs(scrapes: list[Scrape]) -> list[tuple[Scrape, Scrape]]:
    return [(before, now) for index, now in enumerate(scrapes) for before in scrapes[:index]]


def test_what_the_server_stands_on_has_its_values(scrapes: list[Scrape]) -> None:
    """Gauges that no alert names."""
    first, last = scrapes[1].samples, scrapes[-4].samples
    assert set(first["lockgate_worker_resident_memory_bytes"]) == {
        frozenset({("worker", name)}) for name in ("worker-1", "worker-2")
    }
    assert last["lockgate_trail_entries"][frozenset()] > first["lockgate_trail_entries"][frozenset()] > 0
    states = {dict(labels)["state"]: count for labels, count in first["lockgate_exemptions"].items()}
    assert states == {"active": 1, "expired": 1, "not_yet": 0, "refused": 0}
