"""Errors in documents: what is said, and where exactly."""

import pytest

from tests.engine.reading_helpers import read

HEAD = "apiVersion: v1\nkind: X\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("a: b: c\n", 1, 5, "mapping values are not allowed"),
        ("a:\n\t- b\n", 2, 1, "cannot start any token"),
        ("a: 'x\n", 2, 1, "unexpected end of stream"),
        ("a: [b\n", 2, 1, "did not find expected ',' or ']'"),
        ("a: @b\n", 1, 4, "cannot start any token"),
        ("é: *b\n", 1, 4, "undefined alias"),
        ('a: "\\q"\n', 1, 5, "unknown escape"),
        ('a: "é\\/"\n', 1, 6, "unknown escape"),
        ("a: é\x01\n", 1, 5, "control characters are not allowed (U+0001)"),
        ("x\n---\na: \x7f\n", 3, 4, "control characters are not allowed (U+007F)"),
        ("a: .inf\n", 1, 4, "no number in JSON"),
        ("a:\n- .nan\n", 2, 3, "no number in JSON"),
        ("~: a\n", 1, 1, "a key is null"),
        ("a: {? [b] : c}\n", 1, 7, "a key is a list"),
        ("{a: b}: c\n", 1, 1, "a key is a mapping"),
        ("18446744073709551615: a\n", 1, 1, "beyond 64 bits"),
        ("a: !!int b\n", 1, 4, "cannot read `b` as !!int"),
        ("a: !!binary b\n", 1, 4, "base64"),
        ("a: 1\n<<: b\n", 2, 5, "merge key"),
        ("a: &a [b]\nc: {<<: *a}\n", 1, 4, "merge key"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, 'the key "a" is already set'),
        ("a: {b: 1, 'b': 2}\n", 1, 11, 'the key "b" is already set'),
        ("y: 1\ntrue: 2\n", 2, 1, 'the key "true" is already set'),
        ("1: a\n'1': b\n", 2, 1, 'the key "1" is already set'),
        ("{<<: {x: 1}, x: 2}\n", 1, 14, 'the key "x" is already set'),
        ("{x: 2, <<: {x: 1}}\n", 1, 13, 'the key "x" is already set'),
        ("a: &a [*a]\n", 1, 4, "contains itself"),
        ("a: \ufeffb\n", 1, 4, "byte order mark"),
        ("a: 'x\u2028'\nb: c: d\n", 2, 5, "mapping values are not allowed"),
        ("a: 1\rb\n", 2, 1, "could not find expected ':'"),
        ("# c\n--- x\n", 2, 5, "document separator: x"),
    ],
)
def test_yaml_error(text: str, line: int, column: int, part: str) -> None:
    reading = read(text)
    (error,) = reading.errors
    assert part in error.message
    assert (error.file, error.line, error.column) == ("a.yaml", line, column)
    assert not error.unrendered
    assert reading.documents == ()


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ('{"a": 1,\n "b" 2}\n', 2, 6, "invalid JSON: expecting ':' delimiter"),
        ('{"a": "é", "b": "\x01"}', 1, 18, "invalid JSON: invalid control character"),
        ('{"a": 1, "a": 2}', 1, 10, 'the key "a" is already set'),
        ('[\n{"a": {"b": 1,\n"b": 2}}]', 3, 1, 'the key "b" is already set'),
        ('{"a": 1}\n{"a": 2}\n{"b": }', 3, 7, "expecting value"),
    ],
)
def test_json_error(text: str, line: int, column: int, part: str) -> None:
    reading = read(text, "a.json")
    (error,) = reading.errors
    assert part in error.message
    assert (error.file, error.line, error.column) == ("a.json", line, column)


def test_number_that_go_cannot_hold() -> None:
    (error,) = read('{"a":\n  1e400}', "a.json").errors
    assert (error.line, error.column) == (2, 3)
    assert "1e400" in error.message


