"""The documents of a YAML stream as pieces of text, cut as kubectl cuts them (apimachinery's YAMLReader).

A line that starts with `---` ends a document, even where YAML itself would not see a marker. Nothing but a comment
may stand after the dashes. Each document is parsed by itself, so one that is broken does not lose the others.
"""

from collections.abc import Iterator
from typing import Final

from lockgate.engine.documents.source_text import has_odd_breaks
from lockgate.engine.record import record

_DASHES: Final = "---"


@record
class Chunk:
    """The text of one document. `line` and `column` (from 0) say where in the file its first character stands.

    `odd_breaks` says that the text may have line breaks which YAML counts and editors do not.
    """

    text: str
    line: int
    column: int = 0
    odd_breaks: bool = False

    def place(self, index: int) -> tuple[int, int]:
        """Line and column in the file, from 1, of the character at `index` of the text."""
        line = self.text.count("\n", 0, index)
        column = index - (self.text.rfind("\n", 0, index) + 1)
        return self.line + line + 1, column + 1 + (self.column if line == 0 else 0)


@record
class BadSeparator:
    """Content on the line of a separator, which kubectl refuses. What follows it is lost up to the next one."""

    content: str
    line: int
    column: int


def _separators(text: str) -> Iterator[tuple[int, int]]:
    """Where the lines start that begin with dashes, and where the lines after them start."""
    start = 0 if text.startswith(_DASHES) else text.find(f"\n{_DASHES}") + 1
    while start or text.startswith(_DASHES):
        end = text.find("\n", start)
        if end < 0:
            yield start, len(text)
            return
        yield start, end + 1
        start = text.find(f"\n{_DASHES}", end) + 1
        if not start:
            return


def split(text: str, line: int = 0, column: int = 0) -> Iterator[Chunk | BadSeparator]:
    """The documents of a stream that starts at this line and column (from 0) of its file."""
    odd = has_odd_breaks(text)
    start, lost = 0, False
    position, counted = line, 0
    first = column
    for dashes, after in _separators(text):
        written = text[dashes:after]
        content = written[len(_DASHES) :].strip()
        bad = content != "" and not content.startswith("#")
        if dashes == start and not bad:
            continue
        if not lost and dashes > start:
            yield Chunk(text[start:dashes], position, first, odd)
        first = 0
        position += text.count("\n", counted, dashes)
        lost = bad
        if bad:
            indent = written.index(content[0], len(_DASHES))
            yield BadSeparator(content, position + 1, indent + 1)
        position += written.count("\n")
        start = counted = after
    if lost or start == len(text):
        return
    rest = text[start:] if start else text
    yield Chunk(rest if rest.endswith("\n") else rest + "\n", position, first, odd)


def line_and_column(chunk: Chunk, mark_line: int, mark_column: int, index: int) -> tuple[int, int]:
    """Line and column in the file, from 1, of a parser's mark (line, column and index from 0) in a chunk."""
    if chunk.odd_breaks:
        return chunk.place(index)
    return chunk.line + mark_line + 1, mark_column + 1 + (chunk.column if mark_line == 0 else 0)
