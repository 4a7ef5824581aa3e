"""The text of a file: its bytes decoded as kubectl decodes them, and its lines.

kubectl honours a byte order mark (UTF-8 or UTF-16) and reads anything else as UTF-8. It replaces bytes that are no
UTF-8; here they are an error, for what is judged must be what was written.
"""

import codecs
from collections.abc import Iterator, Sequence
from typing import Final, overload

from lockgate.engine.errors import InputError, Location

# Line breaks of YAML 1.1, beside the carriage return, that no editor counts.
_ODD_BREAKS: Final = ("\x85", "\u2028", "\u2029")


class Lines(Sequence[str]):
    """The lines of a text without their ends, split when first asked for."""

    __slots__ = ("_lines", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: list[str] | None = None

    def _split(self) -> list[str]:
        if self._lines is None:
            self._lines = self._text.split("\n")
            if self._lines[-1] == "":
                self._lines.pop()
        return self._lines

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._split()[index]

    def __len__(self) -> int:
        return len(self._split())

    def __iter__(self) -> Iterator[str]:
        return iter(self._split())


def has_odd_breaks(text: str) -> bool:
    """Whether the text has line breaks that YAML counts and editors do not, so that its parser's lines are not theirs."""
    return "\r" in text or (not text.isascii() and any(each in text for each in _ODD_BREAKS))


def decode(data: bytes, file: str) -> str:
    """The text of a file, line ends as `\\n`. Raises InputError for what is no text."""
    encoding = "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    elif data.startswith(codecs.BOM_UTF16_LE):
        data, encoding = data[2:], "utf-16-le"
    elif data.startswith(codecs.BOM_UTF16_BE):
        data, encoding = data[2:], "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = (
            len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode(encoding, "replace")) + 1
        )
        raise InputError(
            f"the file is not {encoding.upper()} text",
            location=Location(file, line, column),
            hint="save it as UTF-8, or leave it out if it is no manifest",
        ) from error
    return text.replace("\r\n", "\n") if "\r" in text else text
