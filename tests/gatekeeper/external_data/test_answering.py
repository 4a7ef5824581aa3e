"""What is asked of Lockgate as a provider."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import Item, Reply
from lockgate.engine.external_data import MAX_KEYS, UnansweredError
from lockgate.gatekeeper.external_data.answering import answer
from lockgate.gatekeeper.external_data.fixtures import Fixture, FixtureProviders
from lockgate.gatekeeper.external_data.wire import (
    parse_request,
    parse_response,
    render_request,
    render_response,
)

KNOWN = FixtureProviders(
    [
        Fixture("images", {"a": Item("a", {"signed": True}), "b": Item("b", None, "no signature")}, ""),
        Fixture("down", {}, "the registry does not answer"),
    ]
)


def asked(name: str, *keys: str) -> Reply:
    """What somebody who asks over the wire reads."""
    found = answer(name, render_request(keys), KNOWN, 1.0, time.monotonic)
    return parse_response(found.status, found.body)


@pytest.mark.parametrize(
    ("name", "keys", "expected"),
    [
        ("images", ("a",), Reply((Item("a", {"signed": True}),), 200)),
        ("images", ("b", "a"), Reply((Item("b", None, "no signature"), Item("a", {"signed": True})), 200)),
        (
            "images",
            ("c", "a"),
            Reply(
                (Item("c", None, "provider 'images' knows nothing of it"), Item("a", {"signed": True})), 200
            ),
        ),
        ("images", (), Reply((), 200)),
        ("down", ("a",), Reply((), 200, "the registry does not answer")),
        ("nobody", ("a",), Reply((Item("a", None, "provider 'nobody' knows nothing of it"),), 200)),
        ("nobody", (), Reply((), 200)),
        (
            "images",
            ("a",) * (MAX_KEYS + 1),
            Reply((), 413, "more than 10000 keys or 1000000 characters in one request"),
        ),
    ],
)
def test_answers(name: str, keys: tuple[str, ...], expected: Reply) -> None:
    assert asked(name, *keys) == expected


def request(**changes: Any) -> bytes:
    value = {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": {}}
    return json.dumps({**value, **changes}).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "invalid JSON"),
        (b"\xff", "it is not UTF-8"),
        (b"[]", "what is sent is no object but array"),
        (request(kind="ProviderResponse"), "it is no ProviderRequest of externaldata.gatekeeper.sh"),
        (request(apiVersion="v1"), "it is no ProviderRequest of externaldata.gatekeeper.sh"),
        (request(request=[]), "request is no object but array"),
        (request(request={"keys": "a"}), "keys is no array but string"),
        (request(request={"keys": ["a", 1]}), "a key is no string but number"),
        (request() + b"{}", "there is more after the value"),
        (b"[" * 100_000, "nested deeper"),
    ],
)
def test_bad_requests(body: bytes, said: str) -> None:
    found = answer("images", body, KNOWN, 1.0, time.monotonic)
    assert (found.status, found.outcome) == (400, "refused")
    reply = parse_response(found.status, found.body)
    assert reply.system_error.startswith("not a valid ProviderRequest: ")
    assert said in reply.system_error


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_requests_come_back(keys: list[str]) -> None:
    assert parse_request(render_request(tuple(keys))) == tuple(keys)


def test_responses_come_back() -> None:
    reply = Reply((Item("a", [1, {"x": None}]), Item("b", None, "unknown"), Item("c", None)), 200, "late")
    assert parse_response(200, render_response(reply)) == reply


def test_time_ends() -> None:
    given: list[float | None] = []
    now = 0.0

    class Slow:
        def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
            nonlocal now
            given.append(seconds)
            now += 0.25
            raise UnansweredError("time")

    found = answer("images", render_request(("a", "b", "c")), Slow(), 0.75, lambda: now)
    assert (found.status, found.outcome) == (200, "failed")
    reply = parse_response(found.status, found.body)
    assert reply.system_error == "no answer for every key in time"
    assert given == [0.75, 0.5, 0.25]
