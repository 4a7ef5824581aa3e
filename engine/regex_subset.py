"""The part of RE2's syntax that Python's `re` matches with the same meaning.

`parse_subset` reads a pattern by RE2's rules and gives up on whatever the two engines could see differently: flags
(but for `(?i)` in front of all), Unicode classes and the folding of other letters than ASCII's, repetition of what may
be empty, unusual escapes. What it reads it writes again for `re`, each character class as explicit ranges.
"""

from typing import Final

from lockgate.engine.record import record
from lockgate.engine.regex_tree import (
    MAX_CODE,
    Chain,
    Chars,
    Choice,
    Edge,
    Group,
    Node,
    Ranges,
    Repeat,
    complement,
    disjoint,
    may_be_empty,
    normalized,
)

__all__ = ["OutsideSubsetError", "Ranges", "Subset", "disjoint", "normalized", "parse_subset"]

# RE2 refuses a larger count, and nested ones with a larger product.
_MAX_COUNT: Final = 1_000
_MAX_NESTING: Final = 50


class OutsideSubsetError(Exception):
    """The pattern may mean something else to `re`, or nothing at all."""


@record
class Subset:
    """A pattern of the subset: its tree, its spelling for `re`, the names of its groups by number."""

    tree: Node
    source: str
    names: tuple[str, ...]


_DIGIT: Final = ((0x30, 0x39),)
_WORD: Final = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
# RE2's \s has no vertical tab.
_SPACE: Final = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_CLASSES: Final[dict[str, Ranges]] = {
    "d": _DIGIT,
    "w": _WORD,
    "s": _SPACE,
    "D": complement(_DIGIT),
    "W": complement(_WORD),
    "S": complement(_SPACE),
}
_CONTROLS: Final = {"a": 0x07, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
_ANY_BUT_NEWLINE: Final = complement(((0x0A, 0x0A),))
# `re` looks at each character of a set: in a set with many, 1.5 ms go by. Up to here their complement is cheap.
_LAST_OF_BITMAP: Final = 0xFF
_HEX: Final = frozenset("0123456789abcdefABCDEF")


_IGNORE_CASE: Final = "(?i)"
# Letters beyond ASCII that are one of its letters in another case: the long s and the sign for kelvin.
_OTHER_CASES: Final = {"s": 0x17F, "k": 0x212A}


def _folded(ranges: Ranges) -> Ranges:
    """The characters, all ASCII, and those that differ from them in case only. Raises OutsideSubsetError for others."""
    found = list(ranges)
    for low, high in ranges:
        if high > 0x7F:
            raise OutsideSubsetError
        for code in range(low, high + 1):
            char = chr(code)
            if char.isalpha():
                other = ord(char.swapcase())
                found.append((other, other))
                beyond = _OTHER_CASES.get(char.lower())
                found += [] if beyond is None else [(beyond, beyond)]
    return normalized(found)


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.folds = pattern.startswith(_IGNORE_CASE)
        self.at = len(_IGNORE_CASE) if self.folds else 0
        self.names: list[str] = []
        self.depth = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        char = self.peek()
        if not char:
            raise OutsideSubsetError
        self.at += 1
        return char

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise OutsideSubsetError
        branches = [self.chain()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.chain())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def chain(self) -> Node:
        items: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            items.append(self.repeated(self.atom()))
        return items[0] if len(items) == 1 else Chain(tuple(items))

    def repeated(self, body: Node) -> Node:
        char = self.peek()
        if char not in ("*", "+", "?", "{"):
            return body
        self.at += 1
        if char == "{":
            low, high = self.counts()
        else:
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        mode = ""
        if self.peek() == "?":
            self.at += 1
            mode = "?"
        if self.peek() in ("*", "+", "?", "{"):
            raise OutsideSubsetError
        if may_be_empty(body) or isinstance(body, Edge):
            raise OutsideSubsetError
        made = Repeat(body, low, high, mode)
        if char == "{" and _copies(made) > _MAX_COUNT:
            raise OutsideSubsetError
        return made

    def counts(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.at)
        if end < 0:
            raise OutsideSubsetError
        low, comma, high = self.text[self.at : end].partition(",")
        self.at = end + 1
        if not _is_count(low) or (high and not _is_count(high)):
            raise OutsideSubsetError
        least = int(low)
        most = int(high) if high else (None if comma else least)
        if least > _MAX_COUNT or (most is not None and (most > _MAX_COUNT or most < least or most == 0)):
            raise OutsideSubsetError
        return least, most

    def atom(self) -> Node:
        char = self.take()
        if char == "(":
            return self.group()
        if char == "[":
            return self.bracket()
        if char == ".":
            return Chars(_ANY_BUT_NEWLINE)
        if char == "^":
            return Edge("begin", r"\A")
        if char == "$":
            return Edge("end", r"\Z")
        if char in "*+?{":
            raise OutsideSubsetError
        if char == "\\":
            escaped = self.take()
            if escaped == "b":
                # Not `\B`: for `re` it does not hold in an empty text.
                return Edge("boundary", r"\b")
            if escaped == "A":
                return Edge("begin", r"\A")
            if escaped == "z":
                return Edge("end", r"\Z")
            return Chars(self.cased(self.escape(escaped)))
        return Chars(self.cased(((ord(char), ord(char)),)))

    def cased(self, ranges: Ranges) -> Ranges:
        """The characters, in either case where the pattern ignores it."""
        return _folded(ranges) if self.folds else ranges

    def escape(self, char: str) -> Ranges:
        if char in _CLASSES:
            return _CLASSES[char]
        if char in _CONTROLS:
            return ((_CONTROLS[char], _CONTROLS[char]),)
        if char == "x":
            digits = self.text[self.at : self.at + 2]
            if len(digits) != 2 or not _HEX.issuperset(digits):
                raise OutsideSubsetError
            self.at += 2
            return ((int(digits, 16), int(digits, 16)),)
        if not char.isascii() or char.isalnum():
            raise OutsideSubsetError
        return ((ord(char), ord(char)),)

    def group(self) -> Node:
        captures = "captures"
        if self.peek() == "?":
            self.at += 1
            if self.peek() == ":":
                self.at += 1
                captures = ""
            elif self.text.startswith("P<", self.at):
                end = self.text.find(">", self.at)
                name = self.text[self.at + 2 : end] if end > 0 else ""
                if not name.isascii() or not name.isidentifier() or name in self.names:
                    raise OutsideSubsetError
                self.names.append(name)
                self.at = end + 1
            else:
                raise OutsideSubsetError
        elif captures:
            self.names.append("")
        body = self.choice()
        if self.take() != ")":
            raise OutsideSubsetError
        return Group(body, captures)

    def bracket(self) -> Node:
        negated = self.peek() == "^"
        if negated:
            self.at += 1
        if self.peek() == "]":
            raise OutsideSubsetError
        ranges: list[tuple[int, int]] = []
        first = True
        while self.peek() != "]":
            low = self.member(first)
            first = False
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self.member(False)
                start, end = _only(low), _only(high)
                if start is None or end is None or end < start:
                    raise OutsideSubsetError
                low = ((start, end),)
            ranges.extend(self.cased(low))
        self.at += 1
        found = normalized(ranges)
        if negated:
            found = complement(found)
        if not found:
            raise OutsideSubsetError
        return Chars(found)

    def member(self, first: bool) -> Ranges:
        char = self.take()
        if char == "[" and self.peek() in (":", "=", "."):
            raise OutsideSubsetError
        if char == "-" and not first and self.peek() != "]":
            raise OutsideSubsetError
        if char != "\\":
            return ((ord(char), ord(char)),)
        return self.escape(self.take())


def _only(ranges: Ranges) -> int | None:
    """The only character of a set."""
    for low, high in ranges[:1]:
        return low if low == high and len(ranges) == 1 else None
    return None


def _copies(node: Node) -> int:
    """At least the number of times that counted repetitions, nested, write out a part; RE2 bounds it too."""
    if isinstance(node, Repeat):
        return max(node.low if node.high is None else node.high, 1) * _copies(node.body)
    if isinstance(node, Group):
        return _copies(node.body)
    if isinstance(node, Chain):
        return max(map(_copies, node.items), default=1)
    if isinstance(node, Choice):
        return max(map(_copies, node.branches))
    return 1


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) <= 4


