"""The objects in a file that a suite names, each document one object, whatever else it might be.

gator takes every document of such a file for an object (pkg/gator/reader), so none is skipped or flattened here, and
of a key given twice the last wins. Scalars are read as kubectl reads them.
"""

from typing import TYPE_CHECKING, TypeGuard

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.chunks import BadSeparator, Chunk, split
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.source_text import Lines, decode
from lockgate.engine.errors import InputError, Location

if TYPE_CHECKING:
    from lockgate.engine.documents.yaml_positions import YamlPositions


def _has_kind(value: Value) -> TypeGuard[dict[str, Value]]:
    if not isinstance(value, dict):
        return False
    kind = value.get("kind")
    return isinstance(kind, str) and kind != ""


def _read_by_tree(chunk: Chunk, file: str) -> "tuple[Value, YamlPositions] | None":
    """The value of a document, None where there is none. Raises InputError."""
    # Few files of suites need it, and PyYAML's import takes as long as reading them all.
    from lockgate.engine.documents.yaml_nodes import YamlError, compose
    from lockgate.engine.documents.yaml_positions import YamlPositions, YamlSource
    from lockgate.engine.documents.yaml_values import build

    try:
        root = compose(chunk)
        if root is None:
            return None
        value, _ = build(root, chunk)
    except YamlError as error:
        raise InputError(
            f"invalid yaml: {error.message}",
            location=Location(file, error.line, error.column),
            hint=error.hint,
        ) from error
    return None if value is None else (value, YamlPositions(YamlSource(chunk, root), ()))


def parse_objects(data: bytes, file: str) -> tuple[Document, ...]:
    """The objects of a file, in order. Raises InputError with the place of what cannot be read."""
    from lockgate.engine.documents.block_positions import block_positions
    from lockgate.engine.documents.block_yaml import read_block_value

    text = decode(data, file)
    lines = Lines(text)
    documents: list[Document] = []
    for chunk in split(text):
        if isinstance(chunk, BadSeparator):
            raise InputError(
                f"invalid yaml: text on the line of a document separator: {chunk.content[:40]}",
                location=Location(file, chunk.line, chunk.column),
                hint="put it on a line of its own",
            )
        block = read_block_value(chunk)
        if block is not None and _has_kind(block.value):
            places = block_positions(chunk, block)
            documents.append(Document(block.value, file, lines, places, "", block.small_integers_only))
            continue
        if block is not None and block.value is None:
            continue
        read = _read_by_tree(chunk, file)
        if read is None:
            continue
        value, positions = read
        if not _has_kind(value):
            span = positions.locate(()).span
            raise InputError(
                "invalid yaml: an object has no kind",
                location=Location(file, span.line, span.column),
                hint="every document of the file must be a Kubernetes object",
            )
        documents.append(Document(value, file, lines, positions))
    return tuple(documents)
