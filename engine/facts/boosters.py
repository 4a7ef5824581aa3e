"""Boosted trees in the formats of their libraries: numbers and names, and nothing that runs.

XGBoost in UBJSON (https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html, https://ubjson.org/), CatBoost
in a FlatBuffer (https://github.com/catboost/catboost/tree/master/catboost/libs/model/flatbuffers). XGBoost in JSON and
LightGBM in text are read as JSON and as text.
"""

from lockgate.engine.facts.cursor import Cursor, number_at
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source

_DEPTH = 200
_SIZES = {"i": 1, "U": 1, "I": 2, "l": 4, "L": 8, "d": 4, "D": 8, "C": 1, "Z": 0, "T": 0, "F": 0, "N": 0}
_COUNTS = frozenset("iUIlL")


def is_ubjson(head: bytes) -> bool:
    """Whether bytes start as an object of UBJSON, as XGBoost writes it: a brace, the size of a key, the key."""
    return head[:2] in (b"{L", b"{i", b"{U", b"{I", b"{l", b"{$", b"{#")


def scan_ubjson(source: Source, scan: Scan) -> None:
    """Walks a document in UBJSON to the end of the file. Raises UnreadableError."""
    cursor = Cursor(source)
    _Walk(cursor, scan).value(cursor.exactly(1).decode("latin-1"), 0)
    if cursor.left:
        raise UnreadableError("something follows the end of the document", cursor.offset)


class _Walk:
    def __init__(self, cursor: Cursor, scan: Scan) -> None:
        self._cursor = cursor
        self._scan = scan

    def _marker(self) -> str:
        return self._cursor.exactly(1).decode("latin-1")

    def _count(self, marker: str) -> int:
        if marker not in _COUNTS:
            raise UnreadableError(f"a size of type {marker!r}", self._cursor.offset)
        data = self._cursor.exactly(_SIZES[marker])
        value = int.from_bytes(data, "big", signed=marker != "U")
        if value < 0:
            raise UnreadableError("a size below nothing", self._cursor.offset)
        return value

    def value(self, marker: str, depth: int) -> None:
        """Goes over a value. Raises UnreadableError."""
        cursor = self._cursor
        if depth > _DEPTH:
            raise LimitError(f"values deeper than {_DEPTH}", cursor.offset)
        if marker in _SIZES:
            cursor.skip(_SIZES[marker])
        elif marker in ("S", "H"):
            cursor.skip(self._count(self._marker()))
        elif marker in ("{", "["):
            self._items(marker, depth)
        else:
            raise UnreadableError(f"a value of type {marker!r}", cursor.offset)

    def _items(self, opened: str, depth: int) -> None:
        close = "}" if opened == "{" else "]"
        kind = count = None
        marker = self._marker()
        if marker == "$":
            kind = self._marker()
            marker = self._marker()
            if marker != "#":
                raise UnreadableError("a type without a size", self._cursor.offset)
        if marker == "#":
            count = self._count(self._marker())
            marker = ""
            if opened == "[" and kind in _SIZES:
                self._cursor.skip(count * _SIZES[kind])
                return
        done = 0
        while count is None or done < count:
            marker = marker or self._marker()
            if count is None and marker == close:
                return
            self._scan.budget.opcodes(1)
            if opened == "{":
                self._cursor.skip(self._count(marker))
                marker = ""
            item = kind or marker or self._marker()
            marker = ""
            self.value(item, depth + 1)
            done += 1


def scan_catboost(source: Source, scan: Scan) -> None:
    """Checks the core of a CatBoost model: its size, and that nothing follows. Raises UnreadableError."""
    size = number_at(source, 4, "<I")
    if 8 + size > source.size:
        raise UnreadableError(f"a core of {size} bytes in a file of {source.size}", 4)
    root = number_at(source, 8, "<I")
    if root + 4 > size:
        raise UnreadableError("its table lies outside of the file", 8)
    if 8 + size < source.size:
        words = "parts of the model follow the core, and are not walked"
        scan.find("catboost-parts", "unvetted", words, 8 + size)
