"""Replays and verifications as jobs of the API: who may, how many, how large, and what they come to."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.errors import TrailError
from lockgate.audit.web import job_requests
from lockgate.audit.web.api import Api
from lockgate.audit.web.app import make_app
from lockgate.audit.web.jobs import KEEP_MS, MAX_KEPT, MAX_WAITING, Jobs, Outcome, Wanted, Work
from lockgate.audit.web.problems import ProblemError
from lockgate.engine.errors import UsageError
from lockgate.webhook import audit_jobs
from lockgate.webhook.audit_backend import TrailBackend
from lockgate.webhook.audit_jobs import Commands, named_policies
from lockgate.webhook.auditors_file import read_auditors

from tests.webhook.auditing.asking import Answered, ask
from tests.webhook.auditing.test_api import AUDITORS, NOW_MS, TOKENS, Server, problem
from tests.webhook.helpers import run_here

POLICY = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8snothing}
spec:
  crd: {spec: {names: {kind: K8sNothing}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k8snothing
      violation[{"msg": msg}] { input.review.object.metadata.name == "pod-7"; msg := "it is pod-7" }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sNothing
metadata: {name: all}
"""
KEY = "elsewhere.vkey"


class Working(Server):
    """With jobs. The auditor `all` may replay; `ml` may too, in its namespace."""

    jobs: Jobs

    def made(self) -> Any:
        (self.folder / "policies").mkdir(exist_ok=True)
        (self.folder / "policies" / "all.yaml").write_text(POLICY)
        told = AUDITORS.replace("['records', 'exports']", "['records', 'exports', 'replays']")
        (self.folder / "auditors.toml").write_text(told)
        known = read_auditors(str(self.folder / "auditors.toml"), lambda: NOW_MS)
        home = self.folder / "trail"
        (self.folder / KEY).write_text((home / "log.vkey").read_text())
        named = named_policies([f"now={self.folder / 'policies'}", f"next={self.folder / 'policies'}"])
        commands = Commands(str(home), named, log_keys=(str(self.folder / KEY),))
        self.jobs = Jobs(commands, lambda: time.time_ns() // 1_000_000)
        work = Work(self.jobs, tuple(named))
        return make_app(Api(TrailBackend(self.reading, self.trail), known, work), [known])

    def post(self, target: str, who: str = "all") -> Answered:
        return ask(self.app, target, TOKENS[who], "POST")

    def done(self, place: str, who: str = "all") -> Any:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            told = self.get(place, who).json
            if told["ended"]:
                return told
            threading.Event().wait(0.1)
        raise AssertionError("the job did not end")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Working]:
    made = Working(tmp_path)
    yield made
    made.jobs.close()
    made.reading.close()


def test_a_replay(server: Working) -> None:
    assert server.get("/v1/replay").json["policies"] == ["now", "next"]
    started = server.post("/v1/replay?policies=now&against=next&outcome=allow")
    assert started.status == 202 and started.json["kind"] == "replay"
    place = started.headers["location"]
    assert place == f"/v1/jobs/{started.json['id']}"
    told = server.done(place)
    assert (told["state"], told["exitCode"]) == ("done", 0), told
    result = server.get(told["result"]).json
    assert result["replayed"] == 225 and result["question"]["outcome"] == "allow"
    assert result["difference"]["judged"] == 225 if "judged" in result["difference"] else result["against"]
    assert [one["id"] for one in server.get("/v1/jobs").json["jobs"]] == [told["id"]]
    assert (server.last().kind, server.last().value["action"]) == ("access", "replay")
    (last, *_) = server.get("/v1/questions/a14?reveal=yes").json["lines"][::-1]
    assert last["by"] == "file:all"


def test_whoever_may_in_one_namespace_replays_that_one(server: Working) -> None:
    started = server.post("/v1/replay?policies=now&namespace=ml", "ml")
    assert started.status == 202
    told = server.done(started.headers["location"], "ml")
    assert server.get(told["result"], "ml").json["replayed"] == 200
    # Nobody else's.
    for place in (started.headers["location"], told["result"]):
        problem(server.get(place), 404, "not-found")
    assert server.get("/v1/jobs").json["jobs"] == []


def test_a_verification_is_told_and_kept(server: Working) -> None:
    size = server.size()
    told = server.done(server.post("/v1/verify").headers["location"])
    assert (told["state"], told["exitCode"]) == ("done", 0), told
    result = server.get(told["result"]).json
    assert (result["verdict"], result["size"]) == ("verified", size)
    assert result["state"] == "self-attested" and result["findings"] == []
    health = {one["what"]: one for one in server.get("/healthz/trail").json["lines"]}
    assert health["last recorded verification"]["verdict"] == "good"


