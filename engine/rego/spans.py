"""Where statements, heads and terms of a policy end: what coverage counts and what traces quote.

The syntax tree has only where they begin. A parser that is given a `Spans` notes the ends beside it; others pay nothing.
"""

from dataclasses import dataclass, field

from lockgate.engine.errors import Location
from lockgate.engine.record import ordered_record

# Line and column.
Place = tuple[int, int]


@ordered_record
class Range:
    """From a line and column to a line and (exclusive) column."""

    line: int
    column: int
    end_line: int
    end_column: int

    def contains(self, other: "Range") -> bool:
        """Does the other range lie within this one?"""
        begins = (self.line, self.column) <= (other.line, other.column)
        return begins and (self.end_line, self.end_column) >= (other.end_line, other.end_column)


def place_of(location: Location) -> Place:
    """The line and column of a location."""
    return location.line, location.column


@dataclass(slots=True)
class Spans:
    """Ranges by where they begin.

    statements: of bodies. heads: of rules and of `else`. bodyless: rules and `else`
    without a body. terms: of terms without operators. operations: of operators with their operands, by name too.
    """

    statements: dict[Place, Range] = field(default_factory=dict)
    heads: dict[Place, Range] = field(default_factory=dict)
    bodyless: dict[Place, Range] = field(default_factory=dict)
    terms: dict[Place, Range] = field(default_factory=dict)
    operations: dict[tuple[Place, str], Range] = field(default_factory=dict)

    def statement_at(self, location: Location) -> Range | None:
        """The innermost statement that a place lies in."""
        place = place_of(location)
        found = self.statements.get(place)
        if found is not None:
            return found
        around = [one for one in self.statements.values() if _holds(one, place)]
        return max(around, key=lambda one: (one.line, one.column), default=None)


def _holds(span: Range, place: Place) -> bool:
    return (span.line, span.column) <= place < (span.end_line, span.end_column)
