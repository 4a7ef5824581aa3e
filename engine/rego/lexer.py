"""Tokens of Rego (grammar: https://www.openpolicyagent.org/docs/policy-reference#grammar)."""

import json
import re
from dataclasses import dataclass
from typing import Literal, NoReturn

from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.source import Source

TokenKind = Literal["name", "number", "string", "template", "punctuation", "illegal", "end"]

# A policy file is written by people; the largest in public libraries has 60 kB.
MAX_SOURCE_CHARACTERS = 4_000_000

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r]+)
  | (?P<newline>\n)
  | (?P<comment>\#[^\n]*)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<string>"[^"\\\n]*(?:\\.[^"\\\n]*)*")
  | (?P<raw>`[^`]*`)
  | (?P<template>\$["`])
  | (?P<punctuation>:=|==|!=|<=|>=|[-=<>+*/%&|\[\]{}(),;:.])
    """,
    re.VERBOSE,
)
_TEMPLATE_TEXT = {'"': re.compile(r'(?:[^"\\{\n]++|\\.)+'), "`": re.compile(r"(?:[^`{\\]++|\\\{|\\)+")}


@dataclass(slots=True)
class Token:
    """A token: its kind, text (for strings the decoded value), place, and what stands before it."""

    kind: TokenKind
    text: str
    line: int
    column: int
    offset: int
    end: int
    spaced: bool
    parts: "tuple[str | tuple[int, int], ...]" = ()
    error: RegoError | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment's text with its `#`, and its place."""

    text: str
    line: int
    column: int
    alone: bool


class Lexer:
    """Splits a source into tokens. `fail` raises for the whole parser."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.comments: list[Comment] = []
        self._position = 0

    def fail(self, message: str, line: int, column: int, hint: str = "") -> NoReturn:
        """Raises a parse error at a place of the text."""
        location = self.source.location(line, column)
        problem = Problem("rego_parse_error", message, location, self.source.quoted(location), hint)
        raise RegoError([problem])

    def tokens(self) -> list[Token]:
        """All tokens, the last of kind `end`."""
        if len(self.source.text) > MAX_SOURCE_CHARACTERS:
            self.fail(f"the policy is longer than {MAX_SOURCE_CHARACTERS} characters", 1, 1)
        return self._scan(0, len(self.source.text), 1, 0)

    def part(self, start: int, end: int) -> list[Token]:
        """The tokens of a part of the text (an expression inside a template string)."""
        line = self.source.text.count("\n", 0, start) + 1
        line_start = self.source.text.rfind("\n", 0, start) + 1
        return self._scan(start, end, line, line_start)

    def _scan(self, start: int, stop: int, line: int, line_start: int) -> list[Token]:
        """The tokens of a part of the text; what is no token is one that fails when the parser comes to it."""
        found: list[Token] = []
        self._position = start
        try:
            self._read(found, stop, line, line_start)
        except RegoError as error:
            place = error.errors[0].location
            line, column = place.line - self.source.line + 1, place.column - self.source.column + 1
            found.append(
                Token("illegal", "", line, column, self._position, self._position, True, error=error)
            )
            found.append(Token("end", "", line, column, stop, stop, True))
        return found

    def _read(self, found: list[Token], stop: int, line: int, line_start: int) -> None:
        text = self.source.text
        position = self._position
        spaced = True
        alone = True
        match_token = _TOKEN.match
        while position < stop:
            self._position = position
            match = match_token(text, position, stop)
            column = position - line_start + 1
            if match is None:
                self._fail_at(text, position, line, column)
            group = match.lastgroup
            end = match.end()
            if group == "space":
                spaced = True
            elif group == "newline":
                line += 1
                line_start = end
                spaced = True
                alone = True
            elif group == "comment":
                self.comments.append(Comment(match.group(), line, column, alone))
                spaced = True
            elif group == "template":
                parts, end = self._template(end, text[end - 1], stop, line, column)
                found.append(Token("template", "", line, column, position, end, spaced, parts))
                lines = text.count("\n", position, end)
                if lines:
                    line += lines
                    line_start = text.rfind("\n", position, end) + 1
                spaced = alone = False
            else:
                value = match.group()
                kind: TokenKind = "punctuation"
                if group == "string":
                    kind, value = "string", self._unescape(value, line, column)
                elif group == "raw":
                    kind, value = "string", value[1:-1]
                elif group == "name":
                    kind = "name"
                elif group == "number":
                    kind = "number"
                    if end < stop and (text[end].isalnum() or text[end] == "_"):
                        self.fail("illegal number format", line, column)
                found.append(Token(kind, value, line, column, position, end, spaced))
                lines = text.count("\n", position, end) if group == "raw" else 0
                if lines:
                    line += lines
                    line_start = text.rfind("\n", position, end) + 1
                spaced = alone = False
            position = end
        found.append(Token("end", "", line, position - line_start, position, position, True))

    def _fail_at(self, text: str, position: int, line: int, column: int) -> NoReturn:
        character = text[position]
        if character == '"':
            self.fail("non-terminated string", line, column, "strings in double quotes end on their line")
        if character == "`":
            self.fail("non-terminated raw string", line, column)
        self.fail(f"illegal token: unexpected character {character!r}", line, column)

    def _unescape(self, literal: str, line: int, column: int) -> str:
        if "\\" not in literal:
            return literal[1:-1]
        try:
            value = json.loads(literal, strict=False)
        except json.JSONDecodeError:
            self.fail(
                f"illegal string literal {literal}", line, column, "use JSON's escapes, or a raw string `…`"
            )
        assert isinstance(value, str)
        # Escaped halves of a surrogate pair without their partner are no text; Go writes U+FFFD for them.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _template(
        self, position: int, delimiter: str, stop: int, line: int, column: int
    ) -> "tuple[tuple[str | tuple[int, int], ...], int]":
        """The parts of a template string: texts, and (start, end) of expressions; and where the string ends."""
        text = self.source.text
        parts: list[str | tuple[int, int]] = []
        while position < stop:
            character = text[position]
            if character == delimiter:
                return tuple(parts), position + 1
            if character == "{":
                end = self._expression_end(position + 1, stop, line, column)
                parts.append((position + 1, end))
                position = end + 1
                continue
            match = _TEMPLATE_TEXT[delimiter].match(text, position, stop)
            if match is None:
                break
            raw = match.group()
            if delimiter == '"':
                raw = self._unescape('"' + re.sub(r"\\([{}])", r"\1", raw) + '"', line, column)
            else:
                raw = raw.replace("\\{", "{")
            parts.append(raw)
            position = match.end()
        self.fail("non-terminated template string", line, column)

    def _expression_end(self, position: int, stop: int, line: int, column: int) -> int:
        """The offset of the brace that closes an expression in a template string."""
        text = self.source.text
        depth = 0
        while position < stop:
            character = text[position]
            if character == "}":
                if depth == 0:
                    return position
                depth -= 1
            elif character == "{":
                depth += 1
            elif character == "$" and position + 1 < stop and text[position + 1] in '"`':
                _, position = self._template(position + 2, text[position + 1], stop, line, column)
                continue
            elif character in '"`#':
                match = _TOKEN.match(text, position, stop)
                if match is None:
                    break
                position = match.end()
                continue
            position += 1
        self.fail("template-expression is not terminated", line, column)
