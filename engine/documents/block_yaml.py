"""Values of YAML documents in plain block style, which nearly all manifests are written in, without a node tree.

One regular expression (`block_entries`) takes the text apart entry by entry (`key: value`, `- value`, block scalars), and whatever it does
not take for certain is left to LibYAML, errors among it: anchors, tags, flow collections and quoted text over several
lines, continued lines, keys given twice, tabs. The value is the one that `yaml_values` makes of LibYAML's tree, only
sooner. Places are not known here: who asks for one has the text parsed anew.
"""

import re
from typing import Any, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.block_entries import ENTRY, START, TEXT, TEXTS
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.scalars import PLAIN, WORDS, ScalarError, key_name, scalar_value
from lockgate.engine.record import record

# Deeper documents are read with their tree, which knows the limit.
_MOST_OPEN: Final = 64
# Opening brackets in a flow collection.
_MOST_BRACKETS: Final = 16
# Parts of a document that LibYAML reads by themselves: so many, and one more for each stretch of text of this length, in
# which it reads as much text of a whole document.
_FREE_PARTS: Final = 8
_PART_EVERY: Final = 256

# What LibYAML takes of ASCII; of all else what Python calls printable is less than it takes.
_ASCII: Final = bytes([*range(0x20, 0x7F), 0x09, 0x0A])

_DASH: Final = re.compile("-")
_FIRST_LINES: Final = re.compile(r"((?: *+\n)*+)( ++)")
_BREAKS: Final = re.compile(r"\n(\n*+)")

_GROUPS: Final = re.Match[str].groups
# An integer of fewer digits is small, as `only_small_integers` has it.
_SMALL_DIGITS: Final = 7

# All others start with a special character.
_WORDS: Final[dict[str, bool | None]] = {
    text: value for text, value in WORDS.items() if value is None or isinstance(value, bool)
}

# First characters of values that are more than text or a word.
_SPECIAL_FIRST: Final = frozenset("+-.0123456789\"'[{|>")
_NUMBER_FIRST: Final = frozenset("+-.0123456789")
# Of keys.
_KEY_SPECIAL_FIRST: Final = frozenset(".0123456789\"'")


class _UncertainError(Exception):
    """The text is not in plain block style."""


@record
class BlockValue:
    """A document's value. `small_integers_only` as a Document has it; False may also be that it is not known.

    words: the booleans as they are written, in the order of the value; None where that is not known.
    """

    value: Value
    small_integers_only: bool
    words: tuple[str, ...] | None = None


def _is_plain_text(text: str) -> bool:
    """Are all characters such that LibYAML takes them, and none a line break but `\\n`?"""
    if text.isascii():
        return not text.encode("ascii").translate(None, _ASCII)
    return text.replace("\n", "").replace("\t", "").isprintable()


def _read_part(text: str) -> Value:
    """The value, by LibYAML, of a flow collection or a scalar with its line end. It must fill the text."""
    from lockgate.engine.documents.yaml_nodes import YamlError, compose, has_more
    from lockgate.engine.documents.yaml_values import build

    chunk = Chunk(text, 0)
    try:
        root = compose(chunk)
        if root is None or has_more(chunk, root) is not None:
            raise _UncertainError
        end: Any = root.end_mark
        if text[0] not in "|>" and end.index != len(text) - 1:
            raise _UncertainError
        value, duplicates = build(root, chunk)
    except YamlError:
        raise _UncertainError from None
    if duplicates:
        raise _UncertainError
    return value


def _name(written: str) -> str:
    """The name of a key that may be more than its text."""
    if written[0] in "\"'":
        return written[1:-1]
    try:
        return key_name(PLAIN, written)
    except ScalarError:
        raise _UncertainError from None


def _place(opened: list[tuple[int, Any]], at: int, kind: type, pending: str | None) -> Any:
    """The collection that takes an entry at a column, the last of `opened` then.

    pending: the key of the last one whose value is still to come, if there is one.
    """
    if not opened:
        opened.append((at, kind()))
        return opened[-1][1]
    column, current = opened[-1]
    if pending is not None and (at > column or (at == column and kind is list)):
        if len(opened) >= _MOST_OPEN:
            raise _UncertainError
        current[pending] = made = kind()
        opened.append((at, made))
        return made
    while opened and opened[-1][0] >= at:
        column, current = opened[-1]
        if column == at and type(current) is kind:
            return current
        opened.pop()
    raise _UncertainError


def _nest(opened: list[tuple[int, Any]], dashes: str) -> tuple[Any, int]:
    """Opens the lists of all dashes on a line but the first, which has its list already: the last, and its column."""
    column, current = opened[-1]
    for found in _DASH.finditer(dashes, 1):
        if len(opened) >= _MOST_OPEN:
            raise _UncertainError
        made: list[Value] = []
        current.append(made)
        current = made
        opened.append((column + found.start(), made))
    return current, opened[-1][0]


