"""Mail addresses as Go's `net/mail` reads one (RFC 5322, 3.4): `name <user@host>`, `user@host` or a group of one."""

import re
from typing import Final

_VISIBLE: Final = "!-~\\u0080-\\U0010ffff"
_SPECIAL: Final = r"()<>\[\]:;@\\,\""
_ATOM: Final = re.compile(rf"(?:(?![{_SPECIAL}])[{_VISIBLE}])+")
_QUOTED: Final = re.compile(rf'"((?:(?!["\\])[{_VISIBLE} \t]|\\[{_VISIBLE} \t])*)"')
_LITERAL: Final = re.compile(rf"\[((?:(?![\[\]\\])[{_VISIBLE}])*)\]")
_BLANK: Final = re.compile(r"[ \t]*")


class _NoAddressError(Exception):
    """The text is no address."""


def is_address(text: str) -> bool:
    """Is it one mail address?"""
    reader = _Reader(text)
    try:
        count = reader.address(":")
        reader.comments()
    except _NoAddressError:
        return False
    return reader.at == len(text) and count == 1


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def address(self, group: str) -> int:
        """Reads an address, or a group if `group` is the mark that begins one; gives the number of addresses."""
        self._blank()
        start = self.at
        try:
            self._plain()
        except _NoAddressError:
            self.at = start
        else:
            self._blank()
            if self._skip("("):
                self._comment()
            return 1
        if not self._sees("<"):
            self._phrase()
        self._blank()
        if group and self._skip(group):
            return self._group()
        self._demand("<")
        self._plain()
        self._demand(">")
        return 1

    def comments(self) -> None:
        """Skips blanks and comments."""
        self._blank()
        while self._skip("("):
            self._comment()
            self._blank()

    def _group(self) -> int:
        count = 0
        self._blank()
        while not self._skip(";"):
            if count:
                self._demand(",")
            count += self.address("")
            self.comments()
        self.comments()
        return count

    def _plain(self) -> None:
        self._blank()
        if self._sees('"'):
            if not self._quoted():
                raise _NoAddressError
        else:
            self._dotted()
        self._demand("@")
        self._blank()
        if self._sees("["):
            self._literal()
        else:
            self._dotted()

    def _phrase(self) -> None:
        count = 0
        while True:
            if count:
                self.comments()
            self._blank()
            try:
                if self._sees('"'):
                    self._quoted()
                else:
                    self._match(_ATOM)
            except _NoAddressError:
                if count:
                    return
                raise
            count += 1

    def _dotted(self) -> None:
        atom = self._match(_ATOM)
        if atom.startswith(".") or atom.endswith(".") or ".." in atom:
            raise _NoAddressError

    def _quoted(self) -> str:
        return self._match(_QUOTED)[1:-1]

    def _literal(self) -> None:
        import ipaddress

        inside = self._match(_LITERAL)[1:-1]
        try:
            ipaddress.ip_address(inside)
        except ValueError as error:
            raise _NoAddressError from error
        if "%" in inside:
            raise _NoAddressError

    def _comment(self) -> None:
        depth = 1
        while depth:
            if self.at >= len(self.text):
                raise _NoAddressError
            char = self.text[self.at]
            if char == "\\" and self.at + 1 < len(self.text):
                self.at += 1
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
            self.at += 1

    def _blank(self) -> None:
        self._match(_BLANK)

    def _sees(self, char: str) -> bool:
        return self.text.startswith(char, self.at)

    def _skip(self, char: str) -> bool:
        found = self._sees(char)
        self.at += found
        return found

    def _demand(self, char: str) -> None:
        if not self._skip(char):
            raise _NoAddressError

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _NoAddressError
        self.at = found.end()
        return found.group()
