"""CSV that no spreadsheet runs: a cell that would begin a formula begins with an apostrophe (OWASP, CSV injection)."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

# In their wide forms too, which some programs take for the narrow ones.
_BEGINS: Final = frozenset("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")


def safe_cell(text: str) -> str:
    """The text of a cell, as text."""
    looked = text.lstrip(" \u00a0\u200b\ufeff")
    return f"'{text}" if looked[:1] in _BEGINS and looked else text


def render_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """RFC 4180 with a line of names; every cell is in quotes."""
    made = io.StringIO()
    writer = csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(one) for one in columns])
    for row in rows:
        writer.writerow([safe_cell(one) for one in row])
    return made.getvalue()
