"""Values of YAML documents, against kubectl's own answers."""

import pytest
from lockgate.engine.codegen.values import Number, parse_json, render_json
from lockgate.engine.documents.go_numbers import float_key, float_text, from_float
from lockgate.engine.documents.yaml_nodes import YamlError

from tests.engine.kubectl_yaml_cases import CASES
from tests.engine.reading_helpers import one_yaml_value, read


@pytest.mark.parametrize(("text", "answer", "keys_once"), CASES, ids=[ascii(case[0])[:60] for case in CASES])
def test_value_is_kubectls(text: str, answer: str | None, keys_once: bool) -> None:
    if answer is None:
        with pytest.raises(YamlError) as raised:
            one_yaml_value(text)
        assert raised.value.message
        assert raised.value.line >= 1 and raised.value.column >= 1
        return
    value, duplicates = one_yaml_value(text)
    assert render_json(value) == render_json(parse_json(answer))
    assert (not duplicates) is keys_once


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-2.5, "-2.5"),
        (0.1, "0.1"),
        (100.0, "100"),
        (123456.789, "123456.789"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.000001, "0.000001"),
        (0.0000001, "1e-7"),
        (1.25e-10, "1.25e-10"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740993.0, "9007199254740992"),
    ],
)
def test_float_is_printed_as_by_go(number: float, text: str) -> None:
    assert float_text(number) == text


def test_integral_float_becomes_an_int_and_others_keep_their_text() -> None:
    whole = from_float(1.0)
    assert type(whole) is int and whole == 1
    part = from_float(0.5)
    assert type(part) is Number and part.text == "0.5"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1.5, "1.5"),
        (1e6, "1e+06"),
        (123456.0, "123456"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e39, ".inf"),
    ],
)
def test_float_key_has_float32_digits(number: float, name: str) -> None:
    assert float_key(number) == name


ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"
TWO = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n"


def names(text: str | bytes) -> list[object]:
    found: list[object] = []
    for document in read(text).documents:
        metadata = document.value["metadata"]
        assert type(metadata) is dict
        found.append(metadata["name"])
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}---\n{TWO}",
        f"---\n{ONE}---\n{TWO}",
        f"---\n---\n{ONE}---\n\n---\n# nothing\n---\n{TWO}---\n",
        f"{ONE}--- # comment\n{TWO}",
        f"{ONE}---\t\n{TWO}",
        f"{ONE}...\n---\n{TWO}",
        f"\ufeff{ONE}---\n{TWO}",
        f"{ONE}---\n{TWO}".replace("\n", "\r\n"),
        f"{ONE}---\n{TWO}".encode("utf-16"),
        b"\xfe\xff" + f"{ONE}---\n{TWO}".encode("utf-16-be"),
        f"{ONE}---\n{TWO}".rstrip("\n"),
    ],
)
def test_documents_of_a_stream(text: str | bytes) -> None:
    reading = read(text)
    assert names(text) == ["one", "two"]
    assert reading.errors == ()
    assert reading.skipped == ()


def test_broken_document_does_not_lose_the_others() -> None:
    reading = read(f"{ONE}---\na: b: c\n---\n{TWO}")
    assert names(f"{ONE}---\na: b: c\n---\n{TWO}") == ["one", "two"]
    (error,) = reading.errors
    assert (error.file, error.line, error.column) == ("a.yaml", 5, 5)
    assert [document.locate(("metadata", "name")).span.line for document in reading.documents] == [3, 9]


def test_text_after_the_dashes_loses_only_its_document() -> None:
    text = f"{ONE}--- {{a: b}}\nc: d\n---\n{TWO}"
    reading = read(text)
    assert names(text) == ["one", "two"]
    (error,) = reading.errors
    assert (error.line, error.column) == (4, 5)
    assert "separator" in error.message


def test_text_that_kubectl_would_not_read_is_an_error() -> None:
    reading = read(f"{ONE}...\n{TWO}")
    assert names(f"{ONE}...\n{TWO}") == ["one"]
    (error,) = reading.errors
    assert (error.line, error.column) == (5, 1)
    assert "does not read" in error.message


@pytest.mark.parametrize("comment", ["", "\n# a: b\n", "...\n# x\n\n...\n", "# x: {{ y }}"])
def test_comments_after_the_end_are_no_error(comment: str) -> None:
    assert read(ONE + comment).errors == ()


def test_last_line_without_an_end_counts_as_ended() -> None:
    (document,) = read("apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    x").documents
    assert document.value["data"] == {"a": "x\n"}


def test_directive_before_the_dashes_is_a_document_of_its_own() -> None:
    reading = read(f"%YAML 1.1\n---\n{ONE}")
    assert len(reading.documents) == 1
    assert [error.hint for error in reading.errors] == [
        "a %YAML line and its --- are two documents to kubectl: remove the %YAML line"
    ]


def test_values_behind_aliases_are_shared_not_copied() -> None:
    value, _ = one_yaml_value("a: &a {x: [1, 2]}\nb: *a\nc: [*a, *a]")
    assert type(value) is dict and type(value["c"]) is list
    assert value["a"] is value["b"] is value["c"][0]
    assert value["c"] == [{"x": [1, 2]}, {"x": [1, 2]}]


def test_an_anchor_may_be_given_again() -> None:
    value, _ = one_yaml_value("a: &x {k: 1}\nb: *x\nc: &x [2]\nd: [*x, {e: *x}]")
    assert value == {"a": {"k": 1}, "b": {"k": 1}, "c": [2], "d": [[2], {"e": [2]}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("? a\n! b : c\n", {"a": None, "b": "c"}),
        ("a: !\nb: ! 1\nc: ! '2'\n", {"a": "", "b": "1", "c": "2"}),
        ("a: |\n  [ ! -f x ] && ! y\nb: 1\n", {"a": "[ ! -f x ] && ! y\n", "b": 1}),
    ],
)
def test_a_bare_tag_makes_a_string_of_its_own_scalar_only(text: str, expected: object) -> None:
    assert one_yaml_value(text)[0] == expected
