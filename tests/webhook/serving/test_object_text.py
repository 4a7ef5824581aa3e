"""Objects as text: what is printed says the same as the object, and every field has its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.documents.plain import read_plain
from lockgate.gatekeeper.scalar_text import text_start
from lockgate.webhook.serving.object_text import FieldPlace, ObjectText, object_document

from tests.webhook.serving.builders import as_value

LINES = st.lists(st.text("ab: #-\t'\"|>%@", max_size=6), min_size=2, max_size=4).map("\n".join)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5_000_000),
    st.text(max_size=8),
    LINES,
    st.sampled_from(
        ["true", "on", "y", "1", "1e3", "", "~", "null", "\n", "a\n", "a\n\n", " a\nb", "\n\na\nb"]
    ),
)
NAMES = st.one_of(
    st.sampled_from("abc"), st.text(max_size=5), st.sampled_from(["on", "1", "-", "a/b", "", "true"])
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3)),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)


@given(OBJECTS)
def test_the_text_is_yaml_that_says_the_same(value: dict[str, Any]) -> None:
    text = "\n".join([*ObjectText(as_value(value)).lines, ""])
    reading = read_plain(text.encode("utf-8", "surrogatepass"), "object.yaml")
    assert not reading.errors, text
    assert [one.value for one in reading.documents] == [as_value(value)], text


@given(OBJECTS)
def test_places_are_those_that_a_reader_of_the_text_finds(value: dict[str, Any]) -> None:
    text = ObjectText(as_value(value))
    (read,) = read_plain(
        "\n".join([*text.lines, ""]).encode("utf-8", "surrogatepass"), "object.yaml"
    ).documents

    def compare(below: Any, path: tuple[str | int, ...]) -> None:
        found, wanted = text.locate(path), read.document.locate(path)
        if path:
            assert (found.span.line, found.span.column) == (wanted.span.line, wanted.span.column), path
        assert found.exact
        members = (
            below.items() if isinstance(below, dict) else enumerate(below) if isinstance(below, list) else ()
        )
        for name, item in members:
            compare(item, (*path, name))

    compare(value, ())


REGO = "package a\n\nviolation[{}] {\n\tx\n}\n"


@pytest.mark.parametrize("rego", [REGO, REGO.rstrip(), f"\n{REGO}", f" {REGO}", f"{REGO}\n\n"])
def test_a_line_of_a_fields_text_is_found_again(rego: str) -> None:
    document = object_document(as_value({"kind": "A", "spec": {"targets": [{"rego": rego}]}}), "A/a")
    path = ("spec", "targets", 0, "rego")
    line, column = text_start(document, path)
    text = document.positions
    assert isinstance(text, ObjectText)
    for index, wanted in enumerate(rego.rstrip("\n").split("\n")):
        assert document.lines[line - 1 + index][column - 1 :] == wanted
        assert text.field_at(line + index, column + 2) == FieldPlace(path, index + 1, 3)


def test_a_place_outside_of_texts_is_the_deepest_field_that_begins_there() -> None:
    text = ObjectText(as_value({"spec": {"match": [{"kinds": ["a", "b"]}]}}))
    for path in (("spec", "match", 0), ("spec", "match", 0, "kinds", 1)):
        span = text.locate(path).span
        assert text.field_at(span.line, span.column).path[: len(path)] == path
    assert text.field_at(1, 1) == FieldPlace(())


def test_a_field_that_is_not_there_has_the_place_of_what_it_would_be_in() -> None:
    text = ObjectText(as_value({"spec": {"a": 1}}))
    found = text.locate(("spec", "b", "c"))
    assert (found.exact, found.path) == (False, ("spec",))


def test_what_the_api_server_adds_is_not_shown() -> None:
    value = as_value({"kind": "A", "metadata": {"managedFields": [{}], "name": "a"}, "status": {"x": 1}})
    document = object_document(value, "A/a")
    assert [*document.lines] == ["kind: A", "metadata:", "  name: a"]
    assert document.value is value


def test_deep_objects_end_on_one_line() -> None:
    value: Any = {"a": 1}
    for _ in range(40):
        value = {"a": [value]}
    text = ObjectText(as_value(value))
    assert len(text.lines) < 70
