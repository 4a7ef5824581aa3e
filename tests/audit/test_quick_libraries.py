"""orjson renders what our own does, byte by byte, or refuses; what ISA-L packs zlib unpacks."""

import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.audit.body import value_bytes
from lockgate.audit.quick_libraries import Render, find_pack, find_render
from lockgate.audit.sealing import MAX_BODY, seal, unseal
from lockgate.engine.codegen.values import Number, Value, render_json

# Controls, what JSON escapes, what Python's reader of lines takes for ends, the highest of one and of two units.
AWKWARD = '\x00\x07\b\t\n\f\r\x1b\x1f "\\/\x7f\x80\x85\xa0\xad\u2028\u2029\ufeff\uffff\U00010000\U0010ffff'
TEXTS = st.text(st.one_of(st.sampled_from(AWKWARD), st.characters(exclude_categories=["Cs"])), max_size=20)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(TEXTS, inner, max_size=6)),
    max_leaves=30,
)


@pytest.fixture(scope="module")
def render() -> Render:
    found = find_render()
    if found is None:
        pytest.skip("orjson is not installed")
    return found


def plainly(value: Value) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@settings(max_examples=1_000, deadline=None)
@given(VALUES)
def test_one_text(render: Render, value: Value) -> None:
    assert render(value) == plainly(value) == value_bytes(value)


def test_every_character(render: Render) -> None:
    text = "".join([chr(one) for one in range(0x110000) if not 0xD800 <= one < 0xE000])
    assert render({text: text}) == plainly({text: text})


@pytest.mark.parametrize("value", [2**63 - 1, 2**64 - 1, -(2**63), 0, -1])
def test_integers(render: Render, value: int) -> None:
    assert render(value) == str(value).encode()


@pytest.mark.parametrize(
    "value",
    [Number("1.0"), 2**64, -(2**63) - 1, "\ud800", {"\udfff": 1}, {1: 2}, {1, 2}, frozenset()],
    ids=repr,
)
def test_what_it_does_not_spell(render: Render, value: Value) -> None:
    with pytest.raises(TypeError):
        render([value])


def test_other_spellings() -> None:
    assert value_bytes([Number("1.0"), 2**70]) == render_json([Number("1.0"), 2**70]).encode()
    assert value_bytes({"a": "x\ud800"}) == b'{"a":"x?"}'
    deep: Value = "end"
    for _ in range(400):
        deep = [deep]
    assert value_bytes(deep) == b"[" * 400 + b'"end"' + b"]" * 400


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=70_000))
def test_packed_for_zlib(body: bytes) -> None:
    pack = find_pack()
    if pack is None:
        pytest.skip("ISA-L is not installed")
    assert zlib.decompress(pack(body)) == body


def test_the_largest_body() -> None:
    body = bytes(range(256)) * (MAX_BODY // 256)
    assert unseal(b"k" * 32, seal(b"k" * 32, body)) == body
