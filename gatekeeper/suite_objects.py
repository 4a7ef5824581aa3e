"""The objects in a file that a suite names, each document one object, whatever else it might be.

gator takes every document of such a file for an object (pkg/gator/reader), so none is skipped or flattened here, and
of a key given twice the last wins. Scalars are read as kubectl reads them.
"""

from lockgate.engine.documents.chunks import BadSeparator, split
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.source_text import Lines, decode
from lockgate.engine.errors import InputError, Location


def parse_objects(data: bytes, file: str) -> tuple[Document, ...]:
    """The objects of a file, in order. Raises InputError with the place of what cannot be read."""
    from lockgate.engine.documents.yaml_nodes import YamlError, compose
    from lockgate.engine.documents.yaml_positions import YamlPositions, YamlSource
    from lockgate.engine.documents.yaml_values import build

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
        try:
            root = compose(chunk)
            if root is None:
                continue
            value, _ = build(root, chunk)
        except YamlError as error:
            raise InputError(
                f"invalid yaml: {error.message}",
                location=Location(file, error.line, error.column),
                hint=error.hint,
            ) from error
        if value is None:
            continue
        positions = YamlPositions(YamlSource(chunk, root), ())
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str) or not value["kind"]:
            span = positions.locate(()).span
            raise InputError(
                "invalid yaml: an object has no kind",
                location=Location(file, span.line, span.column),
                hint="every document of the file must be a Kubernetes object",
            )
        documents.append(Document(value, file, lines, positions))
    return tuple(documents)
