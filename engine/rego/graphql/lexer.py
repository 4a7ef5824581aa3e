"""Tokens of GraphQL text. Specification: https://spec.graphql.org/October2021/#sec-Language.Source-Text.

Where the specification leaves a choice, and for places and messages, gqlparser's behaviour is the model.
"""

import re
from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.graphql.errors import GraphQLError

INVALID, EOF, NAME, INT, FLOAT, STRING, BLOCK, COMMENT = (
    "<Invalid>",
    "<EOF>",
    "Name",
    "Int",
    "Float",
    "String",
    "BlockString",
    "Comment",
)
_PUNCTUATION: Final = "!$&():=@[]{}|"
_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_COMMENT: Final = re.compile(r"#[^\x00-\x08\x0a-\x1f]*")
_DIGITS: Final = re.compile(r"[0-9]*")
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES: Final = {'"': '"', "/": "/", "\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@record
class Token:
    """A token: punctuation is its own kind. An invalid one has the error that reading it gave."""

    kind: str
    text: str
    at: tuple[int, int]
    error: GraphQLError | None = None

    def __str__(self) -> str:
        return f"{self.kind} {quote(self.text)}" if self.text else self.kind


class Lexer:
    """Reads one token after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self._line = 1
        self._line_start = 0

    def _at(self, offset: int) -> tuple[int, int]:
        return self._line, offset - self._line_start + 1

    def _fault(self, message: str) -> Token:
        at = self._at(self._end)
        return Token(INVALID, "", at, GraphQLError(message, at))

    def read(self) -> Token:
        """The next token, comments included; at the end `<EOF>` for ever."""
        self._skip_blanks()
        text, start = self._text, self._end
        if start >= len(text):
            return Token(EOF, "", self._at(start))
        char = text[start]
        if char in _PUNCTUATION:
            self._end += 1
            return Token(char, "", self._at(start))
        if text.startswith("...", start):
            self._end += 3
            return Token("...", "", self._at(start))
        if char == "#":
            return self._matched(_COMMENT, COMMENT)
        if char == "_" or (char.isascii() and char.isalpha()):
            return self._matched(_NAME, NAME)
        if char in "-0123456789":
            return self._number()
        if char == '"':
            return self._block_string() if text.startswith('"""', start) else self._string()
        return self._fault(_unexpected(char))

    def _skip_blanks(self) -> None:
        text, length = self._text, len(self._text)
        while self._end < length:
            char = text[self._end]
            if char not in "\t ,\n\r\ufeff":
                return
            self._end += 1
            if char == "\n" or char == "\r":
                self._line += 1
                self._line_start = self._end
                if char == "\r" and text.startswith("\n", self._end):
                    self._end += 1

    def _matched(self, pattern: re.Pattern[str], kind: str) -> Token:
        start = self._end
        found = pattern.match(self._text, start)
        assert found is not None
        self._end = found.end()
        return Token(kind, found.group(), self._at(start))

    def _accept(self, chars: str) -> bool:
        if self._end < len(self._text) and self._text[self._end] in chars:
            self._end += 1
            return True
        return False

    def _digits(self) -> int:
        found = _DIGITS.match(self._text, self._end)
        assert found is not None
        self._end = found.end()
        return len(found.group())

    def _following(self) -> str:
        if self._end >= len(self._text):
            return "<EOF>"
        return f'"{_first_byte(self._text[self._end])}"'

    def _number(self) -> Token:
        start, kind = self._end, INT
        self._accept("-")
        if self._accept("0"):
            after = self._digits()
            if after:
                self._end -= after
                return self._fault(f"Invalid number, unexpected digit after 0: {self._following()}.")
        elif not self._digits():
            return self._no_digit()
        if self._accept("."):
            kind = FLOAT
            if not self._digits():
                return self._no_digit()
        if self._accept("eE"):
            kind = FLOAT
            self._accept("-+")
            if not self._digits():
                return self._no_digit()
        return Token(kind, self._text[start : self._end], self._at(start))

    def _no_digit(self) -> Token:
        return self._fault(f"Invalid number, expected digit but got: {self._following()}.")

    def _string(self) -> Token:
        text, length = self._text, len(self._text)
        self._end += 1
        start = self._end
        read: list[str] = []
        while self._end < length:
            char = text[self._end]
            if char in "\n\r":
                break
            if char < " " and char != "\t":
                return self._fault(f'Invalid character within String: "\\u{ord(char):04x}".')
            if char == '"':
                self._end += 1
                return Token(STRING, "".join(read), self._at(start))
            if char != "\\":
                read.append(char)
                self._end += 1
                continue
            fault = self._escape(read)
            if fault is not None:
                return fault
        return self._fault("Unterminated string.")

    def _escape(self, read: list[str]) -> Token | None:
        """Reads an escape sequence; gives the invalid token when it is none."""
        text, length, start = self._text, len(self._text), self._end
        self._end += 1
        if start + 1 >= length:
            return self._fault("Invalid character escape sequence.")
        escape = text[start + 1]
        if escape != "u":
            if escape not in _ESCAPES:
                return self._fault(f"Invalid character escape sequence: \\{_first_byte(escape)}.")
            read.append(_ESCAPES[escape])
            self._end += 1
            return None
        if start + 6 >= length:
            return self._fault(f"Invalid character escape sequence: \\{text[self._end :]}.")
        digits = text[start + 2 : start + 6]
        if not _HEX.fullmatch(digits):
            return self._fault(f"Invalid character escape sequence: \\u{digits}.")
        code = int(digits, 16)
        # Half a surrogate pair is no character, and Go writes the replacement for it.
        read.append("\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code))
        self._end = start + 6
        return None

    def _block_string(self) -> Token:
        text, length = self._text, len(self._text)
        self._end += 3
        start = self._end
        read: list[str] = []
        while self._end < length:
            char = text[self._end]
            if char == '"' and text.startswith('"""', self._end):
                quotes = self._end
                while quotes < length and text[quotes] == '"':
                    quotes += 1
                read.append('"' * (quotes - self._end - 3))
                # The place of a long one is counted from its last line, as by gqlparser.
                token = Token(BLOCK, _unindented("".join(read)), self._at(start))
                self._end = quotes
                return token
            if char < " " and char not in "\t\n\r":
                return self._fault(f'Invalid character within String: "\\u{ord(char):04x}".')
            if text.startswith('\\"""', self._end):
                read.append('"""')
                self._end += 4
                continue
            self._end += 1
            if char == "\r":
                if text.startswith("\n", self._end):
                    self._end += 1
                char = "\n"
            read.append(char)
            if char == "\n":
                self._line += 1
                self._line_start = self._end
        return self._fault("Unterminated string.")


def _first_byte(char: str) -> str:
    """The character that Go makes of the first byte of a character."""
    return chr(char.encode("utf-8", "replace")[0])


def _unexpected(char: str) -> str:
    if char < " ":
        return f'Cannot contain the invalid character "\\u{ord(char):04x}"'
    if char == "'":
        return "Unexpected single quote character ('), did you mean to use a double quote (\")?"
    return f'Cannot parse the unexpected character "{_first_byte(char)}".'


def _unindented(text: str) -> str:
    """A block string's value: without the indentation that its lines share, and without blank lines around it."""
    lines = text.split("\n")
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip(" \t")]
    shared = min(indents, default=0)
    lines[1:] = [line[shared:] for line in lines[1:]]
    while lines and not lines[0].strip(" \t"):
        del lines[0]
    while lines and not lines[-1].strip(" \t"):
        del lines[-1]
    return "\n".join(lines)
