"""`regex.globs_match`: is there a text that two simple patterns both match?

A text is sought that is not empty, unless a pattern matches nothing else. A pattern is made of characters, `.` for any one, and sets such as `[a-z]`, each repeated by `*` or `+` if that
follows; `\\` makes the next character plain (github.com/yashtewari/glob-intersection).
"""

from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.regex_subset import Ranges, disjoint, normalized
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.operands import string

_ANY: Final[Ranges] = ((0, 0x10FFFF),)


@record
class _Token:
    """One of a set of characters, at least `low` times, again and again if it repeats."""

    ranges: Ranges
    low: int
    repeats: str


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def refuse(self, reason: str) -> BuiltinError:
        shown = self.text if len(self.text) <= 100 else self.text[:100] + "..."
        return BuiltinError(f"input:{shown}, pos:{self.at}, {reason}: the input provided is invalid")

    def tokens(self) -> list[_Token]:
        found: list[_Token] = []
        while self.at < len(self.text):
            ranges = self.ranges()
            repeats = self.text[self.at : self.at + 1]
            if repeats not in ("*", "+"):
                repeats = ""
            self.at += len(repeats)
            found.append(_Token(ranges, 0 if repeats == "*" else 1, repeats))
        return found

    def ranges(self) -> Ranges:
        char = self.text[self.at]
        self.at += 1
        if char == ".":
            return _ANY
        if char == "[":
            return self.set()
        if char == "]":
            raise self.refuse("set-close ']' with no preceding '['")
        if char in "*+":
            raise self.refuse(f"flag '{char}' must be preceded by a non-flag")
        if char == "\\":
            char = self.escaped()
        return ((ord(char), ord(char)),)

    def escaped(self) -> str:
        if self.at >= len(self.text):
            raise self.refuse("nothing follows the escape character")
        self.at += 1
        return self.text[self.at - 1]

    def set(self) -> Ranges:
        spans: list[tuple[int, int]] = []
        while True:
            if self.at >= len(self.text):
                raise self.refuse("set-open '[' without a closing ']'")
            char = self.text[self.at]
            self.at += 1
            if char == "]":
                break
            low = ord(self.escaped() if char == "\\" else char)
            high = low
            if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in ("", "]"):
                self.at += 1
                end = self.text[self.at]
                self.at += 1
                high = ord(self.escaped() if end == "\\" else end)
                if high < low:
                    raise self.refuse("range is out of order")
            spans.append((low, high))
        return normalized(spans)


def regex_globs_match(context: Context, left: Value, right: Value) -> bool:
    """Is there a text, not necessarily a short one, that both patterns match?"""
    first, second = _Reader(string(left, 1)).tokens(), _Reader(string(right, 2)).tokens()
    # States are pairs of places in both patterns; each is looked at once.
    waiting = [(0, 0, 0, 0)]
    seen = set(waiting)
    while waiting:
        context.spend(1)
        i, i_done, j, j_done = waiting.pop()
        if _ends(first, i, i_done) and _ends(second, j, j_done):
            return True
        for i_next, i_ranges in _moves(first, i, i_done):
            for j_next, j_ranges in _moves(second, j, j_done):
                state = (i_next, 1, j_next, 1)
                if state not in seen and not disjoint(i_ranges, j_ranges):
                    seen.add(state)
                    waiting.append(state)
    return False


def _places(tokens: list[_Token], at: int, done: int) -> list[int]:
    """The tokens that may match the next character; `done` tells that the one here matched one already."""
    places = []
    if done:
        if tokens[at].repeats:
            places.append(at)
        at += 1
    while at < len(tokens):
        places.append(at)
        if tokens[at].low:
            break
        at += 1
    return places


def _ends(tokens: list[_Token], at: int, done: int) -> bool:
    return all(token.low == 0 for token in tokens[at + done :])


def _moves(tokens: list[_Token], at: int, done: int) -> list[tuple[int, Ranges]]:
    return [(place, tokens[place].ranges) for place in _places(tokens, at, done)]
