"""The documents of a YAML stream as pieces of text, cut as kubectl cuts them (apimachinery's YAMLReader).

A line that starts with `---` ends a document, even where YAML itself would not see a marker. Nothing but a comment
may stand after the dashes. Each document is parsed by itself, so one that is broken does not lose the others.
"""

import re
from collections.abc import Iterator
from typing import Final

from lockgate.engine.documents.source_text import has_odd_breaks
from lockgate.engine.record import record

_SEPARATOR: Final = re.compile(r"^---([^\n]*)\n?", re.MULTILINE)


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


def split(text: str, line: int = 0, column: int = 0) -> Iterator[Chunk | BadSeparator]:
    """The documents of a stream that starts at this line and column (from 0) of its file."""
    odd = has_odd_breaks(text)
    start, lost = 0, False
    position, counted = line, 0
    first = column
    for found in _SEPARATOR.finditer(text):
        content = found[1].strip()
        bad = content != "" and not content.startswith("#")
        if found.start() == start and not bad:
            continue
        if not lost and found.start() > start:
            yield Chunk(text[start : found.start()], position, first, odd)
        first = 0
        position += text.count("\n", counted, found.start())
        lost = bad
        if bad:
            indent = found[0].index(content[0], 3)
            yield BadSeparator(content, position + 1, indent + 1)
        position += text.count("\n", found.start(), found.end())
        start = counted = found.end()
    if lost or start == len(text):
        return
    rest = text[start:] if start else text
    yield Chunk(rest if rest.endswith("\n") else rest + "\n", position, first, odd)


def line_and_column(chunk: Chunk, mark_line: int, mark_column: int, index: int) -> tuple[int, int]:
    """Line and column in the file, from 1, of a parser's mark (line, column and index from 0) in a chunk."""
    if chunk.odd_breaks:
        return chunk.place(index)
    return chunk.line + mark_line + 1, mark_column + 1 + (chunk.column if mark_line == 0 else 0)
