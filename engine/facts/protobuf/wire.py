"""Protocol Buffers by the wire: a walk through the messages that a table names, over any size of file.

https://protobuf.dev/programming-guides/encoding/. Groups are refused: no format here has any.
"""

from collections.abc import Callable, Iterator, Mapping

from lockgate.engine.facts.cursor import Cursor
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.record import record

# Graphs in attributes of nodes in graphs; readers stop at a hundred too.
_DEPTH = 100
# Names and documentation; what is longer is data, and not a text that decides something.
TEXT_BYTES = 4 << 20

# What a field of bytes is: a message of the table by its name, a text that is kept, or data that are skipped.
TEXT = "="
DATA = ""
Schema = Mapping[str, Mapping[int, str]]


@record
class Seen:
    """A message that was walked: its kind, its texts and its numbers by field, the last of each kept for numbers."""

    kind: str
    texts: dict[int, list[str]]
    numbers: dict[int, int]
    offset: int

    def text(self, field: int) -> str:
        """A text, the last one as readers take it; empty when there is none."""
        return self.texts.get(field, [""])[-1]


def varint(cursor: Cursor) -> int:
    """A number of one to ten bytes. Raises UnreadableError."""
    value = 0
    for shift in range(0, 70, 7):
        byte = cursor.u8()
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise UnreadableError("a number of more than ten bytes", cursor.offset)


def fields(source: Source, most: int) -> Iterator[tuple[int, int, int, int]]:
    """The first fields of a message that fills a source: number, wire type, place and length of what it holds.

    Ends at the first that is none, which a caller sees by the place that it has reached.
    """
    cursor = Cursor(source)
    try:
        for _ in range(most):
            if not cursor.left:
                return
            tag = varint(cursor)
            start = cursor.offset
            wire = tag & 7
            length = _skip(cursor, wire)
            yield tag >> 3, wire, cursor.offset - length if wire == 2 else start, length
    except UnreadableError:
        return


def _skip(cursor: Cursor, wire: int) -> int:
    if wire == 0:
        return varint(cursor)
    length = {1: 8, 5: 4}.get(wire)
    if length is None:
        if wire != 2:
            raise UnreadableError(f"a field of wire type {wire}", cursor.offset)
        length = varint(cursor)
    cursor.skip(length)
    return length


class Walk:
    """A walk through a message. `visit` is told of each message at its end, inner ones first."""

    def __init__(self, source: Source, scan: Scan, schema: Schema, visit: Callable[[Seen], None]) -> None:
        self._cursor = Cursor(source)
        self._scan = scan
        self._schema = schema
        self._visit = visit

    def run(self, kind: str) -> None:
        """Walks the whole source as a message of a kind. Raises UnreadableError."""
        self._message(kind, self._cursor.source.size, 0)

    def _message(self, kind: str, end: int, depth: int) -> None:
        cursor = self._cursor
        offset = cursor.offset
        if depth > _DEPTH:
            raise LimitError(f"messages deeper than {_DEPTH}", offset)
        known = self._schema[kind]
        seen = Seen(kind, {}, {}, offset)
        count = 0
        while cursor.offset < end:
            count += 1
            at = cursor.offset
            tag = varint(cursor)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                seen.numbers[number] = varint(cursor)
            elif wire == 2:
                length = varint(cursor)
                if length > end - cursor.offset:
                    raise UnreadableError(f"field {number} of {kind} is longer than what holds it", at)
                inner = known.get(number)
                if inner is None:
                    cursor.skip(length)
                elif inner == TEXT:
                    self._text(seen, number, length)
                elif inner == DATA:
                    cursor.skip(length)
                else:
                    self._message(inner, cursor.offset + length, depth + 1)
            else:
                _skip(cursor, wire)
            if number not in known:
                words = f"field {number} of {kind} is not known"
                self._scan.find("field-unknown", "unvetted", words, at)
        if cursor.offset != end:
            raise UnreadableError(f"{kind} does not end where it should", cursor.offset)
        self._scan.budget.opcodes(count)
        self._visit(seen)

    def _text(self, seen: Seen, number: int, length: int) -> None:
        at = self._cursor.offset
        if length > TEXT_BYTES:
            raise LimitError(f"a text of {length} bytes", at)
        text = self._cursor.exactly(length).decode("utf-8", "surrogateescape")
        seen.texts.setdefault(number, []).append(text)
