"""Tokens of a template: text, and what stands between `{{` and `}}`."""

from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.gotext import quote

_SPACE: Final = " \t\r\n"
KEYWORDS: Final = frozenset(
    ["block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"]
)
_ENDS_NAME: Final = frozenset(".,|:)(" + _SPACE)


@record
class Token:
    """A token: its kind, its text, where it begins and in which line."""

    kind: str
    text: str
    at: int
    line: int

    def __str__(self) -> str:
        if self.kind == "eof":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in KEYWORDS:
            return f"<{self.text}>"
        return f"{quote(self.text[:10])}..." if len(self.text) > 10 else quote(self.text)


class Lexer:
    """Reads one token after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._inside = False
        self._parentheses = 0
        self._failed: Token | None = None

    def read(self) -> Token:
        """The next token; after an error that error for ever."""
        if self._failed is None:
            token = self._action() if self._inside else self._literal()
            if token.kind != "error":
                return token
            self._failed = token
        return self._failed

    def _token(self, kind: str, start: int) -> Token:
        return Token(kind, self._text[start : self._at], start, self._line(start))

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _error(self, message: str, start: int) -> Token:
        return Token("error", message, start, self._line(start))

    def _literal(self) -> Token:
        """Text up to the next action, or the mark that begins one."""
        text = self._text
        while True:
            start = self._at
            found = text.find("{{", start)
            if found < 0:
                self._at = len(text)
                return self._token("text" if start < len(text) else "eof", start)
            trims = text.startswith("-", found + 2) and text[found + 3 : found + 4] in (*_SPACE,)
            literal = text[start:found].rstrip(_SPACE) if trims else text[start:found]
            if literal:
                self._at = found
                return Token("text", literal, start, self._line(start))
            inner = found + 4 if trims else found + 2
            if not text.startswith("/*", inner):
                self._at, self._inside, self._parentheses = inner, True, 0
                return Token("{{", "{{", found, self._line(found))
            fault = self._comment(inner)
            if fault is not None:
                return fault

    def _comment(self, start: int) -> Token | None:
        text = self._text
        end = text.find("*/", start + 2)
        if end < 0:
            return self._error("unclosed comment", start)
        end += 2
        if text.startswith("}}", end):
            self._at = end + 2
        elif text[end : end + 1] in (*_SPACE,) and text.startswith("-}}", end + 1):
            self._at = end + 4
            self._skip_space()
        else:
            return self._error("comment ends before closing delimiter", start)
        return None

    def _skip_space(self) -> None:
        text = self._text
        while self._at < len(text) and text[self._at] in _SPACE:
            self._at += 1

    def _right(self, at: int) -> str:
        """Does the action end here: "}}", with a mark for trimming "-}}", or not at all?"""
        text = self._text
        if text[at : at + 1] in (*_SPACE,) and text.startswith("-}}", at + 1):
            return "-}}"
        return "}}" if text.startswith("}}", at) else ""

    def _end(self, right: str, start: int) -> Token:
        if self._parentheses:
            return self._error("unclosed left paren", start)
        self._at += 2 if right == "}}" else 4
        if right == "-}}":
            self._skip_space()
        self._inside = False
        return Token("}}", "}}", start, self._line(start))

    def _action(self) -> Token:
        text, start = self._text, self._at
        right = self._right(start)
        if right:
            return self._end(right, start)
        if start >= len(text):
            return self._error("unclosed action", start)
        char = text[start]
        if char in _SPACE:
            while self._at < len(text) and text[self._at] in _SPACE and self._right(self._at) != "-}}":
                self._at += 1
            return self._token("space", start)
        self._at += 1
        if char in "=|":
            return self._token(char, start)
        if char == ":":
            if not text.startswith("=", self._at):
                return self._error("expected :=", start)
            self._at += 1
            return self._token(":=", start)
        if char in "\"'":
            return self._quoted(char, start)
        if char == "`":
            end = text.find("`", self._at)
            if end < 0:
                return self._error("unterminated raw quoted string", start)
            self._at = end + 1
            return self._token("string", start)
        if char in "()":
            return self._parenthesis(char, start)
        if char == "$" or (char == "." and not text[self._at : self._at + 1].isdigit()):
            return self._name("variable" if char == "$" else "field", start)
        if char in "+-." or (char.isascii() and char.isdigit()):
            self._at = start
            return self._number(start)
        if _is_word(char):
            return self._name("identifier", start)
        if char.isascii() and char.isprintable():
            return self._token("char", start)
        return self._error(f"unrecognized character in action: {_shown(char)}", start)

    def _parenthesis(self, char: str, start: int) -> Token:
        self._parentheses += 1 if char == "(" else -1
        if self._parentheses < 0:
            return self._error("unexpected right paren", start)
        return self._token(char, start)

    def _quoted(self, mark: str, start: int) -> Token:
        text = self._text
        while self._at < len(text) and text[self._at] != "\n":
            char = text[self._at]
            self._at += 1
            if char == mark:
                return self._token("string" if mark == '"' else "number", start)
            if char == "\\":
                if text[self._at : self._at + 1] in ("", "\n"):
                    break
                self._at += 1
        what = "quoted string" if mark == '"' else "character constant"
        return self._error(f"unterminated {what}", start)

    def _name(self, kind: str, start: int) -> Token:
        text = self._text
        while self._at < len(text) and _is_word(text[self._at]):
            self._at += 1
        following = text[self._at : self._at + 1]
        if following and following not in _ENDS_NAME and not text.startswith("}}", self._at):
            return self._error(f"bad character {_shown(following)}", start)
        word = text[start : self._at]
        if kind == "identifier" and word in KEYWORDS:
            kind = word
        elif kind == "identifier" and word in ("true", "false"):
            kind = "bool"
        elif word == ".":
            kind = "."
        return self._token(kind, start)

    def _number(self, start: int) -> Token:
        good = self._scan_number()
        if good and self._text[self._at : self._at + 1] in ("+", "-"):
            # Go's complex constants: nothing in a policy's data is one.
            self._scan_number()
            good = False
        if not good:
            return self._error(f"bad number syntax: {quote(self._text[start : self._at])}", start)
        return self._token("number", start)

    def _accept(self, chars: str) -> bool:
        if self._at < len(self._text) and self._text[self._at] in chars:
            self._at += 1
            return True
        return False

    def _accept_run(self, chars: str) -> None:
        while self._accept(chars):
            pass

    def _scan_number(self) -> bool:
        self._accept("+-")
        digits, exponent = "0123456789_", "eE"
        if self._accept("0"):
            if self._accept("xX"):
                digits, exponent = "0123456789abcdefABCDEF_", "pP"
            elif self._accept("oO"):
                digits, exponent = "01234567_", ""
            elif self._accept("bB"):
                digits, exponent = "01_", ""
        self._accept_run(digits)
        if self._accept("."):
            self._accept_run(digits)
        if exponent and self._accept(exponent):
            self._accept("+-")
            self._accept_run("0123456789_")
        if self._at < len(self._text) and _is_word(self._text[self._at]):
            self._at += 1
            return False
        return True


def _is_word(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()


def _shown(char: str) -> str:
    """A character as `%#U` shows it."""
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")