class _Reader:
    """Reads one document."""

    __slots__ = ("all_words", "parts", "small", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.small = True
        # The booleans as they are written, and whether these are all.
        self.words: list[str] = []
        self.all_words = True
        # How many parts LibYAML may still read by themselves.
        self.parts = _FREE_PARTS + len(text) // _PART_EVERY

    def part(self, text: str) -> Value:
        """As `_read_part`, which takes longer than to read as much text in one go."""
        self.parts -= 1
        if self.parts < 0:
            raise _UncertainError
        return _read_part(text)

    def block(self, text: str, column: int) -> Value:
        """The text of a block scalar in a collection at `column`; `text` starts with the line of its indicator."""
        header, _, body = text.partition("\n")
        found = _FIRST_LINES.match(body)
        if found is None:
            raise _UncertainError
        margin = found[2]
        size = len(margin)
        # Lines of more spaces than the first line of text has before it would set the indentation.
        if size <= column or any(len(line) > size for line in found[1].split("\n")):
            raise _UncertainError
        # LibYAML takes a tab there for one in the indentation.
        if body.startswith("\t", found.end()):
            raise _UncertainError
        lines: list[str] = []
        for line in body.split("\n"):
            if line.startswith(margin):
                lines.append(line[size:])
            elif line.strip(" "):
                raise _UncertainError
            else:
                lines.append("")
        whole = "\n".join(lines)
        content = whole.rstrip("\n")
        end = whole[len(content) :]
        if header[0] == ">":
            if not lines[0] or any(line[:1] in (" ", "\t") for line in lines if line):
                return self.part(text)
            content = _BREAKS.sub(lambda breaks: breaks[1] or " ", content)
        chomp = header[1:2]
        if chomp == "-":
            return content
        return content + (end if chomp == "+" else "\n")

    def continued(self, text: str, column: int) -> Value:
        """The value of an unquoted text over several lines, in a collection at `column`."""
        for line in text.split("\n")[1:]:
            margin = len(line) - len(line.lstrip(" "))
            if margin <= column and margin < len(line):
                raise _UncertainError
        # Where it stands it starts no line, which could be a directive's or a separator's.
        return self.part(f" {text}\n")

    def special(self, text: str, column: int) -> Value:
        """The value of a text that starts like a number, a quoted text or a flow collection."""
        first = text[0]
        if first == '"':
            if "\\" in text or "\n" in text:
                return self.part(f"{text}\n")
            return text[1:-1]
        if first in _NUMBER_FIRST:
            if text.isdecimal() and first != "0" and len(text) < _SMALL_DIGITS and text.isascii():
                return int(text)
            if "\n" in text:
                return self.continued(text, column)
            try:
                number = scalar_value(PLAIN, text)
            except ScalarError:
                raise _UncertainError from None
            if type(number) is not str and not (type(number) is int and -1_000_000 < number < 1_000_000):
                self.small = False
            return number
        if first == "'":
            return self.part(f"{text}\n") if "\n" in text else text[1:-1].replace("''", "'")
        if text == "[]":
            return []
        if text == "{}":
            return {}
        if TEXTS.fullmatch(text):
            return [
                written[1:-1] if written[0] == '"' else self.word(written) if written in _WORDS else written
                for written in TEXT.findall(text)
            ]
        if text.count("[") + text.count("{") > _MOST_BRACKETS:
            raise _UncertainError
        self.small = self.all_words = False
        return self.part(f"{text}\n")

    def word(self, written: str) -> bool | None:
        """The value of a word."""
        value = _WORDS[written]
        if value is not None:
            self.words.append(written)
        return value

    def document(self) -> Value:
        """The value of the document. Raises _UncertainError."""
        text = self.text
        started = START.match(text)
        opened: list[tuple[int, Any]] = []
        column = -1
        current: Any = None
        in_list = False
        root: Value = None
        pending: str | None = None
        value: Value
        found = ENTRY.finditer(text, started.end() if started else 0)
        for indent, dash, written, plain, block, rest in map(_GROUPS, found):
            key = None
            if dash:
                at = len(indent)
                if at != column or not in_list:
                    current = _place(opened, at, list, pending)
                    column, in_list = at, True
                if dash.count("-") > 1:
                    current, column = _nest(opened, dash)
                    at, dash = column, dash[dash.rindex("-") :]
                if written:
                    at += len(dash)
                    opened.append((at, {}))
                    made = opened[-1][1]
                    current.append(made)
                    current, column, in_list = made, at, False
            elif written:
                at = len(indent)
                if at != column or in_list:
                    current = _place(opened, at, dict, pending)
                    column, in_list = at, False
            elif plain and pending is not None and len(indent) > column:
                # The value of a key on the line after it.
                key = pending
                del current[key]
            elif plain or block or rest:
                raise _UncertainError
            else:
                # An empty line, or a comment.
                continue
            if written:
                key = written
                if written[0] in _KEY_SPECIAL_FIRST or written in _WORDS:
                    key = _name(written)
                if key in current:
                    raise _UncertainError
            pending = None
            if plain:
                if plain[-1] == " ":
                    plain = plain.rstrip(" ")
                if plain[0] in _SPECIAL_FIRST:
                    value = self.special(plain, column)
                elif plain in _WORDS:
                    value = self.word(plain)
                elif "\n" in plain:
                    value = self.continued(plain, column)
                else:
                    value = plain
            elif block:
                value = self.block(block, column)
            elif key is not None:
                value, pending = None, key
            else:
                raise _UncertainError
            if key is None:
                current.append(value)
            else:
                current[key] = value
            if root is None:
                root = opened[0][1]
        if root is None and started:
            raise _UncertainError
        return root


def read_block_value(chunk: Chunk) -> BlockValue | None:
    """The value of a document, never null, None where it is not certain to be the one that LibYAML's tree gives."""
    if chunk.odd_breaks or not _is_plain_text(chunk.text):
        return None
    reader = _Reader(chunk.text)
    try:
        value = reader.document()
    except _UncertainError:
        return None
    return BlockValue(value, reader.small, tuple(reader.words) if reader.all_words else None)
