"""Reads the bytes of one file, or of standard input, into Documents, errors and what is skipped.

The path is kubectl's (apimachinery's YAMLOrJSONDecoder): a text that starts with `{` (and here `[`) is read as JSON
values one after the other until that fails; from there on, and otherwise from the start, it is a stream of YAML
documents. Nothing here raises for bad input, and a broken document does not hide the others.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.chunks import BadSeparator, Chunk, split
from lockgate.engine.documents.document import (
    Document,
    DocumentError,
    LazyPositions,
    Path,
    PositionMap,
    Skipped,
)
from lockgate.engine.documents.go_numbers import only_small_integers
from lockgate.engine.documents.helm_source import template_of
from lockgate.engine.documents.objects import Broken, Found, NotFound, objects_in
from lockgate.engine.documents.source_text import Lines, decode
from lockgate.engine.documents.unrendered import (
    Unrendered,
    marks_of,
    of_broken_text,
    of_file_name,
    of_object,
)
from lockgate.engine.errors import InputError, ReadTwiceError
from lockgate.engine.record import record

if TYPE_CHECKING:
    from lockgate.engine.documents.block_yaml import BlockValue
    from lockgate.engine.documents.json_positions import JsonSource
    from lockgate.engine.documents.yaml_positions import YamlSource

STANDARD_INPUT: Final = "-"
# What is shown for it.
STANDARD_INPUT_NAME: Final = "<stdin>"

# A tree takes some thirty times its text in memory. The trees of a file longer than this (in characters) are dropped
# once the values are built, and a document is parsed again when a position in it is asked for.
KEEP_TREES_BELOW: Final = 1_048_576

# Keys given twice that are reported for one document; more say nothing new.
_MOST_DUPLICATES: Final = 20
_DUPLICATE_HINT: Final = "keep one of them; kubectl takes the last, and the API server refuses both"

Duplicates = Literal["error", "last"]


@record
class Reading:
    """What one file holds, each part in the order of the text."""

    documents: tuple[Document, ...]
    errors: tuple[DocumentError, ...]
    skipped: tuple[Skipped, ...]


class _File:
    """One file while it is read."""

    def __init__(self, text: str, file: str, duplicates: Duplicates) -> None:
        self.text = text
        self.is_stream = file in (STANDARD_INPUT, STANDARD_INPUT_NAME)
        self.file = STANDARD_INPUT_NAME if self.is_stream else file
        self.duplicates = duplicates
        self.lines: Sequence[str] = Lines(text)
        self.documents: list[Document] = []
        self.errors: list[DocumentError] = []
        self.skipped: list[Skipped] = []
        # Why the text is no JSON, for a .json file that turns out to be no YAML either.
        self.json_error: tuple[str, tuple[int, int], str] | None = None

    def error(self, message: str, place: tuple[int, int], hint: str, template: str = "") -> None:
        self.errors.append(DocumentError(self.shown(template), *place, message, hint))

    def shown(self, template: str) -> str:
        """The file to show: on standard input the Helm template, which there is nothing better to name."""
        return template if template and self.is_stream else self.file

    def unparsable(self, chunk: Chunk, message: str, place: tuple[int, int], hint: str) -> None:
        """Notes a document that does not parse: as a template, if it looks like one."""
        template = template_of(chunk.text)
        found = of_broken_text(chunk.text, self.file)
        if found is None:
            self.error(message, place, hint, template)
        else:
            self.unrendered(found, place, template, f" ({message})")

    def unrendered(self, found: Unrendered, place: tuple[int, int], template: str, why: str = "") -> None:
        """Notes input that a tool has still to render."""
        message = f"this is {found.what}, not yet rendered{why}"
        error = DocumentError(self.shown(template), *place, message, found.hint, unrendered=True)
        self.errors.append(error)

    def add(
        self,
        value: Value,
        text: str,
        source: "_Source | _BlockSource",
        template: str,
        small_integers: bool | None = None,
    ) -> None:
        """Takes the objects out of one document's value.

        small_integers: whether all of its numbers are small integers; None is for not known.
        """
        marks = marks_of(text)
        for found in objects_in(value, self.file):
            positions = source.positions(found.path)
            if isinstance(found, Found):
                unrendered = of_object(found.value, marks)
                if unrendered is None:
                    shown = self.shown(template)
                    small = only_small_integers(found.value) if small_integers is None else small_integers
                    document = Document(found.value, shown, self.lines, positions, template, small)
                    self.documents.append(document)
                else:
                    span = positions.locate(unrendered.path or ("kind",)).span
                    self.unrendered(unrendered, (span.line, span.column), template)
                continue
            span = positions.locate(()).span
            place = (span.line, span.column)
            if isinstance(found, Broken):
                self.error(found.message, place, found.hint, template)
            elif (named := of_file_name(self.file)) is not None:
                self.unrendered(named, place, template)
            else:
                self.skip(found, value, positions, span.line, template)

    def skip(self, found: NotFound, value: Value, positions: PositionMap, line: int, template: str) -> None:
        """Notes what is no object, with it as a document of its tool where it is one."""
        why, file = found.why, self.shown(template)
        if not why.kind or found.path or type(value) is not dict:
            self.skipped.append(Skipped(file, line, why.reason, why.hint))
            return
        from lockgate.engine.documents.tool_documents import add_tool_document

        add_tool_document(self.skipped, why, Document(value, file, self.lines, positions, template), line)

    def refuse_duplicates(self, duplicates: Sequence[tuple[str, tuple[int, int]]], template: str) -> bool:
        """Notes keys given twice as errors, where they are errors."""
        if self.duplicates != "error" or not duplicates:
            return False
        for name, place in duplicates[:_MOST_DUPLICATES]:
            shown = name if len(name) <= 60 else name[:57] + "..."
            self.error(f'the key "{shown}" is already set in this mapping', place, _DUPLICATE_HINT, template)
        return True


@record
class _Source:
    """The parsed document that positions are read from."""

    tree: "YamlSource | JsonSource"

    def positions(self, path: Path) -> PositionMap:
        from lockgate.engine.documents.json_positions import JsonPositions, JsonSource

        if isinstance(self.tree, JsonSource):
            return JsonPositions(self.tree, path)
        from lockgate.engine.documents.yaml_positions import YamlPositions

        return YamlPositions(self.tree, path)


class _BlockSource:
    """A document that was read without its tree, which is made when a place in it is asked for."""

    __slots__ = ("block", "chunk", "tree")

    def __init__(self, chunk: Chunk, block: "BlockValue") -> None:
        self.chunk = chunk
        self.block = block
        self.tree: YamlSource | None = None

    def positions(self, path: Path) -> PositionMap:
        if path:
            return LazyPositions(lambda: self._make(path))
        from lockgate.engine.documents.block_positions import BlockPositions

        return BlockPositions(self.chunk, self.block, lambda: self._make(path))

    def _make(self, path: Path) -> PositionMap:
        from lockgate.engine.documents.yaml_positions import YamlPositions, YamlSource

        if self.tree is None:
            self.tree = YamlSource(self.chunk, None, self.block)
        return YamlPositions(self.tree, path)


def _read_yaml(file: _File, chunks: Iterator[Chunk | BadSeparator]) -> None:
    # Imported here, so that reading JSON alone does not load it.
    from lockgate.engine.documents.block_yaml import read_block_value

    for chunk in chunks:
        if isinstance(chunk, BadSeparator):
            file.error(
                f"text on the line of a document separator: {chunk.content[:40]}",
                (chunk.line, chunk.column),
                "put it on a line of its own: kubectl refuses it after ---",
            )
            continue
        block = read_block_value(chunk)
        if block is None:
            _read_chunk(file, chunk)
        elif block.value is not None:
            file.json_error = None
            _add_block(file, chunk, block)


def _add_block(file: _File, chunk: Chunk, block: "BlockValue") -> None:
    """Takes a document whose value was read without its tree."""
    template = template_of(chunk.text)
    try:
        file.add(
            block.value, chunk.text, _BlockSource(chunk, block), template, block.small_integers_only or None
        )
    except ReadTwiceError as error:
        file.error(error.message, (error.line, 1), error.hint, template)


def _read_chunk(file: _File, chunk: Chunk) -> None:
    """Reads one document of YAML by its tree."""
    from lockgate.engine.documents.yaml_nodes import YamlError, compose, has_more
    from lockgate.engine.documents.yaml_positions import YamlSource
    from lockgate.engine.documents.yaml_values import build

    try:
        root = compose(chunk)
        if root is None:
            return
        value, duplicates = build(root, chunk)
    except YamlError as error:
        said = file.json_error or (error.message, (error.line, error.column), error.hint)
        file.unparsable(chunk, *said)
        file.json_error = None
        return
    file.json_error = None
    template = template_of(chunk.text)
    more = has_more(chunk, root)
    if more is not None:
        file.error(
            "text after the end of the document, which kubectl does not read",
            more,
            "start another document with a line of ---",
            template,
        )
    if file.refuse_duplicates([(each.name, (each.line, each.column)) for each in duplicates], template):
        return
    if value is not None:
        kept = root if len(file.text) < KEEP_TREES_BELOW else None
        file.add(value, chunk.text, _Source(YamlSource(chunk, kept)), template)


def _read_json(file: _File) -> int | None:
    """Reads JSON values from the start; the index from which the rest is YAML, None when there is no rest."""
    from lockgate.engine.documents.json_positions import JsonSource, JsonText, find_duplicates
    from lockgate.engine.documents.json_values import JsonError, JsonLimitError, read_value, skip_space

    text = file.text
    shared = JsonText(text)
    index, count = 0, 0
    while (start := skip_space(text, index)) < len(text):
        try:
            value, end, twice = read_value(text, start)
        except JsonError as error:
            said = (error.message, shared.place(error.index), error.hint)
            if count <= 1 and not isinstance(error, JsonLimitError):
                file.json_error = said if file.file.endswith(".json") else None
                return _after_line(text, index)
            file.unparsable(Chunk(text[start:], 0), *said)
            return None
        count += 1
        index = end
        found = [(name, shared.place(at)) for name, at in find_duplicates(text, start)] if twice else []
        if not file.refuse_duplicates(found, "") and value is not None:
            file.add(value, text[start:end], _Source(JsonSource(shared, start)), "")
    return None


def _after_line(text: str, index: int) -> int:
    """The index after white space up to and including the first line end, where kubectl turns to YAML."""
    while index < len(text) and text[index].isspace():
        index += 1
        if text[index - 1] == "\n":
            break
    return index


def read_values(data: bytes, file: str) -> Iterator[Value]:
    """The values of a YAML file's documents, of equal keys the last; those that cannot be read are left out."""
    from lockgate.engine.documents.yaml_nodes import YamlError, compose
    from lockgate.engine.documents.yaml_values import build

    try:
        text = decode(data, file)
    except InputError:
        return
    for chunk in split(text):
        if isinstance(chunk, BadSeparator):
            continue
        try:
            root = compose(chunk)
            if root is not None:
                yield build(root, chunk)[0]
        except YamlError:
            continue


def read_documents(data: bytes, file: str, *, duplicates: Duplicates) -> Reading:
    """The Kubernetes objects in a file's bytes, with what could not be read and what is none.

    `file` is the path to show; `-` is standard input, whose documents are named by Helm's `# Source:` lines.
    `duplicates` says whether a key given twice is an error or the last one wins. Never raises for bad input.
    """
    try:
        text = decode(data, file)
    except InputError as error:
        assert error.location is not None
        place = (error.location.line, error.location.column)
        return Reading((), (DocumentError(file, *place, error.message, error.hint),), ())
    reading = _File(text, file, duplicates)
    rest: int | None = 0
    if text.lstrip(" \t\r\n")[:1] in ("{", "["):
        rest = _read_json(reading)
    if rest is not None and rest < len(text):
        before = text[:rest]
        line, column = before.count("\n"), rest - (before.rfind("\n") + 1)
        _read_yaml(reading, split(text[rest:] if rest else text, line, column))
    if not (reading.documents or reading.errors or reading.skipped):
        reading.skipped.append(Skipped(reading.file, 1, "no documents", "the file is empty or only comments"))
    return Reading(tuple(reading.documents), tuple(reading.errors), tuple(reading.skipped))
