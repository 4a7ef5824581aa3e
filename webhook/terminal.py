"""What a terminal may be sent: colours of ours, and text of others with every control made visible.

Manifests and policies are other people's text: an escape sequence in one could recolour, hide or retitle what the
reader sees, and bidirectional controls could reorder it.
"""

import os
from collections.abc import Sequence
from typing import Final, Literal, TextIO

from lockgate.engine.record import record

ColourChoice = Literal["auto", "always", "never"]

# C0 and C1 controls and DEL, the bidirectional controls, zero-width characters, line and paragraph separators, the
# byte-order mark and lone surrogates: none of them has a shape of its own.
_UNSAFE: Final = frozenset(
    [
        *range(0x20),
        *range(0x7F, 0xA0),
        0x61C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
        *range(0xFFF9, 0xFFFC),
    ]
)

_CODES: Final = {"red": "31", "yellow": "33", "cyan": "36", "green": "32", "bold": "1", "dim": "2"}


def _visible(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def is_safe(character: str) -> bool:
    """May the character be sent to a terminal as it is?"""
    code = ord(character)
    return code not in _UNSAFE and not 0xD800 <= code <= 0xDFFF and not 0xE0000 <= code <= 0xE007F


def printable(text: str) -> str:
    """The text on one line, each character that is a control of some kind written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join([one if is_safe(one) else _visible(ord(one)) for one in text])


@record
class Palette:
    """Paints text, or leaves it plain."""

    coloured: bool

    def paint(self, text: str, *styles: str) -> str:
        """The text in the named styles (`red`, `yellow`, `cyan`, `green`, `bold`, `dim`)."""
        if not self.coloured or not text:
            return text
        return f"\x1b[{';'.join([_CODES[style] for style in styles])}m{text}\x1b[0m"


def choose_palette(choice: ColourChoice, stream: TextIO) -> Palette:
    """Colours when asked for, or on a terminal unless NO_COLOR is set (https://no-color.org) or it is `dumb`."""
    if choice == "auto":
        wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()
        return Palette(wanted)
    return Palette(choice == "always")


def some_of(names: Sequence[str], most: int) -> str:
    """Names in a sentence: at most so many, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
