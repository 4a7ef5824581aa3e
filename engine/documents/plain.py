"""Whole documents of YAML and JSON files, whatever they are: for policies that are not about Kubernetes' objects.

Cut and unpacked as Conftest does (its parser/yaml and policy/engine.go): YAML documents are separated by lines of
`---` alone, a file that is one list stands for its members, and an empty document is null. What Conftest would drop
without a word, text after the end of a document, is an error here.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.document import Document, DocumentError, Located, PositionMap, Span
from lockgate.engine.documents.source_text import Lines, decode, has_odd_breaks
from lockgate.engine.errors import InputError
from lockgate.engine.record import record

# The member under which a document that is no object stands in a Document's value, which is one.
_WRAPPED: Final = "document"


@record
class PlainDocument:
    """A document with its value, which is not always an object."""

    document: Document
    value: Value


@record
class PlainReading:
    """What one file holds, in the order of the text."""

    documents: tuple[PlainDocument, ...]
    errors: tuple[DocumentError, ...]


@record
class _Nowhere:
    """Positions of a document without content: its first line."""

    line: int

    def locate(self, path: Sequence[str | int]) -> Located:
        """The first line, whatever is asked for."""
        return Located(Span(self.line, 1, self.line, 1), False, ())


def read_plain(data: bytes, file: str) -> PlainReading:
    """The documents in a file's bytes; a name that ends with `.json` is JSON's, all others are YAML. Never raises."""
    try:
        text = decode(data, file)
    except InputError as error:
        place = (1, 1) if error.location is None else (error.location.line, error.location.column)
        return PlainReading((), (DocumentError(file, *place, error.message, error.hint),))
    read = _read_json if file.lower().endswith(".json") else _read_yaml
    found = list(read(text, file))
    documents = [one for one in found if isinstance(one, PlainDocument)]
    errors = [one for one in found if isinstance(one, DocumentError)]
    return PlainReading(tuple(documents), tuple(errors))


def _wrap(value: Value, file: str, lines: Sequence[str], positions: PositionMap) -> PlainDocument:
    kept: dict[str, Value] = value if isinstance(value, dict) else {_WRAPPED: value}
    return PlainDocument(Document(kept, file, lines, positions), value)


def combine(values: list[Value], file: str) -> PlainDocument:
    """One document of many, which stands nowhere in a text."""
    return _wrap(values, file, (), _Nowhere(1))


def _read_json(text: str, file: str) -> Iterator[PlainDocument | DocumentError]:
    from lockgate.engine.documents.json_positions import JsonPositions, JsonSource, JsonText
    from lockgate.engine.documents.json_values import JsonError, read_value, skip_space

    shared, lines = JsonText(text), Lines(text)
    start = skip_space(text, 0)
    try:
        value, end, _ = read_value(text, start)
    except JsonError as error:
        yield DocumentError(file, *shared.place(error.index), error.message, error.hint)
        return
    after = skip_space(text, end)
    if after < len(text):
        yield DocumentError(
            file, *shared.place(after), "text after the end of the JSON value", "a .json file has one value"
        )
        return
    source = JsonSource(shared, start)
    if isinstance(value, list):
        for place, member in enumerate(value):
            yield _wrap(member, file, lines, JsonPositions(source, (place,)))
    else:
        yield _wrap(value, file, lines, JsonPositions(source))


def _chunks(text: str) -> list[Chunk]:
    """The parts between lines of `---`; a directive belongs to the document after it."""
    separator = "\r\n---\r\n" if "\r\n" in text else "\n---\n"
    parts = text.split(separator)
    if text.startswith("%") and len(parts) > 1:
        parts[:2] = [parts[0] + separator + parts[1]]
    odd, line = has_odd_breaks(text), 0
    made: list[Chunk] = []
    for part in parts:
        made.append(Chunk(part, line, 0, odd))
        line += part.count("\n") + separator.count("\n")
    return made


def _read_yaml(text: str, file: str) -> Iterator[PlainDocument | DocumentError]:
    from lockgate.engine.documents.yaml_nodes import YamlError, compose, has_more
    from lockgate.engine.documents.yaml_positions import YamlPositions, YamlSource
    from lockgate.engine.documents.yaml_values import build

    chunks, lines = _chunks(text), Lines(text)
    for chunk in chunks:
        try:
            root = compose(chunk)
            if root is None:
                yield _wrap(None, file, lines, _Nowhere(chunk.line + 1))
                continue
            value, _ = build(root, chunk)
        except YamlError as error:
            yield DocumentError(file, error.line, error.column, error.message, error.hint)
            continue
        more = has_more(chunk, root)
        if more is not None:
            yield DocumentError(
                file, *more, "text after the end of the document", "separate documents by a line of --- alone"
            )
            continue
        source = YamlSource(chunk, root)
        if isinstance(value, list) and len(chunks) == 1:
            for place, member in enumerate(value):
                yield _wrap(member, file, lines, YamlPositions(source, (place,)))
        else:
            yield _wrap(value, file, lines, YamlPositions(source))
