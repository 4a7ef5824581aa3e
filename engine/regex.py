"""Regular expressions with the meaning that Go's `regexp` (RE2) gives them, in time linear in the text.

Python's `re` is several times as fast as google-re2 on short texts. It is used where `regex_subset` knows that
it means the same and `regex_work` proves that it ends within `_STEP_BUDGET` steps; everything else goes to google-re2.
One difference is left: google-re2 may find `\\B` between two bytes of one character.
Syntax: https://github.com/google/re2/wiki/Syntax, with Go's exceptions: `\\_` is allowed and `\\C` is not.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from lockgate.engine import regex_subset
from lockgate.engine.errors import LockgateError
from lockgate.engine.regex_tree import has_plain_groups
from lockgate.engine.regex_work import bound_work

# Patterns of policies have tens of characters; a list of a thousand names fits.
MAX_PATTERN: Final = 65_536
# A step of `re` takes about 10 ns.
_STEP_BUDGET: Final = 200_000
_CACHED_PATTERNS: Final = 1_024
# Memory of google-re2 for one pattern, in bytes, program and automata.
_MAX_MEMORY: Final = 32 << 20
# A match keeps the places of all groups, 16 bytes each, for each state of the pattern.
_MAX_GROUP_STATES: Final = 4_000_000

Span = tuple[int, int]


class RegexError(LockgateError):
    """A regular expression that Go would refuse."""


class RegexLimitError(RegexError):
    """A regular expression over a limit, which Go might accept."""


class Pattern:
    """A compiled regular expression. Positions count code points; `(-1, -1)` is a group that took no part."""

    __slots__ = ("_fast", "_fast_groups", "_fast_length", "_slow", "source")

    def __init__(self, source: str) -> None:
        if len(source) > MAX_PATTERN:
            raise RegexLimitError(
                f"a regular expression of {len(source)} characters is over the limit of {MAX_PATTERN}"
            )
        self.source: Final = source
        self._slow: Any = None
        self._fast: re.Pattern[str] | None = None
        self._fast_length = -1
        self._fast_groups = False
        try:
            subset = regex_subset.parse_subset(source)
            length = bound_work(subset.tree).longest(_STEP_BUDGET)
        except regex_subset.OutsideSubsetError:
            self._compile_slow()
            return
        if length < 0:
            self._compile_slow()
            return
        self._fast = re.compile(subset.source, re.ASCII)
        self._fast_length = length
        self._fast_groups = has_plain_groups(subset.tree)

    def _compile_slow(self) -> Any:
        import re2

        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MAX_MEMORY
        try:
            self._slow = re2.compile(_for_re2(self.source), options)
        except re2.error as error:
            reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
            if "too large" in reason:
                raise RegexLimitError(f"error parsing regexp: {reason}") from error
            raise RegexError(f"error parsing regexp: {reason}") from error
        except UnicodeEncodeError as error:
            raise RegexError("error parsing regexp: invalid UTF-8") from error
        if self._slow.groups * len(self.source) > _MAX_GROUP_STATES:
            self._slow = None
            raise RegexLimitError(
                f"a regular expression of {len(self.source)} characters with too many groups"
            )
        return self._slow

    @property
    def engine(self) -> str:
        """`re` if short texts are matched by Python, else `re2`."""
        return "re2" if self._fast is None else "re"

    @property
    def longest_fast_text(self) -> int:
        """Texts of up to so many characters are matched by `re`; -1 if none is."""
        return self._fast_length

    @property
    def fast_search(self) -> Callable[[str], Any]:
        """Python's search, for texts up to `longest_fast_text`: a match or None. Raises RegexError where there is none."""
        if self._fast is None:
            raise RegexError(f"{self.source!r} is not matched by re")
        return self._fast.search

    def search(self, text: str) -> bool:
        """Does the pattern match anywhere in the text?"""
        if len(text) <= self._fast_length:
            return self._fast.search(text) is not None  # type: ignore[union-attr]
        return (self._slow or self._compile_slow()).search(_encodable(text)) is not None

    def spans(self, text: str, limit: int = -1) -> Iterator[Span]:
        """The places of all matches, at most `limit` of them, as Go's FindAllStringIndex gives them."""
        return (match.span() for match in self._matches(text, limit, self._fast_length))

    def group_spans(self, text: str, limit: int = -1) -> Iterator[tuple[Span, ...]]:
        """For each match its place and those of its groups."""
        longest = self._fast_length if self._fast_groups else -1
        for match in self._matches(text, limit, longest):
            yield (match.span(), *map(match.span, range(1, match.re.groups + 1)))

    def _matches(self, text: str, limit: int, longest_fast: int) -> Iterator[Any]:
        matches = self._fast_matches(text) if len(text) <= longest_fast else self._slow_matches(text)
        previous_end = -1
        for match in matches:
            if limit == 0:
                return
            start, end = match.span()
            # An empty match right after a match does not count.
            if start == end == previous_end:
                continue
            previous_end = end
            limit -= 1
            yield match

    def _slow_matches(self, text: str) -> Iterator[Any]:
        matches: Iterator[Any] = (self._slow or self._compile_slow()).finditer(_encodable(text))
        return matches

    def _fast_matches(self, text: str) -> Iterator["re.Match[str]"]:
        assert self._fast is not None
        position = 0
        while position <= len(text):
            match = self._fast.search(text, position)
            if match is None:
                return
            yield match
            position = position + 1 if match.end() == position else match.end()

    def find_all(self, text: str, limit: int = -1) -> list[str]:
        """The texts of all matches, at most `limit` of them if that is not negative."""
        return [text[start:end] for start, end in self.spans(text, limit)]

    def find_all_groups(self, text: str, limit: int = -1) -> list[list[str]]:
        """For each match its text and those of its groups; a group that took no part is empty."""
        return [
            [text[start:end] if start >= 0 else "" for start, end in spans]
            for spans in self.group_spans(text, limit)
        ]

    def split(self, text: str) -> list[str]:
        """The texts between matches, as Go's Split with -1 gives them."""
        if self.source and not text:
            return [""]
        parts: list[str] = []
        begin = end = 0
        for start, stop in self.spans(text):
            end = start
            if stop != 0:
                parts.append(text[begin:end])
            begin = stop
        if end != len(text):
            parts.append(text[begin:])
        return parts

    def sub(self, text: str, template: str) -> Iterator[str]:
        """The pieces of the text with each match replaced; `$1`, `${name}` and `$$` mean what they do in Go."""
        pieces = split_template(template)
        names = self._names() if any(not isinstance(piece, str | int) for piece in pieces) else {}
        last = 0
        for spans in self.group_spans(text):
            yield text[last : spans[0][0]]
            last = spans[0][1]
            for piece in pieces:
                if isinstance(piece, str):
                    yield piece
                    continue
                number = piece if isinstance(piece, int) else names.get(piece[0], len(spans))
                if number < len(spans) and spans[number][0] >= 0:
                    yield text[spans[number][0] : spans[number][1]]
        yield text[last:]

    def _names(self) -> dict[str, int]:
        found: dict[str, int] = (self._slow or self._compile_slow()).groupindex
        return found


