"""Whole documents of YAML and JSON files, cut as Conftest cuts them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.plain import read_plain

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text("abcx 01:-#", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def values(text: str, file: str = "in.yaml") -> list[Value]:
    reading = read_plain(text.encode(), file)
    assert reading.errors == ()
    return [one.value for one in reading.documents]


# text → values
CASES: list[tuple[str, list[Value]]] = [
    ("a: 1\n", [{"a": 1}]),
    ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
    ("---\na: 1\n", [{"a": 1}]),
    ("a: 1\n---\n", [{"a": 1}, None]),
    ("a: 1\n---\n---\nb: 1\n", [{"a": 1}, {"b": 1}]),
    ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
    ("%YAML 1.1\n---\na: 1\n", [{"a": 1}]),
    ("%YAML 1.1\n---\na: 1\n---\nb: 1\n", [{"a": 1}, {"b": 1}]),
    ("- 1\n- [2]\n", [1, [2]]),
    ("- 1\n---\n- 2\n", [[1], [2]]),
    ("", [None]),
    ("# nothing\n", [None]),
    ("a: 1\na: 2\n", [{"a": 2}]),
    ("text\n", ["text"]),
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_yaml(text: str, wanted: list[Value]) -> None:
    assert values(text) == wanted


@pytest.mark.parametrize("text", ["{", "", '{"a": 1} {"b": 2}', "[1,]", "a: 1", '{"a": 1} x'])
def test_json_that_is_none(text: str) -> None:
    reading = read_plain(text.encode(), "in.json")
    assert reading.documents == ()
    assert len(reading.errors) == 1


@given(st.lists(PLAIN, min_size=2, max_size=4))
def test_documents_are_what_they_are_alone(documents: list[Value]) -> None:
    texts = [f"{json.dumps(one)}\n" for one in documents]
    assert values("---\n".join(texts)) == documents


@given(PLAIN)
def test_json_is_yaml(value: Value) -> None:
    text = json.dumps(value)
    assert values(text, "in.json") == values(f"{text}\n")


@given(st.binary(max_size=60), st.sampled_from(["in.yaml", "in.json", "<stdin>"]))
def test_nothing_raises(data: bytes, file: str) -> None:
    reading = read_plain(data, file)
    for one in reading.documents:
        span = one.document.locate(()).span
        assert span.line >= 1
        assert span.column >= 1


def test_places() -> None:
    text = "a: 1\n---\nb:\n  c: [1, 2]\n"
    second = read_plain(text.encode(), "in.yaml").documents[1].document
    found = second.locate(["b", "c", 1])
    assert (found.exact, found.span.line, found.span.column) == (True, 4, 10)
    members = read_plain(b"- a: 1\n- b: 2\n", "in.yaml").documents
    assert [one.document.locate([name]).span.line for one, name in zip(members, "ab", strict=True)] == [1, 2]
