"""A piece of Rego text and where it stands, so that errors point into the file that a person edits."""

from typing import TYPE_CHECKING

from lockgate.engine.errors import Location
from lockgate.engine.record import record

if TYPE_CHECKING:
    from lockgate.engine.rego.version import RegoVersion


@record
class Source:
    """Rego text. `line` and `column` are where it begins in `file`: not 1, 1 inside a block scalar of YAML.

    Every line of the text begins at that column.
    """

    text: str
    file: str
    version: "RegoVersion" = "v1"
    line: int = 1
    column: int = 1

    def location(self, line: int, column: int) -> Location:
        """The place in the file of a line and column of the text (both from 1)."""
        return Location(self.file, line + self.line - 1, column + self.column - 1)

    def quoted(self, location: Location) -> str:
        """The line of the text that a location in the file names, indented as there, or an empty string."""
        lines = self.text.split("\n")
        index = location.line - self.line
        return " " * (self.column - 1) + lines[index] if 0 <= index < len(lines) else ""