def _encodable(text: str) -> str:
    """The text with U+FFFD for a lone surrogate, which UTF-8 has not."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(["\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text])
    return text


def _for_re2(source: str) -> str:
    """Go's pattern for google-re2. Raises RegexError for `\\C`, which only google-re2 knows."""
    if "\\_" not in source and "\\C" not in source:
        return source
    made: list[str] = []
    position = 0
    while position < len(source):
        pair = source[position : position + 2]
        if pair == "\\Q":
            end = source.find("\\E", position)
            end = len(source) if end < 0 else end + 2
            made.append(source[position:end])
            position = end
        elif pair[0] == "\\":
            if pair == "\\C":
                raise RegexError("error parsing regexp: invalid escape sequence: `\\C`")
            made.append("_" if pair == "\\_" else pair)
            position += 2
        else:
            made.append(pair[0])
            position += 1
    return "".join(made)


def split_template(template: str) -> list[str | int | tuple[str]]:
    """A replacement's literal texts, group numbers, and group names in tuples."""
    pieces: list[str | int | tuple[str]] = []
    while template:
        before, dollar, rest = template.partition("$")
        if before:
            pieces.append(before)
        if not dollar:
            break
        if rest.startswith("$"):
            pieces.append("$")
            template = rest[1:]
            continue
        braced = rest.startswith("{")
        body = rest[1:] if braced else rest
        size = 0
        while size < len(body) and (body[size] == "_" or body[size].isalpha() or body[size].isdecimal()):
            size += 1
        name = body[:size]
        if not name or (braced and body[size : size + 1] != "}"):
            pieces.append("$")
            template = rest
            continue
        template = body[size + 1 :] if braced else body[size:]
        is_number = name.isascii() and name.isdigit() and len(name) <= 8 and (name == "0" or name[0] != "0")
        pieces.append(int(name) if is_number else (name,))
    return pieces


@lru_cache(maxsize=_CACHED_PATTERNS)
def compile_pattern(source: str) -> Pattern:
    """The compiled pattern, from a bounded cache. Raises RegexError."""
    return Pattern(source)
