"""A Document: one Kubernetes object with the place of each of its values in a file."""

from collections.abc import Callable, Sequence
from typing import Protocol

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record

Path = tuple[str | int, ...]


@record
class Span:
    """Where a value stands: lines and columns from 1, columns in code points, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@record
class Located:
    """The span found for a path. `exact` is False when the path or part of it is not in the text."""

    span: Span
    exact: bool
    path: Path


class PositionMap(Protocol):
    """Finds the span of a value by its path from the document's root."""

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of the value at `path`, or of its deepest existing ancestor (`exact` False)."""
        ...


class LazyPositions:
    """Positions that are made when the first is asked for; what `make` raises, `locate` raises."""

    __slots__ = ("_make", "_positions")

    def __init__(self, make: Callable[[], PositionMap]) -> None:
        self._make = make
        self._positions: PositionMap | None = None

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of the value at `path`, or of its deepest existing ancestor (`exact` False)."""
        if self._positions is None:
            self._positions = self._make()
        return self._positions.locate(path)


@record
class Document:
    """One object to judge. `value` is what kubectl would send; a List's items are documents of their own.

    `file` is the path to show: the file's own, on standard input the Helm template that the text names. `lines` are
    the lines of the file or stream without line ends, for quoting; positions count in them. Paths given to
    `positions` count from this object's root. `template` is Helm's `# Source:` name, wherever the text comes from;
    it is the input's own word, so no trust may rest on it. `small_integers_only` tells that every number in it is an
    integer below a million in size, which every JSON library prints alike; False where that was not looked for.
    """

    value: dict[str, Value]
    file: str
    lines: Sequence[str]
    positions: PositionMap
    template: str = ""
    small_integers_only: bool = False

    def locate(self, path: Sequence[str | int] | None) -> Located:
        """The span of `path`; without a path the value of the object's `kind`, not exact."""
        if path is None:
            found = self.positions.locate(("kind",))
            return Located(found.span, False, found.path)
        return self.positions.locate(path)


@record
class DocumentError:
    """Input that cannot be read. The run goes on with what follows it."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    unrendered: bool = False


@record
class Skipped:
    """Input that is no Kubernetes object to judge, with the reason and what to do if it should have been.

    document: it as an object of a group in `NAMED_GROUPS`, for policies that name the group; None where it has no kind there.
    """

    file: str
    line: int
    reason: str
    hint: str = ""
    document: Document | None = None
