"""GGUF: metadata of keys and values, descriptions of tensors, the tensors at places that are aligned.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from lockgate.engine.facts.cursor import Cursor
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.tail import check_gap, check_tail
from lockgate.engine.facts.templates import TEMPLATE_BYTES
from lockgate.engine.facts.values_in_text import check_value

# As the reference reader bounds them.
_KEY_BYTES = 65_535
_NAME_BYTES = 64
_MOST_AXES = 4
# Vocabularies have a million words at most; each is a step here.
_MOST_TEXTS = 4_000_000
_NESTING = 4
# Words, of which nothing is rendered.
_VOCABULARY = ("tokenizer.ggml.tokens", "tokenizer.ggml.merges")

_STRING, _ARRAY, _UINT32, _BOOL = 8, 9, 4, 7
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
# Elements of a block and its bytes, for each type of ggml.h.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip


def scan_gguf(source: Source, scan: Scan) -> None:
    """Walks metadata and tensors, and accounts for each byte. Raises UnreadableError."""
    cursor = Cursor(source, 4)
    version = cursor.u32()
    if version not in (2, 3):
        raise UnreadableError(f"GGUF of version {version}, or of big-endian numbers", 4)
    tensors, pairs = cursor.u64(), cursor.u64()
    # Each takes at least this many bytes, so that a count beyond is a lie.
    if tensors * 24 + pairs * 13 > cursor.left:
        raise UnreadableError(f"{tensors} tensors and {pairs} values in a file of {source.size} bytes", 8)
    reader = _Metadata(cursor, scan)
    reader.read(pairs)
    names: set[str] = set()
    extents = [_tensor(cursor, names, reader.alignment) for _ in range(tensors)]
    start = -(-cursor.offset // reader.alignment) * reader.alignment
    if not extents:
        check_tail(source, scan, cursor.offset)
        return
    check_gap(source, scan, cursor.offset, min(start, source.size))
    end = start
    for offset, size in sorted(extents):
        if start + offset < end:
            raise UnreadableError("tensors overlap", start + offset)
        if start + offset + size > source.size:
            raise UnreadableError("a tensor lies outside of the file", start + offset)
        check_gap(source, scan, end, start + offset)
        end = start + offset + size
    check_tail(source, scan, end)


class _Metadata:
    def __init__(self, cursor: Cursor, scan: Scan) -> None:
        self._cursor = cursor
        self._scan = scan
        self._texts = 0
        self.alignment = 32

    def read(self, pairs: int) -> None:
        """Each key with its value. Raises UnreadableError."""
        cursor = self._cursor
        keys: set[str] = set()
        for _ in range(pairs):
            at = cursor.offset
            key = cursor.text(cursor.u64(), _KEY_BYTES, "a key")
            if key in keys:
                raise UnreadableError(f"the key {key[:80]!r} is there twice", at)
            keys.add(key)
            kind = cursor.u32()
            if key == "general.alignment":
                self._alignment(kind)
            else:
                self._value(key, kind, 0)

    def _alignment(self, kind: int) -> None:
        at = self._cursor.offset
        value = self._cursor.u32()
        if kind != _UINT32 or value < 8 or value & (value - 1) or value > 1 << 16:
            raise UnreadableError(f"an alignment of {value}", at)
        self.alignment = value

    def _value(self, key: str, kind: int, depth: int) -> None:
        cursor = self._cursor
        at = cursor.offset
        if kind == _STRING:
            self._text(key, at)
        elif kind == _ARRAY:
            if depth >= _NESTING:
                raise LimitError(f"lists in lists deeper than {_NESTING}", at)
            inner, count = cursor.u32(), cursor.u64()
            if inner in _SIZES:
                cursor.skip(count * _SIZES[inner])
                return
            if count * (8 if inner == _STRING else 12) > cursor.left:
                raise UnreadableError(f"a list of {count} values", at)
            for _ in range(count):
                self._value(key, inner, depth + 1)
        elif kind in _SIZES:
            value = cursor.exactly(_SIZES[kind])
            if kind == _BOOL and value[0] > 1:
                raise UnreadableError("a truth that is neither 0 nor 1", at)
        else:
            raise UnreadableError(f"a value of type {kind}", at)

    def _text(self, key: str, at: int) -> None:
        cursor = self._cursor
        self._texts += 1
        if self._texts > _MOST_TEXTS:
            raise LimitError(f"more than {_MOST_TEXTS} texts", at)
        length = cursor.u64()
        if length > TEMPLATE_BYTES and "template" not in key:
            # No text to render: tables of normalisation are written so.
            cursor.skip(length)
            return
        data = cursor.exactly(min(length, TEMPLATE_BYTES + 1))
        if length > TEMPLATE_BYTES:
            raise LimitError(f"a template of {length} bytes", at)
        if not key.startswith(_VOCABULARY):
            check_value(self._scan, key, data.decode("utf-8", "replace"), at)
        if _is_template(key) and b"{{" not in data and b"{%" not in data:
            self._scan.add_template(key[:200], ())


def _is_template(key: str) -> bool:
    """Whether a key is that of a template, and not the list of their names."""
    return key.startswith("tokenizer.chat_template") and key != "tokenizer.chat_templates"


def _tensor(cursor: Cursor, names: set[str], alignment: int) -> tuple[int, int]:
    at = cursor.offset
    name = cursor.text(cursor.u64(), _NAME_BYTES, "the name of a tensor")
    if name in names:
        raise UnreadableError(f"the tensor {name!r} is there twice", at)
    names.add(name)
    axes = cursor.u32()
    if axes > _MOST_AXES:
        raise UnreadableError(f"a tensor of {axes} axes", at)
    elements = 1
    first = 1
    for axis in range(axes):
        length = cursor.u64()
        first = length if axis == 0 else first
        elements *= length
        if elements >= 1 << 63:
            raise UnreadableError("a tensor larger than any file", at)
    kind, offset = cursor.u32(), cursor.u64()
    if kind not in _BLOCKS:
        raise UnreadableError(f"a tensor of type {kind}, which is not known", at)
    per_block, size = _BLOCKS[kind]
    if first % per_block or offset % alignment:
        raise UnreadableError(f"the tensor {name!r} does not fit its blocks", at)
    return offset, elements // per_block * size
