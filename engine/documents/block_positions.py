"""Places in a document that was read without its tree (`block_yaml`): that of its kind, which most findings are told at,
without making the tree. So are the words that booleans were written as."""

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.block_yaml import BlockValue
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.document import Located, Path, PositionMap, Span

# A key of that name in the first column. `block_entries` takes no other way to write one, and text over several lines
# that is no collection in braces has spaces before each line.
_KEY: Final = re.compile(r"^[\"']?kind[\"']?:", re.MULTILINE)
_WORD: Final = re.compile(r"kind: +([A-Za-z][A-Za-z0-9]*) *$", re.MULTILINE)
_KIND: Final[Path] = ("kind",)


def block_positions(chunk: Chunk, read: BlockValue) -> "BlockPositions":
    """Positions of a document's root, which was read so."""

    def make() -> PositionMap:
        # Not needed where no other place is asked for.
        from lockgate.engine.documents.yaml_positions import YamlPositions, YamlSource

        return YamlPositions(YamlSource(chunk, None, read))

    return BlockPositions(chunk, read, make)


def _booleans(value: Value, path: Path) -> Iterator[Path]:
    """Where the booleans of a value are, in its order."""
    if isinstance(value, bool):
        yield path
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _booleans(below, (*path, name))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _booleans(below, (*path, index))


class BlockPositions:
    """Positions of a document's root. make: by its tree."""

    __slots__ = ("_chunk", "_key", "_make", "_positions", "_read", "_words")

    def __init__(self, chunk: Chunk, read: BlockValue, make: Callable[[], PositionMap]) -> None:
        self._chunk = chunk
        self._read = read
        self._make = make
        self._positions: PositionMap | None = None
        self._key = ""
        self._words: dict[Path, str] | None = None

    def source_key(self) -> str:
        """What decides all places: the document's text, and where it begins in its file."""
        if not self._key:
            chunk = self._chunk
            digest = sha256(chunk.text.encode("utf-8", "surrogatepass")).hexdigest()
            self._key = f"{chunk.line}:{chunk.column}:{digest}"
        return self._key

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of the value at `path`, or of its deepest existing ancestor (`exact` False)."""
        if self._positions is None:
            found = self._located_kind() if tuple(path) == _KIND else None
            if found is not None:
                return found
            self._positions = self._make()
        return self._positions.locate(path)

    def word(self, path: Path) -> str | None:
        """The word that the boolean at `path` is written as; None where only the tree tells."""
        read = self._read
        if read.words is None:
            return None
        if self._words is None:
            self._words = dict(zip(_booleans(read.value, ()), read.words, strict=True))
        return self._words.get(path)

    def _located_kind(self) -> Located | None:
        """The place of the kind where it is a word on the line of the only key that is named so; None where it is not."""
        text, value = self._chunk.text, self._read.value
        kind = value.get("kind") if isinstance(value, dict) else None
        keys = _KEY.finditer(text)
        only = next(keys, None)
        if only is None or next(keys, None) is not None:
            return None
        word = _WORD.match(text, only.start())
        if word is None or word[1] != kind:
            return None
        line, column = self._chunk.place(word.start(1))
        return Located(Span(line, column, line, column + len(word[1])), True, _KIND)
