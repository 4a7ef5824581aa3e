"""`semver.*`: Semantic Versioning 2.0.0, with an optional leading `v`."""

import re
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.builtins.operands import string

_NUMBER: Final = r"(0|[1-9][0-9]{0,18})"
_NAMES: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION: Final = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_NAMES}))?(?:\+{_NAMES})?")
_INT64: Final = 1 << 63

# A sort key: the three numbers, then whether it is a release, then the pre-release's parts.
_Key = tuple[tuple[int, ...], bool, list[tuple[bool, int, str]]]


def _parse(text: str) -> _Key | None:
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    numbers = (int(found[1]), int(found[2]), int(found[3]))
    if max(numbers) >= _INT64:
        return None
    parts: list[tuple[bool, int, str]] = []
    for part in (found[4] or "").split("."):
        if part.isdigit():
            if len(part) > 1 and part[0] == "0":
                return None
            # Numbers come before words; one too long for 64 bits counts as the greatest.
            parts.append((False, min(int(part[:20]), _INT64 - 1), ""))
        elif part:
            parts.append((True, 0, part))
    return numbers, not found[4], parts


def semver_is_valid(version: Value) -> bool:
    """Is it a version?"""
    return type(version) is str and _parse(version) is not None


def semver_compare(left: Value, right: Value) -> int:
    """-1, 0 or 1 by precedence; build metadata does not count."""
    first, second = string(left, 1), string(right, 2)
    one, other = _parse(first), _parse(second)
    if one is None:
        raise BuiltinError(f"operand 1: string {quote(first[:200])} is not a valid SemVer")
    if other is None:
        raise BuiltinError(f"operand 2: string {quote(second[:200])} is not a valid SemVer")
    return (one > other) - (one < other)
