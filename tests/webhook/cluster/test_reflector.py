"""A reflector lists, watches from there, goes on where a watch ended, and lists anew where it cannot."""

import json
import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from kubernetes import client
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.reflector import Reflector
from lockgate.webhook.cluster.watch_events import MAX_LINE, WatchError, parse_event, split_lines
from lockgate.webhook.serving.objects import Change, ObjectKey

from tests.webhook.cluster.watching_server import PATH, Script, Watch, serving

SERVICE = GroupVersionKind("", "v1", "Service")
RESOURCE = Resource(SERVICE, PATH, True)
SECONDS = 60


class Heard:
    """Keeps what a reflector tells."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[str, Any]] = queue.Queue()

    def listed(self, resource: Resource, objects: Mapping[ObjectKey, bytes]) -> None:
        self.told.put(("listed", sorted([key.name for key in objects])))

    def changed(self, resource: Resource, change: Change) -> None:
        self.told.put(("gone" if change.data is None else "there", change.key.name))

    def failed(self, resource: Resource, why: str) -> None:
        self.told.put(("failed", why))

    def absent(self, resource: Resource) -> None:
        self.told.put(("absent", resource.kind.kind))

    def next(self) -> tuple[str, Any]:
        return self.told.get(timeout=SECONDS)


def service(name: str, version: int = 1) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "a", "resourceVersion": str(version)}}


def event(kind: str, name: str, version: int) -> bytes:
    return json.dumps({"type": kind, "object": service(name, version)}).encode() + b"\n"


def error(code: int) -> bytes:
    status = {"kind": "Status", "code": code, "message": "too old resource version"}
    return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"


@contextmanager
def reflecting(script: Script, token: Path | None = None) -> Iterator[Heard]:
    with serving(script) as address:
        configuration: Any = client.Configuration(host=address)
        configuration.retries = False
        if token is not None:

            def refresh(one: Any) -> None:
                one.api_key["authorization"] = f"Bearer {token.read_text()}"

            configuration.refresh_api_key_hook = refresh
            refresh(configuration)
        api: Any = client.ApiClient(configuration)
        heard = Heard()
        reflector = Reflector(api, RESOURCE, heard, Random(1))
        reflector.start()
        try:
            yield heard
        finally:
            reflector.stop()
            script.ended.set()
            reflector.join(SECONDS)
            api.close()


def test_events_follow_the_list_and_the_next_watch_goes_on_there() -> None:
    first = event("ADDED", "b", 11) + event("DELETED", "a", 12) + event("BOOKMARK", "", 40)
    script = Script([[service("a")]], [Watch(sent=first), Watch(sent=event("MODIFIED", "b", 41))])
    with reflecting(script) as heard:
        assert [heard.next() for _ in range(4)] == [
            ("listed", ["a"]),
            ("there", "b"),
            ("gone", "a"),
            ("there", "b"),
        ]
    assert script.watched_from[:2] == ["10", "40"]
    assert all(query["allowWatchBookmarks"] == "true" for query in script.asked if "watch" in query)
    assert all(120 <= int(query["timeoutSeconds"]) <= 240 for query in script.asked if "watch" in query)


@pytest.mark.parametrize(
    "expired", [Watch(status=410), Watch(sent=event("ADDED", "b", 11) + error(410))], ids=["status", "event"]
)
def test_a_forgotten_place_leads_to_a_new_list(expired: Watch) -> None:
    script = Script([[service("a")], [service("c")]], [expired])
    with reflecting(script) as heard:
        told = [heard.next()]
        while told[-1][0] != "listed" or len(told) == 1:
            told.append(heard.next())
        assert told[-1] == ("listed", ["c"])
        assert "failed" not in dict(told)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"{nothing\n", "an event of the watch cannot be read"),
        (b'{"type":"ADDED","object":{"metadata":{}}}\n', "an event of the watch has no resourceVersion"),
        (event("INVENTED", "a", 12), "the watch has an event of type 'INVENTED'"),
        (error(500), "the watch ended: too old resource version"),
    ],
)
def test_what_cannot_be_used_is_told_and_leads_to_a_new_list(sent: bytes, said: str) -> None:
    with reflecting(Script([[service("a")], [service("c")]], [Watch(sent=sent)])) as heard:
        assert heard.next() == ("listed", ["a"])
        kind, why = heard.next()
        assert (kind, str(why).startswith(said)) == ("failed", True), why
        assert heard.next() == ("failed", "")
        assert heard.next() == ("listed", ["c"])


def test_failures_are_told_until_they_end() -> None:
    with reflecting(Script([500, 403, [service("a")]], [Watch(status=503)])) as heard:
        assert heard.next() == (
            "failed",
            "the API server answered 500 for /api/v1/services (Internal Server Error)",
        )
        kind, why = heard.next()
        assert kind == "failed"
        assert "403" in why
        assert "`list`" in why
        assert [heard.next(), heard.next()] == [("failed", ""), ("listed", ["a"])]
        assert heard.next()[1].startswith("the API server answered 503 to the watch of v1/Service")
        assert heard.next() == ("failed", "")


def test_a_kind_that_is_not_served_any_more_ends_it() -> None:
    with reflecting(Script([[service("a")]], [Watch(status=404)])) as heard:
        assert [heard.next(), heard.next()] == [("listed", ["a"]), ("absent", "Service")]
    with reflecting(Script([404])) as heard:
        assert heard.next() == ("absent", "Service")


def test_a_token_is_read_anew(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    ends = [Watch(sent=event("ADDED", "b", 11)), Watch(sent=event("ADDED", "c", 12))]
    script = Script([[service("a")]], ends)
    with reflecting(script, token) as heard:
        assert heard.next() == ("listed", ["a"])
        token.write_text("second")
        while heard.next() != ("there", "c"):
            pass
        while len(script.tokens) < 4:
            script.ended.wait(0.01)
    assert script.tokens[0] == "Bearer first"
    assert script.tokens[-1] == "Bearer second"


def test_lines_end_where_they_end_however_they_come() -> None:
    text = b'{"a":1}\n\n{"b":"x"}\n{"c":'
    wanted = [b'{"a":1}', b'{"b":"x"}']
    for size in range(1, len(text)):
        chunks = [text[start : start + size] for start in range(0, len(text), size)]
        assert [*split_lines(chunks)] == wanted


def test_a_line_without_an_end_is_refused() -> None:
    with pytest.raises(WatchError, match="more than 16 MiB"):
        list(split_lines([b"x" * (MAX_LINE // 8)] * 9))


def test_the_same_object_has_the_same_bytes_in_lists_and_events() -> None:
    value = {"metadata": {"resourceVersion": "1", "name": "a"}, "spec": {"b": 1.50, "a": "ü"}}
    line = json.dumps({"object": value, "type": "ADDED"}).encode()
    change = parse_event(line, SERVICE).change
    assert change is not None
    assert change.data is not None
    assert json.loads(change.data) == {**value, "apiVersion": "v1", "kind": "Service"}
    assert parse_event(json.dumps({"type": "ADDED", "object": value}).encode(), SERVICE).change == change
