"""Short ways to read text in tests of documents."""

from collections.abc import Iterator

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.document import Path, Span
from lockgate.engine.documents.reading import Duplicates, Reading, read_documents
from lockgate.engine.documents.source_text import has_odd_breaks
from lockgate.engine.documents.yaml_nodes import compose
from lockgate.engine.documents.yaml_values import Duplicate, build


def read(text: str | bytes, file: str = "a.yaml", *, duplicates: Duplicates = "error") -> Reading:
    """Reads text as the file `file`."""
    data = text.encode() if isinstance(text, str) else text
    return read_documents(data, file, duplicates=duplicates)


def one_yaml_value(text: str) -> tuple[Value, list[Duplicate]]:
    """The value of one YAML document, and its keys given twice. Raises YamlError."""
    chunk = Chunk(text, 0, odd_breaks=has_odd_breaks(text))
    root = compose(chunk)
    return (None, []) if root is None else build(root, chunk)


def scalars(value: Value, path: Path = ()) -> Iterator[tuple[Path, Value]]:
    """Every scalar of a value with its path."""
    if type(value) is dict:
        for name, item in value.items():
            yield from scalars(item, (*path, name))
    elif type(value) is list:
        for index, item in enumerate(value):
            yield from scalars(item, (*path, index))
    else:
        yield path, value


def text_at(text: str, span: Span) -> str:
    """The text that a span covers."""
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)
