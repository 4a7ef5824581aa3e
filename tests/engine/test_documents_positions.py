"""Where values stand."""

from collections.abc import Sequence

import pytest
from lockgate.engine.documents import reading as reading_module
from lockgate.engine.documents.document import Document

from tests.engine.reading_helpers import read, text_at

POD = """\
# a comment
apiVersion: v1
kind: Pod
metadata:
  name: "é-ü"   # name
  labels: {a: b, 'c d': [1, two]}
  yes: 1
spec:
  containers:
  - name: first
    command:
      - sh
      - |
        echo 1
        echo 2

    # the end of first
  - name: second
    args: &args [x, y]
    image: !!str 1
  empty:
  last: *args
  settings: >-
    {"json": [1]}
"""


def located(document: Document, text: str, path: Sequence[str | int]) -> tuple[int, int, str, bool]:
    found = document.locate(path)
    return found.span.line, found.span.column, text_at(text, found.span), found.exact


@pytest.mark.parametrize(
    ("path", "line", "column", "covered"),
    [
        (("kind",), 3, 7, "Pod"),
        (("metadata", "name"), 5, 9, '"é-ü"'),
        (("metadata", "labels"), 6, 11, "{a: b, 'c d': [1, two]}"),
        (("metadata", "labels", "a"), 6, 15, "b"),
        (("metadata", "labels", "c d", 1), 6, 29, "two"),
        (("metadata", "true"), 7, 8, "1"),
        (("spec", "containers", 0, "command"), 12, 7, "- sh\n      - |\n        echo 1\n        echo 2"),
        (("spec", "containers", 0, "command", 1), 13, 9, "|\n        echo 1\n        echo 2"),
        (("spec", "containers", 1, "args", 1), 19, 21, "y"),
        (("spec", "containers", 1, "image"), 20, 12, "!!str 1"),
        (("spec", "empty"), 21, 9, ""),
        (("spec", "last", 0), 19, 18, "x"),
        (("spec", "settings"), 23, 13, '>-\n    {"json": [1]}'),
        (("spec", "containers", 1), 18, 5, "name: second\n    args: &args [x, y]\n    image: !!str 1"),
    ],
)
def test_value_of_yaml(path: Sequence[str | int], line: int, column: int, covered: str) -> None:
    (document,) = read(POD).documents
    assert located(document, POD, path) == (line, column, covered, True)


@pytest.mark.parametrize(
    ("path", "ancestor"),
    [
        (("spec", "securityContext", "runAsUser"), ("spec",)),
        (("spec", "containers", 2), ("spec", "containers")),
        (("spec", "containers", -1), ("spec", "containers")),
        (("spec", "containers", "0"), ("spec", "containers")),
        (("metadata", "yes"), ("metadata",)),
        (("metadata", "name", "x"), ("metadata", "name")),
        (("spec", "settings", "json", 0), ("spec", "settings")),
        (("metadata", 0), ("metadata",)),
        (("nothing",), ()),
    ],
)
def test_absent_value_is_at_its_deepest_ancestor(
    path: Sequence[str | int], ancestor: Sequence[str | int]
) -> None:
    (document,) = read(POD).documents
    found = document.locate(path)
    assert not found.exact
    assert found.path == ancestor
    assert found.span == document.locate(ancestor).span


def test_without_a_path_the_kind_is_shown() -> None:
    (document,) = read(POD).documents
    found = document.locate(None)
    assert (found.span.line, found.exact, found.path) == (3, False, ("kind",))


JSON = '{"apiVersion": "v1",\n\t"kind": "Pod", "é": [1.0, {"a\\u0062": null}],\n "s": "x\\"}{[y", "e": [], "f": {} }'


@pytest.mark.parametrize(
    ("path", "line", "column", "covered"),
    [
        ((), 1, 1, JSON),
        (("apiVersion",), 1, 16, '"v1"'),
        (("kind",), 2, 10, '"Pod"'),
        (("é", 0), 2, 23, "1.0"),
        (("é", 1, "ab"), 2, 40, "null"),
        (("s",), 3, 7, '"x\\"}{[y"'),
        (("e",), 3, 23, "[]"),
        (("f",), 3, 32, "{}"),
    ],
)
def test_value_of_json(path: Sequence[str | int], line: int, column: int, covered: str) -> None:
    (document,) = read(JSON, "a.json").documents
    assert located(document, JSON, path) == (line, column, covered, True)


