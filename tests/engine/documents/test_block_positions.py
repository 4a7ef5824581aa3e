"""The kind of a document is found where the document's tree has it, with the tree and without."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.documents.block_positions import BlockPositions
from lockgate.engine.documents.block_yaml import read_block_value
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.document import Located, Path, PositionMap
from lockgate.engine.documents.yaml_positions import YamlPositions, YamlSource


class NoTreeError(Exception):
    """The tree was asked for."""


def refuse() -> PositionMap:
    raise NoTreeError


def by_tree(chunk: Chunk, path: Sequence[str | int]) -> Located:
    return YamlPositions(YamlSource(chunk, None)).locate(path)


def positions(chunk: Chunk) -> BlockPositions | None:
    read = read_block_value(chunk)
    if read is None or not isinstance(read.value, dict):
        return None
    return BlockPositions(chunk, read, refuse)


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\n",
        "apiVersion: v1\nkind: Pod   \nmetadata: {name: a}\n",
        "# kind: Job\nkind:   Pod\nspec:\n  kind: Job\n",
        "a: |\n  kind: Job\nkind: Pod\n",
        "a: 'x\n  kind: Job'\nkind: Pod\n",
        "---\nkind: Pod\n",
    ],
)
def test_kinds_that_are_found_without_the_tree(text: str) -> None:
    chunk = Chunk(text, 7, 3)
    found = positions(chunk)
    assert found is not None
    assert found.locate(("kind",)) == by_tree(chunk, ("kind",))


@pytest.mark.parametrize(
    "text",
    [
        "kind: 'Pod'\n",
        "kind: Pod # of peas\n",
        "'kind': Pod\na: {b: c,\nkind: Pod\n}\n",
        "kind: Pod\na: {b: c,\nkind: Job\n}\n",
        "kind:\n  Pod\n",
        "kind: true\n",
        "a: b\n",
        "  kind: Pod\n",
    ],
)
def test_kinds_for_which_the_tree_is_made(text: str) -> None:
    found = positions(Chunk(text, 0))
    assert found is not None
    with pytest.raises(NoTreeError):
        found.locate(("kind",))


def test_other_paths_are_found_by_the_tree() -> None:
    chunk = Chunk("kind: Pod\nspec:\n  a: 1\n", 0)
    read = read_block_value(chunk)
    assert read is not None
    found = BlockPositions(chunk, read, lambda: YamlPositions(YamlSource(chunk, None)))
    assert found.locate(("kind",)) == by_tree(chunk, ("kind",))
    assert found.locate(("spec", "a")) == by_tree(chunk, ("spec", "a"))
    assert found.locate(("kind", "x")) == by_tree(chunk, ("kind", "x"))


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (
            "skip: no\na: ~\nlist:\n- violations: yes # at least one\n  name: 'no'\n- On\n- 1\nb:\n  false\n",
            {("skip",): "no", ("list", 0, "violations"): "yes", ("list", 1): "On", ("b",): "false"},
        ),
        ('a: [yes, "no", null, off]\nyes: y\n', {("a", 0): "yes", ("a", 3): "off", ("true",): "y"}),
        ("text: |\n  violations: yes\nviolations: true\n", {("violations",): "true"}),
    ],
)
def test_words_of_booleans_without_the_tree(text: str, paths: dict[Path, str]) -> None:
    found = positions(Chunk(text, 0))
    assert found is not None
    assert {path: found.word(path) for path in paths} == paths
    assert found.word(("absent",)) is None


def test_words_in_braces_are_told_by_the_tree() -> None:
    found = positions(Chunk('a: {"b": yes}\nc: no\n', 0))
    assert found is not None
    assert found.word(("c",)) is None


LINES = (
    "kind: Pod",
    "kind: Job",
    "'kind': Pod",
    '"kind": Pod',
    "kind:",
    "kind: Pod ",
    "kind: Pod,",
    "a: {b: c,",
    "}",
    "a: |",
    "b: >-",
    "  kind: Pod",
    "kind: Pod'",
    "c: 'x",
    'd: "y',
    "- kind: Pod",
    "e:",
    "# kind: Pod",
    "---",
)


@given(st.lists(st.sampled_from(LINES), max_size=6))
def test_what_is_found_is_what_the_tree_has(lines: list[str]) -> None:
    chunk = Chunk("\n".join([*lines, ""]), 0)
    found = positions(chunk)
    if found is None:
        return
    try:
        located = found.locate(("kind",))
    except NoTreeError:
        return
    assert located == by_tree(chunk, ("kind",))