def test_a_verification_of_a_log_that_was_changed(server: Working) -> None:
    from tests.audit.trails import tampered

    tampered(
        server.folder / "trail" / "trail.db", "UPDATE record SET outcome = 'warn' WHERE outcome = 'deny'"
    )
    told = server.done(server.post("/v1/verify").headers["location"])
    assert (told["state"], told["exitCode"]) == ("done", 3)
    result = server.get(told["result"]).json
    assert result["verdict"] == "tampered" and result["findings"][0]["code"] == "index-changed"


@pytest.mark.parametrize(
    ("target", "who", "status"),
    [
        ("/v1/replay?policies=now", "ml", 403),
        ("/v1/replay?policies=now&namespace=other", "ml", 403),
        ("/v1/replay?policies=now&namespace=ml&namespace=other", "ml", 403),
        ("/v1/replay?policies=now&namespace=", "ml", 403),
        ("/v1/replay?policies=now", "masked", 403),
        ("/v1/replay?policies=now", "nothing", 403),
        ("/v1/verify", "ml", 403),
        ("/v1/verify", "nothing", 403),
        ("/v1/replay", "all", 400),
        ("/v1/replay?policies=nobody", "all", 400),
        ("/v1/replay?policies=../../etc", "all", 400),
        ("/v1/replay?policies=now&against=/etc/passwd", "all", 400),
        ("/v1/replay?policies=now&policies=next", "all", 400),
        ("/v1/replay?policies=now&outcome=--help", "all", 400),
        ("/v1/replay?policies=now&since=30d", "all", 400),
        ("/v1/replay?policies=now&since=--trail", "all", 400),
        ("/v1/replay?policies=now&jobs=64", "all", 400),
        ("/v1/replay?policies=now&namespace=a%00b", "all", 400),
        ("/v1/verify?open=yes", "all", 400),
    ],
)
def test_what_is_not_started(server: Working, target: str, who: str, status: int) -> None:
    answered = server.post(target, who)
    assert answered.status == status, answered.body
    assert server.get("/v1/jobs", who).json["jobs"] == []
    assert ask(server.app, target, None, "POST").status == 401
    assert ask(server.app, target, None, "POST", cookie=f"lockgate-token={TOKENS['all']}").status == 401


def test_a_namespace_is_no_option(server: Working) -> None:
    told = server.done(
        server.post("/v1/replay?policies=now&namespace=--exemptions%3D/etc/passwd").headers["location"]
    )
    assert told["state"] == "done" and server.get(told["result"]).json["replayed"] == 0


def test_one_that_is_too_large(server: Working, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_requests, "MAX_REPLAYED", 100)
    answered = server.post("/v1/replay?policies=now")
    assert "ask about a shorter one" in problem(answered, 422, "too-large")["detail"]
    assert server.post("/v1/replay?policies=now&since=2099-01-01").status == 202


def test_without_policies_there_is_no_replay(tmp_path: Path) -> None:
    server = Server(tmp_path)
    known = read_auditors(str(tmp_path / "auditors.toml"), lambda: NOW_MS)
    app = make_app(Api(TrailBackend(server.reading, server.trail), known), [known])
    assert ask(app, "/v1/verify", TOKENS["all"], "POST").status == 422
    answered = ask(server.app, "/v1/replay?policies=now", TOKENS["all"], "POST")
    assert "there are none" in problem(answered, 400, "question")["detail"]
    server.reading.close()


# The keeper of jobs


