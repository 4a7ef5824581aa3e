"""A cursor over tokens, with the checks that every part of the parser needs."""

from typing import NoReturn

from lockgate.engine.errors import Location
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.lexer import Lexer, Token, TokenKind
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.spans import Range, Spans

# Nesting of terms and bodies in a policy. Each level costs a handful of Python frames here and in the compiler.
MAX_NESTING = 60
# Backtracking is bounded: an honest policy is read a little more than once.
MAX_READS_PER_TOKEN = 50


class Cursor:
    """Reads tokens one by one; can be set back (`mark`, `reset`), within a bound."""

    def __init__(self, source: Source, lexer: Lexer, tokens: list[Token], spans: Spans | None = None) -> None:
        self.source = source
        self.spans = spans
        self.lexer = lexer
        self.tokens = tokens
        self.index = 0
        self.current = tokens[0]
        self._refuse_illegal()
        self.depth = 0
        self._reads = 1_000 + MAX_READS_PER_TOKEN * len(tokens)

    def advance(self) -> Token:
        """Moves on, and returns the token that was current."""
        token = self.current
        if token.kind != "end":
            self.index += 1
            self.current = self.tokens[self.index]
            self._refuse_illegal()
            self._reads -= 1
            if self._reads < 0:
                self.fail("the policy is too ambiguous to parse", token)
        return token

    def mark(self) -> int:
        """The place to come back to with `reset`."""
        return self.index

    def reset(self, mark: int) -> None:
        """Goes back to a marked place."""
        self.index = mark
        self.current = self.tokens[mark]

    def _refuse_illegal(self) -> None:
        """As in OPA, text that is no token matters once the parser has come to it."""
        if self.current.error is not None:
            raise self.current.error

    def peek(self, ahead: int = 1) -> Token:
        """A token further on."""
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def at(self, text: str) -> bool:
        """Is the current token this punctuation or word?"""
        token = self.current
        return token.text == text and (token.kind == "punctuation" or token.kind == "name")

    def at_keyword(self, word: str) -> bool:
        """Is the current token this keyword, and not the head of a reference (`not.x`)?"""
        return self.at(word) and not self.heads_reference()

    def heads_reference(self) -> bool:
        """Does a `.` or `[` follow the current name directly? Then even a keyword is a name."""
        following = self.peek()
        if following.spaced or following.kind != "punctuation":
            return False
        return following.text == "." or (following.text == "[" and self.current.text != "in")

    def is_kind(self, kind: TokenKind) -> bool:
        """Is the current token of this kind?"""
        return self.current.kind == kind

    def take(self, text: str) -> bool:
        """Consumes the punctuation or word if it is there."""
        if self.at(text):
            self.advance()
            return True
        return False

    def expect(self, text: str, context: str) -> Token:
        """Consumes the punctuation or word, or fails."""
        if not self.at(text):
            self.fail(f"unexpected {self.describe()}: expected `{text}` {context}")
        return self.advance()

    def describe(self) -> str:
        """The current token in words."""
        token = self.current
        if token.kind == "end":
            return "end of the policy"
        if token.kind == "string":
            return "string"
        return f"`{token.text or '$'}`"

    def location(self, token: Token | None = None) -> Location:
        """Where a token stands (the current one by default)."""
        token = token or self.current
        return self.source.location(token.line, token.column)

    def range_from(self, location: Location) -> Range:
        """From a place to the end of the token before the current one."""
        last = self.tokens[max(self.index - 1, 0)]
        text = self.source.text[last.offset : last.end]
        broken = text.count("\n")
        column = len(text) - text.rfind("\n") if broken else last.column + len(text)
        end = self.source.location(last.line + broken, column)
        return Range(location.line, location.column, end.line, end.column)

    def on_new_line(self) -> bool:
        """Does the current token stand on a later line than the one before it ends?"""
        if self.index == 0:
            return True
        before = self.tokens[self.index - 1]
        return "\n" in self.source.text[before.end : self.current.offset]

    def fail(self, message: str, token: Token | Location | None = None, hint: str = "") -> NoReturn:
        """Raises a parse error at a token or place."""
        location = token if isinstance(token, Location) else self.location(token)
        raise RegoError([Problem("rego_parse_error", message, location, self.source.quoted(location), hint)])

    def enter(self) -> None:
        """One level deeper; fails past the limit."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.fail(f"nested deeper than {MAX_NESTING} levels")
