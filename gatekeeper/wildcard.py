"""Names with a `*` at their front or end, as `spec.match` has them.

After github.com/open-policy-agent/gatekeeper pkg/wildcard: `*x*` contains, `*x` ends with, `x*` begins with,
anything else is exact.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

PATTERN: Final = r"^\*?[-:a-z0-9]*\*?$"
_WILDCARD: Final = re.compile(r"\*?[-:a-z0-9]*\*?")

Test = Callable[[str], bool]


def is_wildcard(text: str) -> bool:
    """May the text stand in `namespaces`, `excludedNamespaces` or `name`?"""
    return _WILDCARD.fullmatch(text) is not None


def compile_wildcard(text: str) -> Test:
    """A test for a name."""
    if text.startswith("*") and text.endswith("*"):
        # A lone `*` is both its front and its end.
        middle = text[1:-1]
        return lambda name: middle in name
    if text.startswith("*"):
        return lambda name, end=text[1:]: name.endswith(end)  # type: ignore[misc]
    if text.endswith("*"):
        return lambda name, start=text[:-1]: name.startswith(start)  # type: ignore[misc]
    return lambda name: name == text


def compile_generate_name(text: str) -> Test:
    """A test for a `generateName`, which only a front can be told of: the API server adds the end."""
    return compile_wildcard(text) if text.endswith("*") else lambda name: False


def compile_any(texts: Sequence[str]) -> Test:
    """A test for a name that any of the wildcards may match."""
    exact = frozenset(text for text in texts if "*" not in text)
    starts = tuple([text[:-1] for text in texts if text.endswith("*") and not text.startswith("*")])
    ends = tuple([text[1:] for text in texts if text.startswith("*") and not text.endswith("*")])
    # A lone `*` is both its front and its end.
    middles = tuple([text[1:-1] for text in texts if text.startswith("*") and text.endswith("*")])

    def matches(name: str) -> bool:
        if name in exact or (starts and name.startswith(starts)) or (ends and name.endswith(ends)):
            return True
        for middle in middles:
            if middle in name:
                return True
        return False

    return matches
