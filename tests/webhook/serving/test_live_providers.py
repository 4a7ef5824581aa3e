"""Who answers for external data in a server: what is given in files first, then the Providers as they are now."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from lockgate.engine.errors import LockgateError
from lockgate.gatekeeper.external_data.cache import DEFAULT_TTL_S
from lockgate.gatekeeper.external_data.kinds import ENVIRONMENTS_PROVIDER
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.app.admission_app import THREADS, AdmissionApp, CallerRules
from lockgate.webhook.app.http_application import Head
from lockgate.webhook.app.logs import Log
from lockgate.webhook.gate import Judged
from lockgate.webhook.serving.admitting import Admitting, Terms
from lockgate.webhook.serving.answer import HttpAnswer
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.live_https import LiveHttps
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.measures import Measures
from lockgate.webhook.serving.wire import CallReader

from tests.engine.http_server import certificate, tls_of
from tests.gatekeeper.external_data.making import asking, bound, pod, provider
from tests.gatekeeper.external_data.provider_server import ProviderServer, response, serving
from tests.gatekeeper.workbench import constraint, document, template
from tests.webhook.app.test_provider_app import Lines
from tests.webhook.serving.builders import gone, key_of, kinds, present
from tests.webhook.serving.server_processes import config_map, review_of
from tests.webhook.serving.test_sweep import NOW, SECOND, World

Json = dict[str, Any]

TEMPLATE = asking()
BOUND = bound(match={"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]})


def answers(**values: str) -> Json:
    """What `p` answers: an error for each key."""
    return {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "metadata": {"name": "answers"},
        "providers": [{"provider": "p", "errors": values}],
    }


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def server(identity: tuple[Path, Path]) -> Iterator[ProviderServer]:
    with serving(tls_of(identity)) as made:
        yield made


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Making:
    """Makes gates; what they keep open is closed at the end of the test."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack

    def __call__(self, *values: Json, clock: Clock | None = None) -> LiveGate:
        https = LiveHttps(None, clock or Clock())
        self.stack.callback(https.close)
        live = LiveGate(LiveSettings(provide=https.provide))
        live.apply(present(*values), kinds())
        assert not live.problems, live.problems
        return live


@pytest.fixture
def live_gate() -> Iterator[Making]:
    with ExitStack() as stack:
        yield Making(stack)


def judged(live: LiveGate, *images: str) -> Judged:
    gate = live.gate_at(NOW)
    assert gate is not None
    return gate.judge(document(pod(*images)), lambda one: review_document(one, Cluster()))


def says(live: LiveGate, *images: str) -> list[str]:
    decision = judged(live, *images).decision
    return [
        *[one.message for one in decision.violations],
        *[f"needs {one.needs}" for one in decision.not_evaluated],
    ]


def at(server: ProviderServer, identity: tuple[Path, Path], path: str) -> Json:
    return provider(f"https://{server.address}{path}", identity[0].read_bytes())


def says_of_every_key(server: ProviderServer, path: str, error: str, *keys: str) -> None:
    items = [{"key": key, "error": error} for key in keys]
    server.answers[path] = (200, json.dumps(response(items=items)).encode())


def test_a_provider_that_changes_is_asked_anew(
    server: ProviderServer, identity: tuple[Path, Path], live_gate: Making
) -> None:
    says_of_every_key(server, "/one", "says one", "a")
    says_of_every_key(server, "/two", "says two", "a")
    live = live_gate(TEMPLATE, BOUND, at(server, identity, "/one"))
    assert "says one" in says(live, "a")[0]
    assert "says one" in says(live, "a")[0]
    assert server.paths == ["/one"]
    live.apply(present(at(server, identity, "/two")), kinds())
    assert "says two" in says(live, "a")[0]
    assert server.paths == ["/one", "/two"]
    live.apply(gone(at(server, identity, "/two")), kinds())
    assert says(live, "a") == ["down: key is not found in provider cache"]
    # What it said when it was there counts again.
    live.apply(present(at(server, identity, "/two")), kinds())
    assert "says two" in says(live, "a")[0]
    assert server.paths == ["/one", "/two"]


def test_other_changes_leave_connections_and_answers(
    server: ProviderServer, identity: tuple[Path, Path], live_gate: Making
) -> None:
    live = live_gate(TEMPLATE, BOUND, at(server, identity, "/ask"))
    assert says(live, "bad") != []
    live.apply(present(template(kind="Other"), constraint(kind="Other")), kinds())
    assert says(live, "bad", "bad2") != []
    assert [one["request"]["keys"] for one in server.requests] == [["bad"], ["bad2"]]
    assert server.connections == 1


