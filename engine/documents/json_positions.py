"""Where the values of a JSON document stand, found by one pass over its text when first asked for."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final

from lockgate.engine.documents.document import Located, Path, Span
from lockgate.engine.documents.json_values import LONE_SURROGATES, skip_space

# A number, true, false or null.
_WORD: Final = re.compile(r"[^\s,\]}]+")


class JsonNode:
    """The place of a JSON value in its text, and its parts."""

    __slots__ = ("end", "items", "members", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.items: list[JsonNode] | None = None
        self.members: dict[str, JsonNode] | None = None


Duplicates = list[tuple[str, int]]


def _scan(text: str, index: int, twice: Duplicates) -> JsonNode:
    """The tree of a value that is known to be valid JSON, no deeper than MAX_DEPTH."""
    index = skip_space(text, index)
    node = JsonNode(index)
    first = text[index]
    if first == '"':
        _, node.end = scanstring(text, index + 1, True)
        return node
    if first not in "[{":
        found = _WORD.match(text, index)
        assert found is not None
        node.end = found.end()
        return node
    closing = "]" if first == "[" else "}"
    if first == "[":
        node.items = []
    else:
        node.members = {}
    index = skip_space(text, index + 1)
    while text[index] != closing:
        if node.members is not None:
            key_index = index
            name, index = scanstring(text, index + 1, True)
            name = LONE_SURROGATES.sub("\ufffd", name)
            if name in node.members:
                twice.append((name, key_index))
            child = _scan(text, skip_space(text, index) + 1, twice)
            node.members[name] = child
        else:
            child = _scan(text, index, twice)
            assert node.items is not None
            node.items.append(child)
        index = skip_space(text, child.end)
        if text[index] == ",":
            index = skip_space(text, index + 1)
    node.end = index + 1
    return node


def find_duplicates(text: str, index: int) -> Duplicates:
    """The keys that are set twice in the valid JSON value at `index`, each with the index of the second one."""
    twice: Duplicates = []
    _scan(text, index, twice)
    return twice


class JsonText:
    """The text of a JSON file, with the indexes at which its lines start, found when first asked for."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None

    def place(self, index: int) -> tuple[int, int]:
        """Line and column, from 1, of the character at `index`."""
        if self._starts is None:
            self._starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


class JsonSource:
    """One JSON value of a text. Shared by the items of a List."""

    __slots__ = ("_index", "_root", "text")

    def __init__(self, text: JsonText, index: int) -> None:
        self.text = text
        self._index = index
        self._root: JsonNode | None = None

    def root(self) -> JsonNode:
        """The tree of the value."""
        if self._root is None:
            self._root = _scan(self.text.text, self._index, [])
        return self._root


def _child(node: JsonNode, element: str | int) -> JsonNode | None:
    if node.members is not None and type(element) is str:
        return node.members.get(element)
    if node.items is not None and type(element) is int and 0 <= element < len(node.items):
        return node.items[element]
    return None


class JsonPositions:
    """Positions of one object in a JSON value; `prefix` is the object's own path from the value's root."""

    __slots__ = ("_prefix", "_source")

    def __init__(self, source: JsonSource, prefix: Path = ()) -> None:
        self._source = source
        self._prefix = prefix

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of the value at `path`, or of its deepest existing ancestor (`exact` False)."""
        node = self._source.root()
        for element in self._prefix:
            child = _child(node, element)
            assert child is not None
            node = child
        taken = 0
        for element in path:
            child = _child(node, element)
            if child is None:
                break
            node = child
            taken += 1
        start, end = self._source.text.place(node.start), self._source.text.place(node.end)
        return Located(Span(*start, *end), taken == len(path), tuple(path[:taken]))
