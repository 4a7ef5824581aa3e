"""Word vectors in the binary form of word2vec: two numbers in a line, then words, each with its numbers.

https://code.google.com/archive/p/word2vec/
"""

import re

from lockgate.engine.facts.cursor import Cursor
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source

_FIRST_LINE = re.compile(rb"([0-9]{1,9}) ([0-9]{1,5})\r?\n")
# No word is longer than a line of text.
_WORD_BYTES = 4096


def is_word_vectors(head: bytes) -> bool:
    """Whether bytes start with two numbers in a line of their own."""
    return bool(_FIRST_LINE.match(head))


def scan_word_vectors(source: Source, scan: Scan) -> None:
    """Goes from word to word, to the end of the file. Raises UnreadableError."""
    match = _FIRST_LINE.match(source.read(0, 64))
    if not match:
        raise UnreadableError("its first line is not of two numbers", 0)
    words, numbers = int(match[1]), int(match[2])
    cursor = Cursor(source, match.end())
    if words * (numbers * 4 + 1) > cursor.left:
        raise UnreadableError(f"{words} words of {numbers} numbers in a file of {source.size} bytes", 0)
    for _ in range(words):
        scan.budget.opcodes(1)
        for _ in range(_WORD_BYTES):
            if cursor.exactly(1) == b" ":
                break
        else:
            raise UnreadableError("a word that does not end", cursor.offset)
        cursor.skip(numbers * 4)
    if cursor.left > 1 or (cursor.left and cursor.exactly(1) != b"\n"):
        raise UnreadableError("something follows the last word", cursor.offset)