def test_answers_in_files_come_first_and_take_effect_at_once(
    server: ProviderServer, identity: tuple[Path, Path], live_gate: Making
) -> None:
    live = live_gate(TEMPLATE, BOUND, at(server, identity, "/ask"), answers(a="in process"))
    assert "in process" in says(live, "a")[0]
    # Silence is no consent.
    assert says(live, "b") == ["needs what provider 'p' answers for 'b' (externalData)"]
    assert server.requests == []
    before = live.digest
    live.apply(present(answers(a="changed")), kinds())
    assert "changed" in says(live, "a")[0]
    assert live.digest != before
    live.apply(gone(answers()), kinds())
    assert "no such thing" in says(live, "bad")[0]
    assert live.state is not None and live.state.in_process.names == {ENVIRONMENTS_PROVIDER}


def test_a_wrong_object_answers_nothing_and_is_told(live_gate: Making) -> None:
    live = live_gate(TEMPLATE, BOUND)
    wrong = answers()
    wrong["providers"] = [{"provider": "p", "keys": {}}]
    second = {**answers(b="beside"), "metadata": {"name": "beside"}}
    live.apply(present(wrong, second), kinds())
    assert [key.name for key in live.problems] == ["answers"]
    assert "unknown field providers[0].keys" in str(live.problems[key_of(wrong)][0])
    assert "beside" in says(live, "b")[0]
    twice = {**answers(), "metadata": {"name": "twice"}}
    live.apply(present(twice), kinds())
    assert "is given twice" in str(live.problems[key_of(twice)][0])


def test_files_of_answers_are_followed(tmp_path: Path, live_gate: Making) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "all.yaml").write_text(f"{json.dumps(TEMPLATE)}\n---\n{json.dumps(BOUND)}\n")
    place = tmp_path / "answers.yaml"
    unnamed = answers(a="from a file")
    del unnamed["metadata"]
    place.write_text(json.dumps(unnamed))
    files = FolderSource([str(tmp_path / "policies")], (), str(tmp_path), LiveSettings(), [str(place)])
    live = live_gate()
    live.apply(files.changes(), kinds())
    assert "from a file" in says(live, "a")[0]
    assert files.changes() == ()
    place.write_text(json.dumps({**unnamed, "providers": [{"provider": "p", "errors": {"a": "anew"}}]}))
    live.apply(files.changes(), kinds())
    assert "anew" in says(live, "a")[0]
    place.write_text(json.dumps({**unnamed, "providers": [{"keys": {}}]}))
    with pytest.raises(LockgateError, match="unknown field"):
        files.changes()
    # What was in force stays.
    assert "anew" in says(live, "a")[0]


EXPANSION: Json = {
    "apiVersion": "expansion.gatekeeper.sh/v1beta1",
    "kind": "ExpansionTemplate",
    "metadata": {"name": "pods"},
    "spec": {
        "applyTo": [{"groups": [""], "versions": ["v1"], "kinds": ["ConfigMap"]}],
        "templateSource": "data",
        "generatedGVK": {"group": "", "version": "v1", "kind": "Pod"},
    },
}


@pytest.mark.parametrize(
    ("policies", "value", "fields", "waits"),
    [
        ([TEMPLATE, BOUND], pod("a"), {}, True),
        ([TEMPLATE, BOUND], config_map(), {}, False),
        ([TEMPLATE], pod("a"), {}, False),
        ([template(), constraint()], pod("a"), {}, False),
        # Where nothing tells the kind, every policy is a candidate.
        ([TEMPLATE, BOUND], config_map(), {"object": None, "oldObject": config_map()}, True),
        ([TEMPLATE, BOUND], config_map(), {"oldObject": pod("a")}, True),
        ([TEMPLATE, BOUND, EXPANSION], config_map(), {}, True),
    ],
)
def test_which_reviews_may_wait(
    policies: list[Json], value: Json, fields: Json, waits: bool, live_gate: Making
) -> None:
    call = CallReader().read(json.dumps(review_of(value, **fields)).encode())
    made = Admitting(live_gate(*policies), LiveGrants(), Terms(), time.time_ns)
    assert made.may_wait(call) is made.may_wait(call) is waits


def test_a_slow_provider_is_waited_for_no_longer_than_the_request(
    server: ProviderServer, identity: tuple[Path, Path], live_gate: Making
) -> None:
    live = live_gate(TEMPLATE, BOUND, at(server, identity, "/slow"))
    made = Admitting(live, LiveGrants(), Terms(), time.time_ns)
    call = CallReader().read(json.dumps(review_of(pod("a"))).encode())
    found = made.admit(call, monotonic() + 0.2)
    assert not found.response.allowed
    assert found.judged is not None
    (exchange,) = found.judged.decision.exchanges
    assert exchange.reply.system_error.endswith("context deadline exceeded")


