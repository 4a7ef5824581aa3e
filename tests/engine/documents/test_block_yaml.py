"""Plain block style: what is read without a tree has the tree's value, and all else is left to the tree."""

from typing import Final

import pytest
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.block_yaml import read_block_value
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.documents.source_text import has_odd_breaks

from tests.engine.reading_helpers import one_yaml_value

DEPLOYMENT: Final = """---
# A comment.
apiVersion: apps/v1
kind: Deployment   # of pods
metadata:
  name: "web"
  labels: {}
  annotations:
    'its': x
    note: 'it''s'
spec:
  replicas: 3

  paused: no
  template:
    spec:
      containers:
      - name: web
        image: registry.example/web:1.2#3
        args: ["--port", "8080", on, off/on]
        command:
          - sh
          - -c
          - |
            # no comment
            exec web

              --quiet
        env: []
        ports:
        - containerPort: 8080
      volumes:
      - emptyDir: {}
        name: scratch
      -   name: wide
          hostPath: {path: /dev, type: ""}
"""

READ: Final = (
    DEPLOYMENT,
    "a:\nb: 1\n",
    "a: 1\n\n# c\n  # d\nb: 2\n",
    "# only\n\n# comments\n",
    "\n\n",
    "a:\n- b\n-  c: d\n   e: f\n- - g: 1\n  - - h: 2\n      i: 3\n    - j: 4\nk: l\n",
    "- a\n- b: c\n  d:\n  - e\n  - f\n",
    "  a: b\n  c: d\n",
    # Scalars.
    "a: on\nb: y\nc: ~\nd: null\ne: 0x1F\nf: 010\ng: 08\nh: 1_000\ni: 1e3\nj: 1.50\nk: -7\nl: 12:30:45\nm: 2001-01-01\n",
    "a: =\nb: <<\nc: .5\nd: +1\ne: 123456789\nf: --flag\ng: :8080\nh: a:b#c ::d\ni: a, b]}\n",
    "y: 1\n1: 2\n1.0.1: 3\n'3': 4\nname: 5\n\"no\": 6\n",
    "a: é\nb: 日本語\n",
    'a: "x\\ty\\u00e9"\nb: ""\nc: \'\'\nd: "#" # e\n',
    "a: \"x\n  y\n\n  z\"\nb: 'x\n\n  y'\n",
    'a: "x\\\n  y"\n',
    "a: b\n  c\n\n  d # e\nf: g\n",
    "- a\n  b\n- c\n",
    "a:\n  b\nc:\n  'd'\ne:\n  [f]\n",
    "a: --- b\n  c\n",
    # Flow collections.
    "a: [b, c, 'd', \"e\", 1, null]\nb: {c: d, e: [f]}\nc: [ a ]\nd: [a,]\ne: [on, y]\n",
    "a: [b,\n  c,\n]\nd: {\n  e: f,\n  }\n",
    "a: [http://x/#y, 'b # c'] # d\n",
    # Block scalars.
    "a: |\n  b\n   c\n\n  d\ne: f\n",
    "a: |-\n  b\n\n\nc: |+\n  d\n\n\n",
    "a: | # b\n  c\n",
    "a: |\n\n \n  b\n \n",
    "a: >\n  b\n  c\n\n\n  d\n",
    "a: >\n\n  b\n  c\n",
    "a: >-\n  b\n    c\n  d\n",
    "- |\n b\n- >-\n   c\n   d\n- a: |\n    b\n  c: d\n",
    "a: |\n  b\t\n    \n  c\n",
    "a: |\n  b\n# c\nd: e\n",
)


@pytest.mark.parametrize("text", READ)
def test_is_read_and_as_with_a_tree(text: str) -> None:
    found = read_block_value(Chunk(text, 0))
    assert found is not None
    expected, duplicates = one_yaml_value(text)
    assert repr(found.value) == repr(expected)
    assert duplicates == []


LEFT: Final = (
    # What only the tree knows.
    "a: &b c\n",
    "a: *b\n",
    "<<: {a: b}\n",
    "a: !!str 1\n",
    "%YAML 1.1\n",
    "? a\n: b\n",
    "a : b\n",
    "a:\n  - b\n  c: d\n",
    "{a: b}\n",
    "[a]\n",
    "a\n",
    "---\n",
    "...\n",
    "a: b\n...\n",
    # Keys given twice, also by another name.
    "a: b\na: c\n",
    "y: b\ntrue: c\n",
    "a: {b: c, b: d}\n",
    # Errors.
    "a: b: c\n",
    "a: b\n  c: d\n",
    "a: 'b' c\n",
    'a: "b\n',
    "a: 'b\nc'\n",
    "a: [b\n",
    "a: [b]]\n",
    "a: {b: [c}]\n",
    "a: @b\n",
    "a: `b\n",
    "a: %b\n",
    "a: - b\n",
    "~: a\n",
    "null: a\n",
    "a: .inf\n",
    "a: .nan\n",
    'a: "\\/"\n',
    'a: "\\q"\n',
    "a:\n    b: c\n  d: e\n",
    "a:\n- b\n  - c: d\n",
    "- a\nb: c\n",
    "a: b\n- c\n",
    "a:\tb\n",
    "a: b\tc\n",
    "\ta: b\n",
    "a: |\n  b\n c\n",
    "a: |\n   \n  b\n",
    "a: |\n  \tb\n",
    "a: |\n\tb\n",
    "a: |2\n  b\n",
    "a: |x\n  b\n",
    "a: |\n",
    "a: |#b\n  c\n",
    'a: "b"#c\n',
    # Characters.
    "a: \x07\n",
    "a: \x7f\n",
    "a: \x85b\n",
    "a: \u2028b\n",
    "a: \ufeff\n",
    "a: b\rc: d\n",
    "a: b",
    f"{'a' * 600}: b\n",
    "".join([f"{' ' * depth}a:\n" for depth in range(70)]),
    f"a: {'[' * 20}{']' * 20}\n",
)


