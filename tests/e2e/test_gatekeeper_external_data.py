"""External data beside Gatekeeper's running webhook: both ask the same providers, and policies see the same of them."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.decision import Decision
from lockgate.gatekeeper.external_data.asking import LiveProviders
from lockgate.gatekeeper.external_data.cache import DEFAULT_TTL_S, AnswerCache
from lockgate.gatekeeper.external_data.https import HttpsProvider
from lockgate.gatekeeper.loader import Loaded

from tests.e2e.cluster import kubectl, running_cluster
from tests.e2e.gatekeeper import STEP_SECONDS, Gatekeeper, running_gatekeeper
from tests.engine.http_server import certificate, tls_of
from tests.gatekeeper.external_data.making import asking, decide, load, messages, provider
from tests.gatekeeper.external_data.provider_server import ProviderServer, response, serving
from tests.gatekeeper.workbench import Json, constraint

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# Shows what a request gives that the object holds as JSON.
SHOWS = """package probe

asked := json.unmarshal(input.review.object.data.request)

answer := external_data(asked)

violation[{"msg": msg}] { msg := json.marshal(answer) }

violation[{"msg": "undefined"}] { not answer }

as_set := external_data({"provider": asked.provider, "keys": {key | key := asked.set[_]}})

violation[{"msg": msg}] { asked.set; msg := json.marshal(as_set) }
"""
READY_SECONDS = 60
UNKNOWN = "key is not found in provider cache"

# Bodies of answers by path, with their status.
ANSWERS: dict[str, tuple[int, Any]] = {
    "/values": (
        200,
        response(
            items=[
                {"key": "object", "value": {"b": [1, 1.5, True, None, "é"], "a": {}}},
                {"key": "large", "value": 12345678901234567890},
                {"key": "precise", "value": 9007199254740993},
                {"key": "small", "value": 1e-9},
                {"key": "none"},
                {"key": "both", "value": 1, "error": "an error wins"},
                {"key": "not asked for", "value": 1},
            ]
        ),
    ),
    "/503": (503, response(items=[{"key": "a", "value": 1}], systemError="overloaded")),
    "/empty": (200, response()),
    "/v1alpha1": (200, {**response(items=[]), "apiVersion": "externaldata.gatekeeper.sh/v1alpha1"}),
    "/text": (200, "nonsense"),
    "/list": (200, []),
    "/key": (200, response(items=[{"key": 1}])),
    "/items": (200, response(items={})),
    "/no-response": (200, {"error": "not found"}),
}
PATHS = ("ask", *[path[1:] for path in ANSWERS], "truncated", "garbage", "slow", "redirect/307")


@dataclass(frozen=True, slots=True)
class Both:
    """The webhook and our engine with the same Providers and policy. numbers: make names and keys new."""

    theirs: Gatekeeper
    loaded: Loaded
    providers: LiveProviders
    numbers: Iterator[int]

    def fresh(self, text: str) -> str:
        """A key that nobody has asked for."""
        return f"{text}{next(self.numbers)}"

    def ask(self, **asked: Any) -> tuple[list[str], list[str]]:
        """What the policy says of a request: theirs and ours."""
        return self.ask_theirs(asked), messages(self.decide(asked))

    def ask_theirs(self, asked: Json) -> list[str]:
        name = f"o{next(self.numbers)}"
        answer = self.theirs.admit(_review(_object(name, asked)))
        if answer["allowed"]:
            return []
        return sorted(line.removeprefix("[probe] ") for line in answer["status"]["message"].split("\n"))

    def decide(self, asked: Json) -> Decision:
        return decide(self.loaded, _object("o", asked), self.providers)


def _object(name: str, asked: Json) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": {"request": json.dumps(asked)},
    }


def _review(value: Json) -> Json:
    request = {
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": value["kind"]},
        "resource": {"group": "", "version": "v1", "resource": "configmaps"},
        "name": value["metadata"]["name"],
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "somebody"},
        "object": value,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def _name(path: str) -> str:
    return path.replace("/", "-")


def _providers(server: ProviderServer, old: ProviderServer, ca: bytes, other: bytes) -> list[Json]:
    made = [provider(f"https://{server.address}/{path}", ca, timeout=2) for path in PATHS]
    names = [_name(path) for path in PATHS]
    made.append(provider(f"https://{old.address}/ask", ca))
    made.append(provider(f"https://{server.address}/ask", other))
    made.append(provider("https://127.0.0.1:1/ask", ca))
    for value, name in zip(made, [*names, "tls-12", "other-ca", "nobody"], strict=True):
        value["metadata"]["name"] = name
    return made


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "other").mkdir()
    paths: tuple[Path, Path] = certificate(folder, "127.0.0.1")
    other = certificate(folder / "other", "127.0.0.1")[0].read_bytes()
    tls = tls_of(paths)
    tls_12 = tls_of(paths)
    tls_12.maximum_version = ssl.TLSVersion.TLSv1_2
    with ExitStack() as stack:
        server = stack.enter_context(serving(tls))
        old = stack.enter_context(serving(tls_12))
        for path, (status, body) in ANSWERS.items():
            server.answers[path] = (status, json.dumps(body).encode())
        server.answers["/text"] = (200, b"nonsense")
        template, bound = (
            asking(SHOWS),
            constraint({"match": {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}]}}),
        )
        objects = _providers(server, old, paths[0].read_bytes(), other)
        loaded = load(template, bound, *objects)
        assert not loaded.errors, loaded.errors
        live = {one.name: HttpsProvider(one) for one in loaded.providers}
        for one in live.values():
            stack.callback(one.close)
        cluster = stack.enter_context(running_cluster())
        theirs = stack.enter_context(running_gatekeeper(cluster))
        theirs.apply(objects)
        theirs.load([template], [bound])
        made = Both(theirs, loaded, LiveProviders(live, AnswerCache(DEFAULT_TTL_S, time.monotonic)), count())
        for value in objects:
            _wait_for(made, value["metadata"]["name"])
        yield made


def _wait_for(both: Both, name: str) -> None:
    """Until the webhook knows the provider."""
    end = time.monotonic() + READY_SECONDS
    while UNKNOWN in "".join(both.ask_theirs({"provider": name, "keys": [both.fresh("warm")]})):
        assert time.monotonic() < end, name
        time.sleep(STEP_SECONDS)


def test_answers(both: Both) -> None:
    keys = [both.fresh("a"), both.fresh("bad"), both.fresh("é"), ""]
    for asked in (keys, [*keys, *keys], keys[:1], []):
        theirs, ours = both.ask(provider="ask", keys=asked)
        assert ours == theirs
        assert len(ours) == 1


def test_what_is_known_comes_first_and_costs_no_request(both: Both) -> None:
    first, second = both.fresh("a"), both.fresh("b")
    seen = []
    for keys in ([first], [second, first], [first, second], [first]):
        theirs, ours = both.ask(provider="ask", keys=keys)
        assert ours == theirs
        seen.append(json.loads(ours[0]))
    assert [one["status_code"] for one in seen] == [200, 200, 0, 0]
    assert [row[0] for row in seen[1]["responses"]] == [first, second]


@pytest.mark.parametrize(
    "asked",
    [
        {"provider": "ask", "keys": [1]},
        {"provider": "ask", "keys": [["a"]]},
        {"provider": "ask", "keys": "a"},
        {"provider": "ask", "keys": {"a": 1}},
        {"provider": 1, "keys": ["a"]},
        {"provider": "ask", "keys": None},
        {"provider": None, "keys": []},
        {"provider": "ask", "keys": [None, "x"]},
        {"provider": "ask", "keys": ["x"], "more": 1},
        {"Provider": "ask", "KEYS": ["x"]},
        {"provider": "ask", "keys": ["x"], "Keys": ["y"], "more": {"a": [1.5, 10**30]}},
        {"provider": "ask"},
        {"keys": ["x"]},
        {},
        [],
        "ask",
        None,
        {"provider": "absent", "keys": ["x"]},
        {"provider": "absent", "keys": []},
    ],
    ids=json.dumps,
)
def test_requests(asked: Any, both: Both) -> None:
    theirs, ours = both.ask_theirs(asked), messages(both.decide(asked))
    assert ours == theirs
    assert ours


def test_a_set_is_no_array(both: Both) -> None:
    theirs, ours = both.ask(provider="ask", keys=[both.fresh("a")], set=[both.fresh("b")])
    assert ours == theirs
    assert len(ours) == 1


@pytest.mark.parametrize("path", ["values", "503", "empty", "v1alpha1"])
def test_answers_of_all_kinds(path: str, both: Both) -> None:
    theirs, ours = both.ask(provider=path, keys=[both.fresh("k")])
    assert ours == theirs


# Where no answer comes; and what both begin `system_error` with.
FAILURES = {
    "text": "failed to unmarshal external data response: ",
    "list": "failed to unmarshal external data response: ",
    "key": "failed to unmarshal external data response: ",
    "items": "failed to unmarshal external data response: ",
    "truncated": "failed to read external data response: ",
    "garbage": "failed to send external data request: ",
    "slow": "failed to send external data request: ",
    "tls-12": "failed to send external data request: ",
    "other-ca": "failed to send external data request: ",
    "nobody": "failed to send external data request: ",
}


@pytest.mark.parametrize(("name", "begins"), FAILURES.items())
def test_failures(name: str, begins: str, both: Both) -> None:
    """The words of what went wrong are each program's own."""
    said = []
    for message in both.ask(provider=name, keys=[both.fresh("k")]):
        answer = json.loads(message[0])
        assert answer.pop("system_error").startswith(begins), message
        said.append(answer)
    assert said[0] == said[1] == {"errors": None, "responses": None, "status_code": 500}


