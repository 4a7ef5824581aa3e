"""Which of two versions is the lower one, where their text says so.

Numbers with dots are compared as semver.org has it (2.0.0, §11), with or without a `v` before them, with fewer parts than
three, and with a name before a last number (`validated-v2`). Anything else has no order: a commit, a branch, a digest.
"""

import re
from typing import Final

_SEMANTIC: Final = re.compile(
    r"(?P<name>(?:(?!v[0-9])[A-Za-z][A-Za-z0-9]*[-_.])*)v?(?P<core>[0-9]{1,9}(?:\.[0-9]{1,9}){0,3})(?:-(?P<before>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\Z"
)
# A commit, or a digest, of digits alone is no number.
_LONGEST_NUMBER: Final = 18

_Rank = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]


def is_version(text: str) -> bool:
    """Is a text a version and nothing else? `7`, `v1.2` and `2024-11-01` are; `fraud`, `llama-3` and `validated-v2` have a name too."""
    found = _ranked(text)
    return found is not None and not found[0]


def is_lower(version: str, than: str) -> bool:
    """Is a version lower than another? False where nothing says so."""
    mine, theirs = _ranked(version), _ranked(than)
    return mine is not None and theirs is not None and mine[0] == theirs[0] and mine[1] < theirs[1]


def _ranked(version: str) -> tuple[str, _Rank] | None:
    found = _SEMANTIC.match(version)
    if found is None or len(found["core"]) > _LONGEST_NUMBER:
        return None
    numbers = [int(part) for part in found["core"].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    before = found["before"]
    if before is None:
        return found["name"], (tuple(numbers), 1, ())
    parts = tuple([_part(part) for part in before.split(".")])
    return found["name"], (tuple(numbers), 0, parts)


def _part(text: str) -> tuple[int, int, str]:
    # Numbers are lower than words.
    return (0, int(text), "") if text.isdecimal() and len(text) <= _LONGEST_NUMBER else (1, 0, text)
