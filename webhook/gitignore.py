"""Patterns of `.gitignore` files, as gitignore(5) defines them.

Our own, since the base install is to stay small, and on google-re2, since a pattern is other people's text: a
backtracking engine can be stopped by one line. Both a pattern's length and their number are bounded.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any, Final

import re2
from lockgate.engine.record import record

# Beyond these, the rest of an ignore file is left unread, which judges more files, never fewer.
MAX_PATTERNS: Final = 10_000
MAX_PATTERN_LENGTH: Final = 4_096
# Patterns in one expression: more take re2 longer to compile than they save.
_AT_ONCE: Final = 250

_SPECIAL: Final = frozenset(r"\.+*?()|[]{}^$")


@record
class Pattern:
    """One pattern: `regex` is matched against the path from the ignore file's folder."""

    regex: str
    negated: bool
    only_folders: bool

    def matches(self, path: str, is_folder: bool) -> bool:
        """Does the pattern match the path (relative, with `/`)?"""
        if self.only_folders and not is_folder:
            return False
        return _compiled(self.regex).search(_encodable(path)) is not None


@functools.lru_cache(maxsize=MAX_PATTERNS)
def _compiled(regex: str) -> Any:
    return re2.compile(_encodable(regex))


def _encodable(text: str) -> str:
    """The text as re2 takes it: bytes of names that are no UTF-8, which Python has as lone surrogates, are other characters."""
    return text if text.isascii() else text.translate(_BYTES)


# To the end of the last plane, which is for private use.
_BYTES: Final = {number: number - 0xD800 + 0x10F000 for number in range(0xD800, 0xE000)}


def _escape(character: str) -> str:
    return "\\" + character if character in _SPECIAL else character


def _bracket(text: str, start: int) -> tuple[str, int] | None:
    """The class that begins at `[`, as a regular expression, and where it ends; None when it is not closed."""
    place = start + 1
    negated = place < len(text) and text[place] in "!^"
    place += negated
    members: list[str] = []
    first = True
    while place < len(text) and (first or text[place] != "]"):
        first = False
        if text.startswith("[:", place) and (end := text.find(":]", place)) > 0:
            name = text[place + 2 : end]
            if not name.isalpha():
                return None
            members.append(f"[:{name}:]")
            place = end + 2
            continue
        character = text[place]
        if character == "\\" and place + 1 < len(text):
            place += 1
            character = text[place]
            members.append("\\" + character if not character.isalnum() else character)
        elif character == "-":
            members.append(
                "-" if 0 < len(members) and place + 1 < len(text) and text[place + 1] != "]" else r"\-"
            )
        else:
            members.append("\\" + character if character in r"\[]^&~" else character)
        place += 1
    if place >= len(text):
        return None
    body = "".join(members)
    # A class never matches the slash.
    return (f"[^/{body}]" if negated else f"[{body}]"), place + 1


def _translate(glob: str, rest: str) -> str:
    """The glob as a regular expression; `rest` is what asterisks that stand for all that follows become."""
    # git compares what is before the first special character by itself: two asterisks after it are as after a slash.
    first = next((place for place, character in enumerate(glob) if character in "*?[\\"), len(glob))
    made: list[str] = []
    place = 0
    while place < len(glob):
        if glob[place] == "*":
            end = place
            while end < len(glob) and glob[end] == "*":
                end += 1
            across = end - place >= 2 and (place == first or glob[place - 1] == "/")
            if across and end == len(glob):
                made.append(rest)
            elif across and glob[end] == "/":
                made.append("(?:.*/)?")
                end += 1
            else:
                made.append("[^/]*")
            place = end
        elif glob[place] == "?":
            made.append("[^/]")
            place += 1
        elif glob[place] == "[" and (found := _bracket(glob, place)) is not None:
            made.append(found[0])
            place = found[1]
        elif glob[place] == "\\" and place + 1 < len(glob):
            made.append(_escape(glob[place + 1]))
            place += 2
        else:
            made.append(_escape(glob[place]))
            place += 1
    return "".join(made)


