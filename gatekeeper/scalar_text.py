"""Where the text of a scalar begins in a YAML file, so that errors inside it point at the right line and column."""

import re

from lockgate.engine.documents.document import Document, Path


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
