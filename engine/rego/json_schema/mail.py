"""Mail addresses as Go's `net/mail` reads one (RFC 5322, 3.4): `name <user@host>` or `user@host`, with comments."""

import re
from typing import Final

_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff]+")
_BLANK: Final = re.compile(r"[ \t]*")
_LITERAL: Final = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]")


class _NoAddressError(Exception):
    """The text is no address."""


def is_address(text: str) -> bool:
    """Is it one mail address?"""
    reader = _Reader(text)
    try:
        reader.address()
        reader.skip()
    except _NoAddressError:
        return False
    return reader.at == len(text)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> None:
        """Blanks and comments."""
        while True:
            self._match(_BLANK)
            if not self._sees("("):
                return
            depth = 0
            while True:
                char = self._take()
                if char == "\\":
                    self._take()
                elif char == "(":
                    depth += 1
                elif char == ")":
                    depth -= 1
                    if not depth:
                        break

    def address(self) -> None:
        """An address with or without a name."""
        self.skip()
        start = self.at
        try:
            self._plain()
            return
        except _NoAddressError:
            self.at = start
        while not self._sees("<"):
            self._word(dots=True)
            self.skip()
        self.at += 1
        self._plain()
        self.skip()
        if self._take() != ">":
            raise _NoAddressError

    def _plain(self) -> None:
        self.skip()
        if self._sees('"'):
            if not self._quoted():
                raise _NoAddressError
        else:
            self._dotted()
        self.skip()
        if self._take() != "@":
            raise _NoAddressError
        self.skip()
        if self._sees("["):
            self._match(_LITERAL, empty=False)
        else:
            self._dotted()

    def _word(self, dots: bool) -> None:
        if self._sees('"'):
            self._quoted()
        elif dots and self._sees("."):
            self.at += 1
        else:
            self._match(_ATOM, empty=False)

    def _dotted(self) -> None:
        self._match(_ATOM, empty=False)
        while self._sees("."):
            self.at += 1
            self._match(_ATOM, empty=False)

    def _quoted(self) -> str:
        start = self.at
        self.at += 1
        while True:
            char = self._take()
            if char == '"':
                return self.text[start + 1 : self.at - 1]
            if char == "\\":
                char = self._take()
            if char < " " and char != "\t":
                raise _NoAddressError

    def _sees(self, char: str) -> bool:
        return self.text.startswith(char, self.at)

    def _take(self) -> str:
        if self.at >= len(self.text):
            raise _NoAddressError
        self.at += 1
        return self.text[self.at - 1]

    def _match(self, pattern: re.Pattern[str], empty: bool = True) -> None:
        found = pattern.match(self.text, self.at)
        if found is None or (not empty and found.end() == self.at):
            raise _NoAddressError
        self.at = found.end()