def test_duplicates_can_be_taken_as_kubectl_takes_them() -> None:
    text = f"{HEAD}a: 1\nb: {{c: 1, c: 2}}\na: 3\n"
    (document,) = read(text, duplicates="last").documents
    assert document.value == {"apiVersion": "v1", "kind": "X", "a": 3, "b": {"c": 2}}
    assert document.locate(("a",)).span.line == 5
    assert document.locate(("b", "c")).span.column == 14
    json_text = '{"apiVersion":"v1","kind":"X","a":1,"a":2}'
    (document,) = read(json_text, "a.json", duplicates="last").documents
    assert document.value["a"] == 2
    assert document.locate(("a",)).span.column == 41


def test_a_merge_after_a_key_overrides_it_as_in_go() -> None:
    (document,) = read(f"{HEAD}a: {{x: 2, <<: {{x: 1}}}}\n", duplicates="last").documents
    assert document.value["a"] == {"x": 1}
    assert document.locate(("a", "x")).span.column == 19


def test_duplicate_keys_are_reported_up_to_a_bound() -> None:
    assert len(read("a: 1\n" * 1000).errors) == 20


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [(b"\x80\x04\x95", 1, 1), (b"a: 1\nb: \xc3\xa9\xff\n", 2, 5), (b"\xff\xfea\x00\x00\xd8", 1, 2)],
)
def test_what_is_no_text(data: bytes, line: int, column: int) -> None:
    reading = read(data, "model.yaml")
    (error,) = reading.errors
    assert "text" in error.message and error.hint
    assert (error.line, error.column) == (line, column)


def _expanding(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return HEAD + "\n".join(lines) + "\n"


def _merging(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, levels)]
    return HEAD + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (_expanding(9), "excessive aliasing"),
        (_expanding(40), "excessive aliasing"),
        (_merging(9), "excessive aliasing"),
        (f"{HEAD}a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 1000)}]\n", "MiB of text"),
        (f"{HEAD}a: &a [*a, *a]\n", "contains itself"),
        (f"{HEAD}a: {'[' * 200}{']' * 200}\n", "nested deeper than 128"),
        (f"{HEAD}a: {'[' * 100_000}", "maximum nesting depth"),
        (f"{HEAD}a:\n" + "".join(" " * i + "-\n" for i in range(1, 300)), "nested deeper than 128"),
        (f"{HEAD}a: {'1' * 1_000_000}\n", "a number of 1000000 characters"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested deeper than 128"),
        ('{"a":' * 100_000, "nested deeper than 128"),
    ],
    ids=[
        "lists",
        "more lists",
        "merges",
        "long text",
        "cycle",
        "flow",
        "flow 1e5",
        "block",
        "digits",
        "json",
        "json 1e5",
    ],
)
def test_hostile_input_is_an_error(text: str, part: str) -> None:
    (error,) = read(text, duplicates="last").errors
    assert part in error.message


def test_depth_through_aliases_is_bounded() -> None:
    lines = [
        f"a0: &a0 {'[' * 60}x{']' * 60}",
        f"a1: &a1 {'[' * 60}*a0{']' * 60}",
        f"a2: {'[' * 60}*a1 {']' * 60}",
    ]
    (error,) = read(HEAD + "\n".join(lines) + "\n").errors
    assert "nested deeper than 128" in error.message


def test_values_of_the_greatest_depth_can_be_read() -> None:
    (document,) = read(f"{HEAD}a: {'[' * 127}x{']' * 127}\n").documents
    assert document.locate(("a", *[0] * 127)).exact


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c\n" + "{{" * 200_000,
        "a: b: c\n" + "${a-" * 100_000,
        HEAD + "metadata:\n  name: '" + "${a-" * 100_000 + "'\n",
        HEAD + "metadata:\n  name: '" + "{{" * 100_000 + "'\n",
        HEAD + "#@\n" + "\n" * 200_000,
        HEAD + "apiVersion: v1\nitems:\n" + "- {apiVersion: v1, kind: $x}\n" * 2_000,
        '{"a":"' + '\\"' * 200_000,
    ],
    ids=["braces", "variables", "name of variables", "name of braces", "blank lines", "items", "quotes"],
)
def test_recognition_of_hostile_text_ends(text: str) -> None:
    reading = read(text, duplicates="last")
    assert reading.documents or reading.errors