class Held:
    """Does what it is told to when it is let go on."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()
        self.order: list[str] = []

    def __call__(self, wanted: Wanted, stop: threading.Event) -> Outcome:
        self.begun.set()
        self.order.append(wanted.caller)
        while not self.go.wait(0.01):
            if stop.is_set():
                raise UsageError("the server stopped")
        if wanted.caller == "broken":
            raise TrailError("it cannot be done")
        return Outcome(0, b"{}", "")


def wanted(caller: str) -> Wanted:
    return Wanted("verify", caller, "", {})


def wait_for(jobs: Jobs, caller: str, name: str) -> Any:
    for _ in range(1_000):
        found = jobs.get(caller, name)
        if found.ended_ms:
            return found
        threading.Event().wait(0.01)
    raise AssertionError("it did not end")


def test_one_at_a_time_and_each_caller_one() -> None:
    held, now = Held(), [1]
    jobs = Jobs(held, lambda: now[0])
    first = jobs.start(wanted("a"))
    held.begun.wait(10)
    with pytest.raises(ProblemError, match="not done yet"):
        jobs.start(wanted("a"))
    others = [jobs.start(wanted(f"b{number}")) for number in range(MAX_WAITING)]
    with pytest.raises(ProblemError, match="too many") as refused:
        jobs.start(wanted("c"))
    assert refused.value.status == 429 and refused.value.more["retry"]
    assert jobs.get("a", first.id).state == "running" and held.order == ["a"]
    assert {jobs.get(one.wanted.caller, one.id).state for one in others} == {"waiting"}
    held.go.set()
    for one in (first, *others):
        assert wait_for(jobs, one.wanted.caller, one.id).state == "done"
    assert held.order == ["a", *[one.wanted.caller for one in others]]
    failed = jobs.start(wanted("broken"))
    ended = wait_for(jobs, "broken", failed.id)
    assert (ended.state, ended.outcome.message) == ("failed", "it cannot be done")
    now[0] += KEEP_MS + 1
    with pytest.raises(ProblemError):
        jobs.get("a", first.id)
    assert jobs.of("a") == []
    jobs.close()


def test_only_so_many_are_kept() -> None:
    held = Held()
    held.go.set()
    jobs = Jobs(held, lambda: 1)
    made = [wait_for(jobs, f"c{n}", jobs.start(wanted(f"c{n}")).id) for n in range(MAX_KEPT + 5)]
    kept = [one for one in made if jobs.of(one.wanted.caller)]
    assert len(kept) <= MAX_KEPT and kept[-1] is made[-1]
    jobs.close()


def test_closing_stops_what_runs() -> None:
    held = Held()
    jobs = Jobs(held, lambda: 1)
    job = jobs.start(wanted("a"))
    held.begun.wait(10)
    jobs.close()
    outcome = jobs.get("a", job.id).outcome
    assert outcome is not None and outcome.message == "the server stopped"
    with pytest.raises(ProblemError):
        jobs.start(wanted("b"))


# Commands


def commands(monkeypatch: pytest.MonkeyPatch, code: str, max_s: float = 60) -> Commands:
    monkeypatch.setattr(audit_jobs, "_LOCKGATE", (sys.executable, "-c", code))
    return Commands("trail", {}, max_s=max_s)


def test_a_command_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    run = commands(monkeypatch, "import time; time.sleep(3600)", 0.1)
    with pytest.raises(UsageError, match="it took longer"):
        run(wanted("a"), threading.Event())


def test_a_command_that_says_too_much_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_jobs, "MAX_DOCUMENT", 1_000)
    run = commands(monkeypatch, "print('{' + 'x' * 5000)")
    with pytest.raises(UsageError, match="too large"):
        run(wanted("a"), threading.Event())
    endless = commands(monkeypatch, "while True: print('x' * 1000)")
    with pytest.raises(UsageError, match="too large"):
        endless(wanted("a"), threading.Event())


def test_a_command_is_stopped_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(UsageError, match="the server stopped"):
        commands(monkeypatch, "import time; time.sleep(3600)")(wanted("a"), stop)


def test_a_command_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    run = commands(monkeypatch, "import sys; print('error: no such thing', file=sys.stderr); sys.exit(2)")
    assert run(wanted("a"), threading.Event()) == Outcome(2, b"", "error: no such thing")


@pytest.mark.parametrize("told", ["now", "=x", "a b=x", "../x=y", "now=/nowhere/at/all", "-p=x"])
def test_policies_that_cannot_be_named(told: str) -> None:
    with pytest.raises(UsageError):
        named_policies([told])


def test_a_name_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        named_policies([f"a={tmp_path}", f"a={tmp_path}"])
    assert named_policies([f"a={tmp_path}"]) == {"a": str(tmp_path)}


def test_the_server_refuses_policies_that_are_not_there(tmp_path: Path) -> None:
    assert run_here("audit", "init", "trail", "--origin", "example.com/x", cwd=tmp_path).code == 0
    (tmp_path / "auditors.toml").write_text("")
    ran = run_here(
        "audit",
        "serve",
        "--auditors",
        "auditors.toml",
        "--policies",
        "now=gone/",
        "--trail",
        "trail",
        cwd=tmp_path,
    )
    assert ran.code == 2 and "there is no 'gone/'" in ran.err
