"""Every file of the corpus is accounted for, and its positions agree with PyYAML's parser in pure Python."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.document import Path as ValuePath
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.documents.source_text import decode
from lockgate.engine.errors import InputError

from tests.differential.block_yaml import Comparison
from tests.shared_folder import shared_path

FOLDERS = ("dra", "systems")
_SEPARATOR = re.compile(r"---(\s|$)")


def corpus_files(folder: str) -> list[Path]:
    return sorted(path for path in shared_path("corpus", folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_is_accounted_for(folder: str) -> None:
    files = corpus_files(folder)
    assert len(files) > 100
    judged = 0
    for path in files:
        data = path.read_bytes()
        reading = read_documents(data, str(path), duplicates="error")
        assert reading.documents or reading.errors or reading.skipped, path
        lines = data.count(b"\n") + 2
        for error in reading.errors:
            assert error.message and 1 <= error.line <= lines and error.column >= 1
        for document in reading.documents:
            judged += 1
            assert type(document.value["apiVersion"]) is str and type(document.value["kind"]) is str
    assert judged > 100


@pytest.mark.parametrize("folder", FOLDERS)
def test_documents_read_without_a_tree_are_as_with_one(folder: str) -> None:
    comparison = Comparison()
    for path in corpus_files(folder):
        try:
            comparison.add(decode(path.read_bytes(), str(path)))
        except InputError:
            continue
    assert comparison.found == []
    assert comparison.counts["taken"] > 0.8 * comparison.counts["documents"]


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """The documents of a stream with the number of lines before each."""
    piece: list[str] = []
    start = 0
    for number, line in enumerate(text.split("\n")):
        if _SEPARATOR.match(line):
            yield "\n".join(piece) + "\n", start
            piece, start = [], number + 1
        else:
            piece.append(line)
    yield "\n".join(piece) + "\n", start


def _objects(root: yaml.Node) -> Iterator[yaml.Node]:
    """The nodes that may be objects: the root, and what lies in lists at the root or under `items`."""
    yield root
    if isinstance(root, yaml.SequenceNode):
        for item in root.value:
            yield from _objects(item)
    elif isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "items" and isinstance(value, yaml.SequenceNode):
                yield from _objects(value)


def _compose(piece: str) -> yaml.Node | None:
    # The parser in pure Python takes no tab for white space, which JSON and LibYAML do; a space is as wide.
    for text in (piece, piece.replace("\t", " ")):
        try:
            root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError:
            continue
        return root
    return None


def _independent_nodes(text: str) -> dict[tuple[int, int], tuple[yaml.Node, int]]:
    """Every node that may be an object by its line and column, with the lines before its document."""
    found: dict[tuple[int, int], tuple[yaml.Node, int]] = {}
    for piece, before in _pieces(text):
        root = _compose(piece)
        if root is not None:
            for node in _objects(root):
                mark = node.start_mark
                found.setdefault((mark.line + before + 1, mark.column + 1), (node, before))
    return found


def _members(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """The pairs of a mapping, merged ones in the place of their merge key."""
    for key, value in node.value:
        if key.tag.endswith(":merge"):
            for merged in value.value[::-1] if isinstance(value, yaml.SequenceNode) else [value]:
                yield from _members(merged)
        else:
            yield key, value


def _compare(document: Document, value: Value, node: yaml.Node, path: ValuePath, before: int) -> int:
    """Checks every scalar below a value against the independent node, and counts them."""
    if type(value) is dict and value:
        # Values keep the order of the text, so that names need not be resolved twice.
        pairs = {id(key): item for key, item in _members(node)}
        assert len(pairs) == len(value), path
        members = zip(value.items(), pairs.values(), strict=True)
        return sum(_compare(document, item, child, (*path, name), before) for (name, item), child in members)
    if type(value) is list and value:
        children = enumerate(zip(value, node.value, strict=True))
        return sum(_compare(document, item, child, (*path, i), before) for i, (item, child) in children)
    located = document.locate(path)
    assert located.exact
    start, end = node.start_mark, node.end_mark
    assert (located.span.line, located.span.column) == (start.line + before + 1, start.column + 1), path
    if not isinstance(node, yaml.ScalarNode) or node.style not in ("|", ">"):
        assert (located.span.end_line, located.span.end_column) == (end.line + before + 1, end.column + 1), (
            path
        )
    return 1


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_positions_agree_with_an_independent_parser(folder: str) -> None:
    compared = 0
    for path in corpus_files(folder):
        if path.suffix not in (".yaml", ".yml", ".json"):
            continue
        data = path.read_bytes()
        reading = read_documents(data, str(path), duplicates="error")
        if not reading.documents:
            continue
        nodes = _independent_nodes(data.decode("utf-8-sig").replace("\r\n", "\n"))
        for document in reading.documents:
            span = document.locate(()).span
            assert (span.line, span.column) in nodes, (path, span)
            node, before = nodes[span.line, span.column]
            compared += _compare(document, document.value, node, (), before)
    assert compared > 10_000
