"""Reads JSON forward, as events: a document of any size in little memory, and no two readers that could differ.

RFC 8259, with NaN and Infinity as the json module of Python writes them. A key that is there twice is refused, for one
reader takes the first and another the last.
"""

import json
import re
from collections.abc import Iterator
from typing import Literal

from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.source import Source
from lockgate.engine.record import record

# Chat templates are some ten kilobytes; code in a Keras configuration somewhat more.
STRING_BYTES = 4 << 20
# Forests of skops are the deepest that are written.
DEPTH = 1_000
# Keys of objects that are open: vocabularies have some hundred thousand.
KEYS = 600_000
_BLOCK = 1 << 16
# What may be cut by the end of a block and is still short: a number, a literal.
_LOOKAHEAD = 64

_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.)*"', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LITERAL = re.compile(rb"true|false|null|NaN|-?Infinity")
# Numbers in a list, with the comma that ends each: weights of boosters are millions of them.
_NUMBERS = re.compile(rb"(?:-?[0-9][0-9.eE+-]*[ \t\r\n]*,[ \t\r\n]*)+")
# Short words in a list, at least eight, which neither a template, nor a program, nor the name of a module can be.
_WORDS = re.compile(rb"""(?:"[ !#-'*+,0-9:;=?@A-Z\[\]^`a-z|}~]{0,24}"[ \t\r\n]*+,[ \t\r\n]*+){8,}+""")
_LITERALS: dict[bytes, "Scalar"] = {b"true": True, b"false": False, b"null": None}

Scalar = str | bool | float | None
Kind = Literal["open-object", "open-list", "key", "value", "close"]


@record
class Event:
    """A step through the document. `value` is that of a key or of a scalar; numbers are not kept."""

    kind: Kind
    value: Scalar
    offset: int


class _Reader:
    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._data = b""
        self._at = 0
        self._base = start

    @property
    def offset(self) -> int:
        return self._base + self._at

    def _more(self, least: int) -> bool:
        """Fills up to `least` bytes behind the place. Whether there are any."""
        left = len(self._data) - self._at
        if left < least:
            wanted = max(_BLOCK, least - left)
            more = self._source.read(self._base + len(self._data), wanted)
            self._base += self._at
            self._data = self._data[self._at :] + more
            self._at = 0
        return self._at < len(self._data)

    def peek(self) -> bytes:
        """The next byte that is no space; nothing at the end."""
        data, at = self._data, self._at
        if at + _LOOKAHEAD < len(data) and data[at] > 32:
            return data[at : at + 1]
        while self._more(_LOOKAHEAD):
            match = _SPACE.match(self._data, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._data):
                self._more(_LOOKAHEAD)
                return self._data[self._at : self._at + 1]
        return b""

    def step(self) -> None:
        self._at += 1

    def string(self) -> str:
        size = _BLOCK
        while True:
            match = _STRING.match(self._data, self._at)
            if match:
                break
            held = len(self._data) - self._at
            if held > STRING_BYTES:
                raise UnreadableError(
                    f"a string of more than {STRING_BYTES} bytes, or one with a control character",
                    self.offset,
                )
            size = max(size, held * 2)
            self._more(size)
            if len(self._data) - self._at == held:
                raise UnreadableError("a string that does not end", self.offset)
        token = match.group()
        try:
            value = json.loads(token) if b"\\" in token else token[1:-1].decode("utf-8")
        except ValueError:
            raise UnreadableError("a string that is no JSON", self.offset) from None
        self._at = match.end()
        return str(value)

    def scalar(self) -> Scalar:
        literal = _LITERAL.match(self._data, self._at)
        if literal:
            self._at = literal.end()
            return _LITERALS.get(literal.group(), 0.0)
        number = _NUMBER.match(self._data, self._at)
        while number and number.end() == len(self._data) and number.end() - self._at < _BLOCK:
            held = len(self._data) - self._at
            self._more(held + _LOOKAHEAD)
            number = _NUMBER.match(self._data, self._at)
            if len(self._data) - self._at == held:
                break
        if not number:
            raise UnreadableError("no JSON", self.offset)
        self._at = number.end()
        return 0.0

    def skip_plain(self) -> None:
        match = _NUMBERS.match(self._data, self._at) or _WORDS.match(self._data, self._at)
        if match:
            self._at = match.end()


class _Level:
    def __init__(self, is_object: bool) -> None:
        self.is_object = is_object
        self.keys: set[int] = set()
        self.first = True


def read_json(source: Source, start: int = 0) -> Iterator[Event]:
    """The events of a document. Raises UnreadableError; the last event is given only when the whole is JSON."""
    reader = _Reader(source, start)
    levels: list[_Level] = []
    keys = 0
    while True:
        byte = reader.peek()
        offset = reader.offset
        if levels:
            level = levels[-1]
            close = b"}" if level.is_object else b"]"
            if byte == close:
                reader.step()
                keys -= len(level.keys)
                levels.pop()
                if not levels:
                    _at_end(reader)
                yield Event("close", None, offset)
                if not levels:
                    return
                continue
            if not level.first:
                if byte != b",":
                    raise UnreadableError("no JSON: a comma is due", offset)
                reader.step()
                byte = reader.peek()
            level.first = False
            if level.is_object:
                if byte != b'"':
                    raise UnreadableError("no JSON: a key is due", reader.offset)
                offset = reader.offset
                key = reader.string()
                if hash(key) in level.keys:
                    raise UnreadableError(f"the key {key[:80]!r} is there twice", offset)
                level.keys.add(hash(key))
                keys += 1
                if keys > KEYS:
                    raise LimitError(f"more than {KEYS} keys in one place of a document", offset)
                yield Event("key", key, offset)
                if reader.peek() != b":":
                    raise UnreadableError("no JSON: a colon is due", reader.offset)
                reader.step()
                byte = reader.peek()
            else:
                reader.skip_plain()
                byte = reader.peek()
            offset = reader.offset
        if byte in (b"{", b"["):
            reader.step()
            levels.append(_Level(byte == b"{"))
            if len(levels) > DEPTH:
                raise LimitError(f"JSON deeper than {DEPTH}", offset)
            yield Event("open-object" if byte == b"{" else "open-list", None, offset)
            continue
        value: Scalar = reader.string() if byte == b'"' else reader.scalar()
        if not levels:
            _at_end(reader)
        yield Event("value", value, offset)
        if not levels:
            return


def _at_end(reader: _Reader) -> None:
    if reader.peek():
        raise UnreadableError("something follows the end of the JSON", reader.offset)
