"""`glob.*`: patterns with `*`, `**`, `?`, `[a-z]`, `[!abc]`, `{a,b}` and `\\`, as github.com/gobwas/glob reads them."""

from functools import lru_cache
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.regex import MAX_PATTERN
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError, element_error, type_error
from lockgate.engine.rego.builtins.operands import string
from lockgate.engine.rego.builtins.regexes import compiled

_SPECIAL: Final = "*?\\[]{}"
_ANYTHING: Final = r"[\s\S]"
_CACHED: Final = 1_024


def glob_match(pattern: Value, delimiters: Value, text: Value) -> bool:
    """Does the whole text match? `*` and `?` stop at delimiters: none for null, `.` for an empty array."""
    source = string(pattern, 1)
    marks = ""
    if type(delimiters) is list:
        for item in delimiters:
            if type(item) is not str:
                raise element_error(2, delimiters, item, "string")
            if len(item) != 1:
                raise element_error(2, delimiters, item, "rune")
            marks += item
        marks = marks or "."
    elif delimiters is not None:
        raise type_error(2, delimiters, "array", "null")
    given = string(text, 3)
    return compiled(translate(source, marks)).search(given)


def glob_quote_meta(text: Value) -> str:
    """The text as a pattern that matches it alone."""
    return "".join(["\\" + char if char in _SPECIAL else char for char in string(text, 1)])


@lru_cache(maxsize=_CACHED)
def translate(pattern: str, delimiters: str) -> str:
    """The regular expression that means the same. Raises BuiltinError."""
    if len(pattern) > MAX_PATTERN:
        raise BuiltinLimitError(f"a pattern of {len(pattern)} characters is over the limit of {MAX_PATTERN}")
    return "^" + _Translator(pattern, delimiters).run() + "$"


def _literal(char: str) -> str:
    return "\\" + char if char.isascii() and not char.isalnum() and char >= " " else char


class _Translator:
    def __init__(self, pattern: str, delimiters: str) -> None:
        # The lexer takes a zero for the end of the input.
        self.text = pattern.partition("\0")[0]
        self.at = 0
        self.depth = 0
        self.one = f"[^{''.join(map(_literal, delimiters))}]" if delimiters else _ANYTHING

    def run(self) -> str:
        made: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == "{":
                self.depth += 1
                made.append("(?:")
            elif char == "," and self.depth:
                made.append("|")
            elif char == "}" and self.depth:
                self.depth -= 1
                made.append(")")
            elif char == "[":
                made.append(self.range())
            elif char == "?":
                made.append(self.one)
            elif char == "*":
                if self.text.startswith("*", self.at):
                    self.at += 1
                    made.append(_ANYTHING + "*")
                else:
                    made.append(self.one + "*")
            else:
                self.at -= 1
                made.append(self.literal("?*[{}," if self.depth else "?*[{"))
        # What is not closed ends with the pattern.
        return "".join(made) + ")" * self.depth

    def plain(self, breakers: str) -> str:
        """Characters up to a breaker, escapes resolved."""
        found: list[str] = []
        while self.at < len(self.text) and self.text[self.at] not in breakers:
            if self.text[self.at] == "\\":
                self.at += 1
                if self.at == len(self.text):
                    break
            found.append(self.text[self.at])
            self.at += 1
        return "".join(found)

    def literal(self, breakers: str) -> str:
        return "".join(map(_literal, self.plain(breakers)))

    def range(self) -> str:
        negated = self.text.startswith("!", self.at)
        self.at += negated
        if self.at >= len(self.text):
            raise BuiltinError("unexpected end of input")
        if self.text.startswith("-", self.at + 1):
            low, high = self.text[self.at], self.text[self.at + 2 : self.at + 3]
            self.at += 3
            if not high:
                raise BuiltinError("unexpected end of input")
            if high < low:
                raise BuiltinError(f"hi character '{high}' should be greater than lo '{low}'")
            inside = f"{_literal(low)}-{_literal(high)}"
        else:
            inside = self.literal("]")
        if self.at >= len(self.text):
            raise BuiltinError("unexpected end of input")
        if self.text[self.at] != "]":
            raise BuiltinError("expected close range character")
        self.at += 1
        if not inside:
            raise BuiltinError("could not parse range")
        return f"[{'^' if negated else ''}{inside}]"