def test_what_differs_on_purpose(both: Both) -> None:
    """docs/external-data.md tells why."""
    theirs, ours = both.ask(provider="no-response", keys=[both.fresh("k")])
    assert json.loads(theirs[0]) == {"errors": [], "responses": [], "status_code": 200, "system_error": ""}
    assert "it is no ProviderResponse" in json.loads(ours[0])["system_error"]
    theirs, ours = both.ask(provider="ask", keys=[both.fresh("\a")])
    assert theirs == ["undefined"]
    assert len(json.loads(ours[0])["responses"]) == 1
    # What nobody asked for is kept by Gatekeeper, and given to whoever asks for it.
    both.ask(provider="values", keys=[both.fresh("k")])
    theirs, ours = both.ask(provider="values", keys=["large"])
    assert [json.loads(said[0])["status_code"] for said in (theirs, ours)] == [0, 200]
    key = both.fresh("k")
    theirs, ours = both.ask(provider="redirect-307", keys=[key])
    assert json.loads(theirs[0])["responses"] == [[key, key.upper()]]
    assert "redirects (status 307), which is refused" in json.loads(ours[0])["system_error"]


def test_answers_of_a_provider_that_is_another_now_or_gone(both: Both) -> None:
    """Gatekeeper gives them on; ours are not kept for others (`test_live_providers`)."""
    known = next(one for one in both.loaded.providers if one.name == "ask")

    def moves(path: str) -> Json:
        url = f"https://{known.host}:{known.port}/{path}"
        return {**provider(url, known.ca_bundle.encode()), "metadata": {"name": "moves"}}

    def answered(key: str) -> Any:
        (said,) = both.ask_theirs({"provider": "moves", "keys": [key]})
        return json.loads(said)

    both.theirs.apply([moves("ask")])
    _wait_for(both, "moves")
    key = both.fresh("a")
    assert answered(key)["responses"] == [[key, key.upper()]]
    both.theirs.apply([moves("empty")])
    end = time.monotonic() + READY_SECONDS
    while answered(both.fresh("b"))["responses"]:
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)
    assert answered(key)["responses"] == [[key, key.upper()]]
    assert kubectl(both.theirs.cluster, "delete", "provider", "moves").returncode == 0
    while answered(both.fresh("b"))["system_error"] != UNKNOWN:
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)
    assert answered(key)["responses"] == [[key, key.upper()]]
