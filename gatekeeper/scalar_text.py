"""The text of a scalar of a YAML file and where it begins there, so that errors inside it point at the right place."""

import re
from collections.abc import Sequence
from typing import final

from lockgate.engine.documents.block_positions import BlockPositions
from lockgate.engine.documents.document import Document, Path


@final
class ScalarText:
    """The text of the scalar at a path. Where it begins is found when somebody asks, by the file's tree.

    Who loads policies that are compiled already asks for no place.
    """

    __slots__ = ("_document", "_path", "_start", "text")

    def __init__(self, text: str, document: Document, path: Path) -> None:
        self.text = text
        self._document = document
        self._path = path
        self._start: tuple[int, int] | None = None

    @property
    def file(self) -> str:
        """The path to show."""
        return self._document.file

    @property
    def lines(self) -> Sequence[str]:
        """Those of the file."""
        return self._document.lines

    @property
    def start(self) -> tuple[int, int]:
        """Line and column (both from 1) of its first character; see `text_start`."""
        if self._start is None:
            self._start = text_start(self._document, self._path)
        return self._start

    def key(self) -> tuple[str, ...]:
        """What decides text, file and start: equal keys, equal places."""
        positions = self._document.positions
        if isinstance(positions, BlockPositions):
            return self.text, self.file, positions.source_key(), repr(self._path)
        return self.text, self.file, "", repr(self.start)


def text_start(document: Document, path: Path) -> tuple[int, int]:
    """Line and column (both from 1) of the first character of the scalar at `path`.

    Of a block scalar (`|` or `>`) that is the line below its header, at its indentation. Folded and escaped text
    does not keep its lines; there the place is that of the scalar.
    """
    span = document.locate(path).span
    line, column = span.line, span.column
    lines = document.lines
    if not 0 < line <= len(lines):
        return line, column
    first = lines[line - 1][column - 1 : column]
    if first in ('"', "'"):
        return line, column + 1
    if first not in ("|", ">"):
        return line, column
    header = lines[line - 1][column:].split("#")[0]
    digit = next((int(mark) for mark in header if mark.isdigit()), 0)
    last = min(span.end_line, len(lines)) if span.end_line > line else len(lines)
    if digit:
        return line + 1, _parent_indentation(lines[line - 1]) + digit + 1
    for text in lines[line:last]:
        if text.strip():
            return line + 1, _indentation(text) + 1
    return line + 1, column


def _parent_indentation(header: str) -> int:
    """Where the node that the scalar is in begins, which an indicator counts from: behind the dashes of items."""
    # The last dash is that of the scalar itself where nothing but its header follows.
    found = re.match(r" *(?:- +(?![|>]))*", header)
    return 0 if found is None else found.end()


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
