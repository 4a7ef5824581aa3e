"""fastText: arguments, a dictionary, two matrices, quantised or not. Nothing in it runs.

https://github.com/facebookresearch/fastText/blob/main/src/fasttext.cc (saveModel), dictionary.cc, densematrix.cc,
quantmatrix.cc, productquantizer.cc
"""

from lockgate.engine.facts.cursor import Cursor
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source

MAGIC = b"\xba\x16\x4f\x2f"
# Twelve whole numbers and a fraction.
_ARGUMENTS = 12 * 4 + 8
# A count and a kind, behind each word.
_ENTRY = 9
_WORD_BYTES = 4096
_CENTROIDS = 256


def scan_fasttext(source: Source, scan: Scan) -> None:
    """Walks the model to the end of the file. Raises UnreadableError."""
    cursor = Cursor(source, 4)
    version = cursor.u32()
    if version not in (11, 12):
        raise UnreadableError(f"fastText of version {version}", 4)
    cursor.skip(_ARGUMENTS)
    words = cursor.u32()
    cursor.skip(4 + 4 + 8)
    pruned = int.from_bytes(cursor.exactly(8), "little", signed=True)
    if words * (_ENTRY + 1) + max(pruned, 0) * 8 > cursor.left:
        raise UnreadableError(f"{words} words in a file of {source.size} bytes", cursor.offset)
    for _ in range(words):
        scan.budget.opcodes(1)
        _skip_word(cursor)
        cursor.skip(_ENTRY)
    cursor.skip(max(pruned, 0) * 8)
    quantised = cursor.u8()
    _matrix(cursor, quantised)
    _matrix(cursor, cursor.u8())
    if cursor.left:
        raise UnreadableError("something follows the last matrix", cursor.offset)


def _skip_word(cursor: Cursor) -> None:
    for _ in range(_WORD_BYTES):
        if cursor.exactly(1) == b"\0":
            return
    raise UnreadableError("a word that does not end", cursor.offset)


def _matrix(cursor: Cursor, quantised: int) -> None:
    if quantised > 1:
        raise UnreadableError("a truth that is neither 0 nor 1", cursor.offset)
    if not quantised:
        cursor.skip(cursor.u64() * cursor.u64() * 4)
        return
    norms = cursor.u8()
    rows, _ = cursor.u64(), cursor.u64()
    cursor.skip(cursor.u32())
    _quantizer(cursor)
    if norms:
        cursor.skip(rows)
        _quantizer(cursor)


def _quantizer(cursor: Cursor) -> None:
    dimension = cursor.u32()
    cursor.skip(3 * 4)
    cursor.skip(dimension * _CENTROIDS * 4)