class Asked:
    """A sweep of one Pod, of which a provider is asked; `clock` is the cache's."""

    def __init__(self, live_gate: Making, asks: Json, image: str = "bad") -> None:
        self.clock = Clock()
        self.world = World()
        self.world.live = live_gate(TEMPLATE, BOUND, asks, clock=self.clock)
        self.world.put(pod(image))

    def passes(self, seconds: float) -> tuple[int, int]:
        """A pass some seconds later: how many verdicts changed, and how many objects were judged."""
        self.clock.now += seconds
        self.world.now_ns += int(seconds * SECOND)
        before = self.world.sweep.counts.judged
        changes = self.world.passes()
        return len(changes), self.world.sweep.counts.judged - before


def test_a_sweep_judges_again_once_answers_are_no_longer_kept(
    server: ProviderServer, identity: tuple[Path, Path], live_gate: Making
) -> None:
    asked = Asked(live_gate, at(server, identity, "/ask"))
    assert asked.passes(0)[0] == 1
    assert asked.passes(DEFAULT_TTL_S - 1) == (0, 0)
    assert len(server.requests) == 1
    assert asked.passes(1) == (0, 1)
    assert len(server.requests) == 2
    # The provider is of another mind.
    server.answers["/ask"] = (200, json.dumps(response(items=[{"key": "bad", "value": 1}])).encode())
    assert asked.passes(DEFAULT_TTL_S)[0] == 1
    assert asked.passes(1) == (0, 0)


def test_a_sweep_asks_a_provider_that_failed_again_in_the_next_pass(
    server: ProviderServer, identity: tuple[Path, Path], live_gate: Making
) -> None:
    server.answers["/ask"] = (200, json.dumps(response(systemError="down")).encode())
    asked = Asked(live_gate, at(server, identity, "/ask"), "good")
    assert asked.passes(0)[0] == 1
    assert asked.passes(1) == (0, 1)
    del server.answers["/ask"]
    assert asked.passes(1)[0] == 1
    assert asked.passes(1) == (0, 0)


def test_a_sweep_rests_on_answers_in_files_until_they_change(live_gate: Making) -> None:
    world = World()
    world.live = live_gate(TEMPLATE, BOUND, answers(a="no"))
    world.put(pod("a"))
    assert len(world.passes()) == 1
    world.now_ns += 10**6 * SECOND
    judged = world.sweep.counts.judged
    assert world.passes() == []
    assert world.sweep.counts.judged == judged
    world.tell({**answers(), "providers": [{"provider": "p", "values": {"a": "signed"}}]})
    assert len(world.passes()) == 1


SLOW = """package slow

violation[{"msg": "never"}] { count(numbers.range(1, 300000)) == 1 }
"""


def test_a_provider_that_hangs_holds_up_no_review_that_asks_nobody(
    server: ProviderServer, identity: tuple[Path, Path], live_gate: Making
) -> None:
    hangs = provider(f"https://{server.address}/slow", identity[0].read_bytes(), timeout=30)
    live = live_gate(
        TEMPLATE,
        BOUND,
        hangs,
        template(SLOW, kind="Slow"),
        constraint({"match": {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}]}}, kind="Slow"),
    )
    made = Admitting(live, LiveGrants(), Terms(), time.time_ns)
    log = Log(Lines(), format="json", level="error", process="w", now_ns=lambda: 0)
    app = AdmissionApp(made, CallerRules(), Measures(), log)

    async def ask(value: Json) -> Json:
        taken_by = app.begin(Head("POST", "/v1/admit", b"timeout=30s", ()))
        assert not isinstance(taken_by, HttpAnswer)
        reply = taken_by(json.dumps(review_of(value)).encode())
        answer = reply if isinstance(reply, HttpAnswer) else await reply
        response: Json = json.loads(answer.body)["response"]
        return response

    async def ask_all() -> None:
        asking = [asyncio.ensure_future(ask(pod(f"image-{number}"))) for number in range(2 * THREADS)]
        while len(server.requests) < 2 * THREADS:
            await asyncio.sleep(0.02)
        assert (await ask(config_map()))["allowed"]
        assert not any(one.done() for one in asking)
        server.released.set()
        assert not any([(await one)["allowed"] for one in asking])

    asyncio.run(ask_all())