def parse_subset(pattern: str) -> Subset:
    """The pattern as a tree and as source for `re`. Raises OutsideSubsetError."""
    reader = _Reader(pattern)
    tree = reader.choice()
    if reader.at < len(pattern):
        raise OutsideSubsetError
    return Subset(tree, _source(tree), tuple(reader.names))


def _escaped(code: int) -> str:
    char = chr(code)
    if char.isascii() and (char.isalnum() or char == "_"):
        return char
    return f"\\U{code:08x}"


def _set_source(ranges: Ranges) -> str:
    if ranges == _ANY_BUT_NEWLINE:
        return "."
    others = complement(ranges)
    if not others:
        return "(?s:.)"
    single = _only(ranges)
    if single is not None:
        return _escaped(single)
    if ranges[-1][1] == MAX_CODE and others[-1][1] <= _LAST_OF_BITMAP:
        return f"[^{_members(others)}]"
    return f"[{_members(ranges)}]"


def _members(ranges: Ranges) -> str:
    return "".join([_escaped(a) if a == b else f"{_escaped(a)}-{_escaped(b)}" for a, b in ranges])


def _source(node: Node) -> str:
    if isinstance(node, Chars):
        return _set_source(node.ranges)
    if isinstance(node, Edge):
        return node.spelling
    if isinstance(node, Group):
        return ("(" if node.captures else "(?:") + _source(node.body) + ")"
    if isinstance(node, Chain):
        return "".join([_source(item) for item in node.items])
    if isinstance(node, Choice):
        return "|".join([_source(branch) for branch in node.branches])
    most = "" if node.high is None else node.high
    return f"{_source(node.body)}{{{node.low},{most}}}{node.mode}"
