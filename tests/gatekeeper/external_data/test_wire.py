"""Requests and answers as JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Number, render_json
from lockgate.engine.decision import Item, Reply
from lockgate.gatekeeper.external_data.wire import ProviderError, parse_response, render_request

from tests.gatekeeper.external_data.provider_server import response


def parsed(value: Any, status: int = 200) -> Reply:
    return parse_response(status, json.dumps(value).encode())


def test_a_request() -> None:
    assert json.loads(render_request(("a", "é"))) == {
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderRequest",
        "request": {"keys": ["a", "é"]},
    }
    # As Go leaves an empty list out.
    assert json.loads(render_request(()))["request"] == {}
    assert b"?" in render_request(("\ud800",))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response(), Reply((), 200)),
        (response(items=None), Reply((), 200)),
        ({**response(), "response": None}, Reply((), 200)),
        (response(items=[{"key": "a"}]), Reply((Item("a"),), 200)),
        (response(items=[None, {}]), Reply((Item(""), Item("")), 200)),
        (
            response(items=[{"key": "a", "value": {"b": [1, True, None]}, "error": None}]),
            Reply((Item("a", {"b": [1, True, None]}),), 200),
        ),
        (response(items=[{"key": "a", "error": "x"}]), Reply((Item("a", None, "x"),), 200)),
        (response(systemError="down", items=[{"key": "a"}]), Reply((Item("a"),), 200, "down")),
        ({**response(), "apiVersion": "externaldata.gatekeeper.sh/v1alpha1", "more": 1}, Reply((), 200)),
    ],
)
def test_answers(answer: Any, expected: Reply) -> None:
    assert parsed(answer) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "invalid JSON"),
        (b"{", "invalid JSON"),
        (b"NaN", "no value"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "nested deeper"),
        (json.dumps(response()).encode() + b" 1", "more after the value"),
        (b"null", "no ProviderResponse"),
        (b"{}", "no ProviderResponse"),
        (b"[]", "what is sent is no object but array"),
        (b'{"error": "not found"}', "no ProviderResponse"),
        (json.dumps({**response(), "kind": "ProviderRequest"}).encode(), "no ProviderResponse"),
        (json.dumps({**response(), "apiVersion": "v1"}).encode(), "no ProviderResponse"),
        (json.dumps({**response(), "response": []}).encode(), "response is no object but array"),
        (json.dumps(response(items={})).encode(), "items is no array but object"),
        (json.dumps(response(items=[1])).encode(), "an item is no object but number"),
        (json.dumps(response(items=[{"key": 1}])).encode(), "key is no string but number"),
        (json.dumps(response(items=[{"error": []}])).encode(), "error is no string but array"),
        (json.dumps(response(systemError=False)).encode(), "systemError is no string but boolean"),
    ],
)
def test_what_is_no_answer(body: bytes, said: str) -> None:
    with pytest.raises(ProviderError) as caught:
        parse_response(200, body)
    assert caught.value.message.startswith("failed to unmarshal external data response: ")
    assert said in caught.value.message
    assert caught.value.status == 500


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("1.50", "1.5"),
        ("9007199254740992", "9007199254740992"),
        ("9007199254740993", "9007199254740992"),
        ("-9007199254740993", "-9007199254740992"),
        ("12345678901234567890", "12345678901234567000"),
        ("123456789012345678901234", "1.2345678901234569e+23"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
    ],
)
def test_numbers_are_those_of_go(text: str, shown: str) -> None:
    body = json.dumps(response(items=[{"key": "a", "value": [{"n": "N"}]}])).replace('"N"', text)
    items = parse_response(200, body.encode()).items or ()
    assert [render_json(item.value) for item in items] == [f'[{{"n":{shown}}}]']


def test_a_number_that_go_cannot_hold() -> None:
    body = json.dumps(response(items=[{"key": "a", "value": "N"}])).replace('"N"', "1e400")
    with pytest.raises(ProviderError, match="64 bits"):
        parse_response(200, body.encode())


@given(st.binary(max_size=200) | st.text().map(lambda text: json.dumps(response(items=[text])).encode()))
def test_any_bytes_are_an_answer_or_a_provider_error(body: bytes) -> None:
    try:
        reply = parse_response(200, body)
    except ProviderError as error:
        assert error.message
    else:
        assert reply.items is not None


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), VALUES), max_size=5))
def test_values_come_through(items: list[tuple[str, Any]]) -> None:
    reply = parsed(response(items=[{"key": key, "value": value} for key, value in items]))
    assert reply.items == tuple(Item(key, value) for key, value in items)
    assert not any(isinstance(item.value, Number) for item in reply.items or ())
