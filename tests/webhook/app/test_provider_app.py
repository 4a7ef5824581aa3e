"""What is said to who asks a provider of ours: nothing but an answer can be taken for one."""

import asyncio
import json
from threading import Event

import pytest
from lockgate.engine.decision import Item, Reply
from lockgate.gatekeeper.external_data.answering import Offered
from lockgate.gatekeeper.external_data.fixtures import Fixture, FixtureProviders
from lockgate.gatekeeper.external_data.wire import parse_response, render_request
from lockgate.webhook.app.client_names import ClientNames
from lockgate.webhook.app.http_application import Head, Unread
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.provider_app import MAX_WAITING, THREADS, ProviderApp
from lockgate.webhook.serving.answer import HttpAnswer
from lockgate.webhook.serving.measures import Measures

ASKER = frozenset({"gatekeeper"})
KNOWN = FixtureProviders(
    [
        Fixture("images", {"a": Item("a", "signed"), "b": Item("b", None, "no signature")}, ""),
        Fixture("down", {}, "the registry does not answer"),
    ]
)


class Slow:
    """A provider that answers when it may."""

    def __init__(self) -> None:
        self.released = Event()

    @property
    def names(self) -> frozenset[str]:
        return frozenset({"slow", "broken"})

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        if provider == "broken":
            raise ValueError("a fault")
        self.released.wait(60)
        return Reply((), 0)


class Lines:
    """Takes the log's lines."""

    def write(self, line: bytes) -> bool:
        return True


def app(in_process: Offered | None = KNOWN, names: frozenset[str] = ASKER) -> tuple[ProviderApp, Measures]:
    measures = Measures()
    log = Log(Lines(), format="json", level="error", process="w", now_ns=lambda: 0)
    return ProviderApp(lambda: in_process, ClientNames(names), measures, log), measures


def head(path: str, method: str = "POST", query: bytes = b"", names: frozenset[str] | None = ASKER) -> Head:
    return Head(method, path, query, (), None, names)


async def answered(made: ProviderApp, asked: Head, body: bytes = b"") -> HttpAnswer:
    taken_by = made.begin(asked)
    if isinstance(taken_by, HttpAnswer):
        return taken_by
    reply = taken_by(body or render_request(("a",)))
    return reply if isinstance(reply, HttpAnswer) else await reply


def read(answer: HttpAnswer) -> Reply:
    """As Gatekeeper reads it, whatever the status."""
    value = json.loads(answer.body)
    assert (value["kind"], value["apiVersion"]) == (
        "ProviderResponse",
        "externaldata.gatekeeper.sh/v1beta1",
    )
    return parse_response(answer.status, answer.body)


def test_an_answer() -> None:
    made, measures = app()
    found = asyncio.run(answered(made, head("/providers/images"), render_request(("a", "b", "c"))))
    assert read(found) == Reply(
        (
            Item("a", "signed"),
            Item("b", None, "no signature"),
            Item("c", None, "provider 'images' knows nothing of it"),
        ),
        200,
    )
    counts = measures.take({}).counts
    assert counts == {("lockgate_provider_requests_total", "images", "answered"): 1}


@pytest.mark.parametrize(
    ("asked", "body", "status", "said"),
    [
        (head("/providers/down"), b"", 200, "the registry does not answer"),
        (head("/providers/images", names=None), b"", 401, "shows no certificate"),
        (head("/providers/images", names=frozenset({"other"})), b"", 401, "shows no certificate"),
        (head("/providers/absent"), b"", 404, "there is no provider 'absent' here"),
        (head("/providers/images/more"), b"", 404, "there is no provider 'images/more' here"),
        (head("/providers/"), b"", 404, "there is no provider '' here"),
        (head("/providers"), b"", 404, "there is no provider '' here"),
        (head("/providers/images", "GET"), b"", 405, "asked with POST"),
        (head("/providers/images"), b"{", 400, "not a valid ProviderRequest"),
        (head("/providers/images"), render_request(("a",) * 10_001), 413, "more than 10000 keys"),
    ],
)
def test_whoever_is_not_answered_is_told_so(asked: Head, body: bytes, status: int, said: str) -> None:
    made, measures = app()
    found = read(asyncio.run(answered(made, asked, body)))
    assert (found.status, found.items) == (status, ())
    assert said in found.system_error
    ((_, name, outcome),) = measures.take({}).counts
    assert outcome == ("failed" if status == 200 else "refused")
    # Only names of providers that there are become labels.
    assert name in ("(other)", "images", "down")


@pytest.mark.parametrize("reason", ["malformed", "head_too_large", "too_large", "overload"])
def test_what_is_not_read_to_its_end_is_no_answer_either(reason: Unread) -> None:
    found = read(app()[0].unread(reason, "/providers/images"))
    assert found.status >= 400
    assert found.system_error


def test_where_nothing_is_offered_or_loaded_yet() -> None:
    found = read(asyncio.run(answered(app(names=frozenset())[0], head("/providers/images"))))
    assert (found.status, found.items) == (404, ())
    assert "--provider-client-ca" in found.system_error
    found = read(asyncio.run(answered(app(None)[0], head("/providers/images"))))
    assert (found.status, found.items) == (503, ())
    assert found.system_error


def test_a_provider_that_is_slow_or_broken() -> None:
    slow = Slow()
    made, _ = app(slow)
    try:
        found = read(asyncio.run(answered(made, head("/providers/slow", query=b"timeout=0.1s"))))
        assert (found.status, found.system_error) == (504, "no answer in the time that the request gives")
    finally:
        slow.released.set()
    found = read(asyncio.run(answered(made, head("/providers/broken"))))
    assert found.status == 500
    assert "ValueError at ask:" in found.system_error


def test_only_so_many_wait() -> None:
    async def ask_many() -> list[int]:
        slow = Slow()
        made, _ = app(slow)
        asked = [asyncio.ensure_future(answered(made, head("/providers/slow"))) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0)
        refused = await answered(made, head("/providers/slow"))
        slow.released.set()
        found = [refused, *await asyncio.gather(*asked), await answered(made, head("/providers/slow"))]
        return [one.status for one in found]

    statuses = asyncio.run(ask_many())
    assert THREADS < MAX_WAITING
    assert statuses == [429, *[200] * (MAX_WAITING + 1)]