@pytest.mark.parametrize("text", LEFT)
def test_is_left_to_the_tree(text: str) -> None:
    assert read_block_value(Chunk(text, 0, odd_breaks=has_odd_breaks(text))) is None


@pytest.mark.parametrize(
    ("text", "small"),
    [
        ("a: 1\nb: [x]\nc: '1000000'\n", True),
        ("a: 999999\nb: -999999\nc: 0\nd: true\n", True),
        ("a: 1000000\n", False),
        ("a: -1000000\n", False),
        ("a: 1.5\n", False),
        ("a: 1e3\n", True),
        # Not looked for.
        ("a: {b: 1}\n", False),
    ],
)
def test_small_integers(text: str, small: bool) -> None:
    found = read_block_value(Chunk(text, 0))
    assert found is not None
    assert found.small_integers_only is small


# A megabyte each: looked at again from each of its places, one would take hours.
HOSTILE: Final = {
    "open lists": "a: [" * 250_000,
    "open keys": "a:\n" * 300_000,
    "dashes": "- " * 500_000 + "\n",
    "dash": "-" * 1_000_000 + " : \n",
    "spaces": " " * 1_000_000 + "\t\n",
    "spaces after": "a: b" + " " * 1_000_000 + "\t\n",
    "empty lines": " \n" * 500_000 + "\t",
    "comments": "#\n" * 500_000 + "\t",
    "comment": "a: b" + " #" * 500_000 + "\n\t",
    "escapes": 'a: "' + "\\n" * 500_000,
    "quotes": "a: '" + "''" * 500_000,
    "double quotes": "a: " + '"" ' * 300_000 + "\n",
    "quotes over lines": "a: '" + "b\n " * 300_000,
    "colons": "a" + ":a" * 500_000 + ": \n",
    "colons with spaces": "a" + ": a" * 300_000 + "\n",
    "almost comments": "a: b" + ":#" * 500_000 + ": \n",
    "continued": "a: b\n" + "\n" * 1_000_000 + "  c: d\n",
    "continued lines": "a: b\n" + "  c\n" * 250_000 + "  c: d\n",
    "block": "a: |\n" + " \n" * 500_000 + "\t\n",
    "block lines": "a: |\n" + "  b\n" * 250_000 + " c\n",
    "folded lines": "a: >\n" + "  b\n\n" * 200_000 + "   c\n d\n",
    "quotes in a list": "a: [" + "'\n ," * 200_000,
    "brackets": "a: [" + "[]," * 300_000 + "\n",
    "lines of a list": "a: [" + "b,\n" * 250_000,
    "open mappings": "a: " + "{a: \n" * 200_000,
    "parts": "- {a: b}\n" * 110_000,
    "long": "a" * 1_000_000 + "\n",
    "key": "a: b\n" + "a" * 1_000_000 + ": \n",
    "nested": "".join([" " * depth + "- a:\n" for depth in range(1_400)]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_looked_at_once(name: str) -> None:
    assert read_block_value(Chunk(HOSTILE[name], 0)) is None


def test_places_are_the_trees() -> None:
    (document,) = read_documents(DEPLOYMENT.encode(), "a.yaml", duplicates="error").documents
    found = document.locate(("spec", "template", "spec", "containers", 0, "image"))
    assert (found.span.line, found.span.column, found.exact) == (19, 16, True)
    assert document.small_integers_only


def test_documents_that_are_read_apart_stand_in_their_order() -> None:
    plain = "apiVersion: v1\nkind: A\n"
    other = "apiVersion: &v v1\nkind: B\nother: *v\n"
    reading = read_documents(f"{plain}---\n{other}---\n{plain}".encode(), "a.yaml", duplicates="error")
    kinds: list[Value] = [document.value["kind"] for document in reading.documents]
    assert kinds == ["A", "B", "A"]
    assert [document.locate(None).span.line for document in reading.documents] == [2, 5, 9]