def _strip_trailing_spaces(line: str) -> str:
    end = len(line)
    while end and line[end - 1] == " ":
        backslashes = 0
        while end - 2 - backslashes >= 0 and line[end - 2 - backslashes] == "\\":
            backslashes += 1
        if backslashes % 2:
            break
        end -= 1
    return line[:end]


def parse_pattern(line: str) -> Pattern | None:
    """The pattern of one line; None for blank lines, comments and patterns that match nothing."""
    glob = _strip_trailing_spaces(line)
    if not glob or glob.startswith("#") or len(glob) > MAX_PATTERN_LENGTH:
        return None
    negated = glob.startswith("!")
    if negated:
        glob = glob[1:]
    only_folders = glob.endswith("/")
    if only_folders:
        glob = glob[:-1]
    if not glob:
        return None
    anchored = "/" in glob
    body = _translate(glob.removeprefix("/"), ".*" if anchored else "[^/]*")
    regex = rf"(?s)\A{body}\z" if anchored else rf"(?s)(?:\A|/){body}\z"
    try:
        _compiled(regex)
    except re2.error:
        return None  # Such as an unknown character class: git matches nothing with it either.
    return Pattern(regex, negated, only_folders)


def parse_patterns(text: str) -> tuple[Pattern, ...]:
    """The patterns of an ignore file, in its order."""
    made: list[Pattern] = []
    for line in text.removeprefix("\ufeff").split("\n")[:MAX_PATTERNS]:
        pattern = parse_pattern(line.removesuffix("\r"))
        if pattern is not None:
            made.append(pattern)
    return tuple(made)


class _Together:
    """Some hundred patterns as one expression each: nearly every path matches none, which one look tells."""

    __slots__ = ("expressions",)

    def __init__(self) -> None:
        self.expressions: list[Any] | None = None

    # Nothing of a file that its patterns do not tell.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Together)

    def __hash__(self) -> int:
        return 0

    def may_match(self, patterns: Sequence[Pattern], path: str) -> bool:
        """Does one of the patterns match the path, as far as can be told at once?"""
        if self.expressions is None:
            self.expressions = [
                _joined(patterns[start : start + _AT_ONCE]) for start in range(0, len(patterns), _AT_ONCE)
            ]
        text = _encodable(path)
        return any(one is None or one.search(text) is not None for one in self.expressions)


def _joined(patterns: Sequence[Pattern]) -> Any:
    """One expression for all; None where they are too many for one."""
    try:
        return re2.compile("|".join([f"(?:{_encodable(one.regex)})" for one in patterns]))
    except re2.error:
        return None


@record
class IgnoreFile:
    """The patterns of one ignore file and the folder it governs ("" for the root, else ending in `/`)."""

    folder: str
    patterns: tuple[Pattern, ...]
    together: _Together = field(default_factory=_Together)


def is_ignored(path: str, is_folder: bool, files: Sequence[IgnoreFile]) -> bool:
    """Is the path (from the root, with `/`) ignored? The last match of the deepest file decides.

    That a file below an ignored folder cannot be re-included is up to the caller, who does not enter the folder.
    """
    for ignore_file in reversed(files):
        if not path.startswith(ignore_file.folder):
            continue
        relative = path[len(ignore_file.folder) :]
        if not ignore_file.together.may_match(ignore_file.patterns, relative):
            continue
        for pattern in reversed(ignore_file.patterns):
            if pattern.matches(relative, is_folder):
                return not pattern.negated
    return False


def parse_excludes(globs: Iterable[str]) -> IgnoreFile:
    """Excludes of the command line and the configuration, which are patterns of the same kind."""
    return IgnoreFile("", tuple([made for glob in globs if (made := parse_pattern(glob)) is not None]))
