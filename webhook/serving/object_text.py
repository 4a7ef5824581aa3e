"""An object of the cluster as text, so that errors in it have a line: YAML as `kubectl get -o yaml` prints it.

Nobody's file has the object as the API server keeps it. The names of fields are sorted, texts of several lines are
block scalars, and what the API server adds of its own (`status`, `metadata.managedFields`) is left out. A place in the
text is also told as a field and a line in that field's own text, which is what an author recognises.
"""

from collections.abc import Sequence
from typing import Final, final, overload

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.document import Document, Located, Path, Span
from lockgate.engine.record import record

_INDENT: Final = "  "
# What is nested deeper is on one line.
_DEEPEST: Final = 60


@record
class FieldPlace:
    """A place in an object: the field, and line and column (from 1) in the field's text; line 0: the field itself."""

    path: Path
    line: int = 0
    column: int = 0


@final
class ObjectText:
    """The text of one object, with the place of each of its fields: written when somebody asks, since few objects are wrong."""

    __slots__ = ("_value", "_written")

    def __init__(self, value: dict[str, Value]) -> None:
        self._value: Final = value
        self._written: _Written | None = None

    @property
    def _text(self) -> "_Written":
        # Two threads may write it, and both write the same.
        made = self._written
        if made is None:
            made = self._written = _Written(self._value)
        return made

    @property
    def lines(self) -> list[str]:
        """The text's."""
        return self._text.lines

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of the value at the path, or of its deepest ancestor that there is."""
        return self._text.locate(path)

    def field_at(self, line: int, column: int) -> FieldPlace:
        """The field at a place of the text."""
        return self._text.field_at(line, column)


@final
class _Lines(Sequence[str]):
    """The lines of a text, once somebody looks at them."""

    __slots__ = ("_text",)

    def __init__(self, text: ObjectText) -> None:
        self._text: Final = text

    def __len__(self) -> int:
        return len(self._text.lines)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._text.lines[index]


@final
class _Written:
    """The text, and the places."""

    __slots__ = ("_blocks", "_spans", "lines")

    def __init__(self, value: dict[str, Value]) -> None:
        self.lines: Final[list[str]] = []
        self._spans: Final[dict[Path, Span]] = {}
        # Texts of several lines: first and last line, column, path.
        self._blocks: Final[list[tuple[int, int, int, Path]]] = []
        self._mapping(value, "", ())
        self._spans[()] = Span(1, 1, len(self.lines) + 1, 1)

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of the value at the path, or of its deepest ancestor that there is."""
        whole = tuple(path)
        for length in range(len(whole), -1, -1):
            found = self._spans.get(whole[:length])
            if found is not None:
                return Located(found, length == len(whole), whole[:length])
        raise AssertionError("the object itself has a place")

    def field_at(self, line: int, column: int) -> FieldPlace:
        """The field at a place of the text."""
        for first, last, start, path in self._blocks:
            if first <= line <= last:
                return FieldPlace(path, line - first + 1, max(1, column - start + 1))
        found: Path = ()
        inside = 0
        for path, span in self._spans.items():
            # Values of one line; the deepest of them is meant.
            is_there = span.line == span.end_line == line and span.column <= column <= span.end_column
            if (is_there or (span.line, span.column) == (line, column)) and len(path) >= len(found):
                found, inside = path, column - span.column
        # A text begins behind its quote.
        return FieldPlace(found, 1, inside) if inside > 0 else FieldPlace(found)

    def _mapping(self, value: dict[str, Value], indent: str, path: Path) -> None:
        for name in sorted(value):
            self._entry(f"{indent}{_key(name)}:", value[name], (*path, name), indent, indent)

    def _entry(self, head: str, value: Value, path: Path, indent: str, dashes: str) -> None:
        """`head`, which begins at `indent`, and the value behind it, or below it: a list's dashes at `dashes`."""
        place = len(self.lines) + 1
        is_deep = len(path) > _DEEPEST
        if isinstance(value, dict) and value and not is_deep:
            below = indent + _INDENT
            self.lines.append(head)
            self._mapping(value, below, path)
            self._place(path, place + 1, len(below) + 1)
        elif isinstance(value, list) and value and not is_deep:
            self.lines.append(head)
            self._items(value, dashes, path)
            self._place(path, place + 1, len(dashes) + 1)
        elif isinstance(value, str) and _is_block(value):
            self._block(head, value, indent + _INDENT, path)
        else:
            self.lines.append(f"{head} {_scalar(value)}")
            self._place(path, place, len(head) + 2)

    def _items(self, items: list[Value], indent: str, path: Path) -> None:
        for index, item in enumerate(items):
            below = (*path, index)
            if isinstance(item, dict) and item and len(below) <= _DEEPEST:
                # The first field stands in the line of the dash.
                first = len(self.lines)
                self._mapping(item, indent + _INDENT, below)
                self.lines[first] = f"{indent}- {self.lines[first][len(indent) + 2 :]}"
                self._place(below, first + 1, len(indent) + 3)
            else:
                self._entry(f"{indent}-", item, below, indent, indent + _INDENT)

    def _block(self, head: str, text: str, indent: str, path: Path) -> None:
        digit = "2" if text.startswith((" ", "\t", "\n")) else ""
        chomping = (
            "" if text.endswith("\n") and not text.endswith("\n\n") else "+" if text.endswith("\n") else "-"
        )
        place, column = len(self.lines) + 1, len(head) + 2
        self.lines.append(f"{head} |{digit}{chomping}")
        written = text.removesuffix("\n").split("\n")
        self.lines.extend([indent + line if line else "" for line in written])
        last = len(self.lines)
        self._spans[path] = Span(place, column, last + 1, 1)
        self._blocks.append((place + 1, last, len(indent) + 1, path))

    def _place(self, path: Path, line: int, column: int) -> None:
        last = len(self.lines)
        self._spans[path] = Span(line, column, last, len(self.lines[last - 1]) + 1)


def object_document(value: dict[str, Value], name: str) -> Document:
    """The Document of an object of the cluster; `name` stands for a file's."""
    shown = {field: item for field, item in value.items() if field != "status"}
    metadata = shown.get("metadata")
    if isinstance(metadata, dict):
        shown["metadata"] = {field: item for field, item in metadata.items() if field != "managedFields"}
    text = ObjectText(shown)
    return Document(value, name, _Lines(text), text)


def _is_block(text: str) -> bool:
    # Text that ends its lines with other marks would have other lines here than for its author.
    return "\n" in text.strip("\n") and all(
        line.replace("\t", " ").isprintable() for line in text.split("\n")
    )


def _key(name: str) -> str:
    is_plain = all(mark.isalnum() or mark in "-./_" for mark in name) and name[:1].isalpha()
    return name if is_plain and name.isascii() and not _is_word_of_yaml(name) else _quoted(name)


def _scalar(value: Value) -> str:
    if not isinstance(value, str):
        return render_json(value)
    return value if value.isalpha() and value.isascii() and not _is_word_of_yaml(value) else _quoted(value)


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(mark: str) -> str:
    if mark in '"\\':
        return f"\\{mark}"
    if mark.isprintable():
        return mark
    return f"\\U{ord(mark):08X}" if ord(mark) > 0xFFFF else f"\\u{ord(mark):04X}"


def _is_word_of_yaml(text: str) -> bool:
    return text.lower() in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