def test_absent_value_of_json() -> None:
    (document,) = read(JSON, "a.json").documents
    found = document.locate(("é", 1, "none", 2))
    assert (found.exact, found.path) == (False, ("é", 1))


def test_merged_value_is_where_it_is_written() -> None:
    text = "apiVersion: v1\nkind: X\na: &a {x: 1, v: 2}\nb: &b\n  z: 3\nc:\n  <<: [*a, *b]\n  w: 4\n"
    (document,) = read(text).documents
    assert document.value["c"] == {"x": 1, "v": 2, "z": 3, "w": 4}
    assert located(document, text, ("c", "v")) == (3, 17, "2", True)
    assert located(document, text, ("c", "z")) == (5, 6, "3", True)
    assert located(document, text, ("c", "w")) == (8, 6, "4", True)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_items_count_from_the_item_and_lines_from_the_file(line_end: str) -> None:
    text = line_end.join(
        [
            "# first",
            "---",
            "apiVersion: v1",
            "kind: List",
            "items:",
            "- apiVersion: v1",
            "  kind: Secret",
            "- kind: Pod",
            "  apiVersion: v1",
            "  spec: {a: [1]}",
            "",
        ]
    )
    _, pod = read(text).documents
    found = pod.locate(("spec", "a", 0))
    assert (found.span.line, found.span.column, found.path) == (10, 14, ("spec", "a", 0))
    assert pod.locate(()).span.line == 8
    assert pod.lines[9] == "  spec: {a: [1]}"


def test_breaks_that_editors_do_not_count() -> None:
    text = "apiVersion: v1\nkind: X\na: 'p\u2028q'\nb: é\x85\nc: 1\n"
    (document,) = read(text).documents
    assert document.locate(("c",)).span.line == 5
    assert document.lines[4] == "c: 1"


def test_json_after_json_on_one_line() -> None:
    text = '{"apiVersion":"v1","kind":"A"}{"apiVersion":"v1","kind":"B"}'
    first, second = read(text).documents
    assert first.locate(("kind",)).span.column == 27
    assert second.locate(("kind",)).span.column == 57


def test_yaml_after_json_on_one_line() -> None:
    text = '{"apiVersion":"v1","kind":"A"} {apiVersion: v1, kind: B}\n---\napiVersion: v1\nkind: C\n'
    spans = [document.locate(("kind",)).span for document in read(text).documents]
    assert [(span.line, span.column) for span in spans] == [(1, 27), (1, 55), (4, 7)]


def test_large_files_are_parsed_again_for_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    (kept,) = read(POD).documents
    monkeypatch.setattr(reading_module, "KEEP_TREES_BELOW", 10)
    (dropped,) = read(POD).documents
    for path in [("kind",), ("spec", "containers", 1, "args", 1), ("spec", "last", 0), ("nothing", 1)]:
        assert kept.locate(path) == dropped.locate(path)


@pytest.mark.parametrize(
    ("keys", "element", "column"),
    [
        ("{0x10: a, b: c}", "16", 11),
        ("{y: a, b: c}", "true", 8),
        ("{'y': a, b: c}", "y", 10),
        ("{!!binary Yg==: a, c: d}", "b", 20),
        ("{<<: {b: c}, d: e}", "b", 13),
        ("{<<: {b: c}, '<<': e}", "<<", 23),
        ("{'b': 1, d: 2}", "b", 10),
        ("{'': 1, d: 2}", "", 9),
    ],
)
def test_keys_are_found_by_their_names(keys: str, element: str, column: int) -> None:
    (document,) = read(f"apiVersion: v1\nkind: X\na: {keys}\n").documents
    found = document.locate(("a", element))
    assert found.exact and found.span.column == column
    assert not document.locate(("a", "absent")).exact


def test_a_merge_key_is_no_name() -> None:
    (document,) = read("apiVersion: v1\nkind: X\na: {<<: {b: c}}\n").documents
    assert document.locate(("a", "<<")).path == ("a",)
