"""Semantic versions as `github.com/blang/semver/v4` reads and orders them, with its errors."""

from typing import Final, final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.limits import bound_read
from lockgate.engine.cel.library.opaque import KubernetesValue
from lockgate.engine.cel.values import MAX_UINT

_DIGITS: Final = frozenset("0123456789")
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
_NAMES: Final = _DIGITS | _LETTERS
_MOST_DIGITS: Final = 20

# Three numbers; whether it is a release; the parts of a pre-release: words after numbers.
_Key = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]


@final
class Semver(KubernetesValue):
    """A version. Build metadata takes no part in comparisons."""

    __slots__ = ("build", "key")
    type_name = "kubernetes.Semver"

    def __init__(self, key: _Key, build: str) -> None:
        self.key: Final = key
        self.build: Final = build

    def __eq__(self, other: object) -> bool:
        return type(other) is Semver and self.key == other.key

    def __hash__(self) -> int:
        return hash((Semver, self.key))

    def __str__(self) -> str:
        numbers, is_release, parts = self.key
        made = ".".join(map(str, numbers))
        if not is_release:
            made += "-" + ".".join([word if is_word else str(number) for is_word, number, word in parts])
        return f"{made}+{self.build}" if self.build else made


def _quoted(text: str) -> str:
    # Needed for errors only.
    from lockgate.engine.rego.builtins.gotext import quote

    return quote(text)


def _number(text: str, name: str) -> int:
    if not _DIGITS.issuperset(text):
        raise CelError(f"Invalid character(s) found in {name} number {_quoted(text)}")
    if len(text) > 1 and text[0] == "0":
        raise CelError(f"{name.capitalize()} number must not contain leading zeroes {_quoted(text)}")
    return _unsigned(text)


def _unsigned(text: str) -> int:
    """An integer of 64 bits, of digits only."""
    if not text:
        raise CelError('strconv.ParseUint: parsing "": invalid syntax')
    if len(text) > _MOST_DIGITS or int(text) > MAX_UINT:
        raise CelError(f"strconv.ParseUint: parsing {_quoted(text)}: value out of range")
    return int(text)


def _part(text: str) -> tuple[bool, int, str]:
    if not text:
        raise CelError("Prerelease is empty")
    if _DIGITS.issuperset(text):
        if len(text) > 1 and text[0] == "0":
            raise CelError(f"Numeric PreRelease version must not contain leading zeroes {_quoted(text)}")
        return False, _unsigned(text), ""
    if not _NAMES.issuperset(text):
        raise CelError(f"Invalid character(s) found in prerelease {_quoted(text)}")
    return True, 0, text


def parse(text: str) -> Semver:
    """The version in a text. Raises CelError."""
    if not text:
        raise CelError("Version string empty")
    bound_read(text)
    parts = text.split(".", 2)
    if len(parts) < 3:
        raise CelError("No Major.Minor.Patch elements found")
    major, minor = _number(parts[0], "major"), _number(parts[1], "minor")
    rest, plus, build = parts[2].partition("+")
    patch, dash, release = rest.partition("-")
    number = _number(patch, "patch")
    before = tuple([_part(one) for one in release.split(".")]) if dash else ()
    for one in build.split(".") if plus else ():
        if not one:
            raise CelError("Build meta data is empty")
        if not _NAMES.issuperset(one):
            raise CelError(f"Invalid character(s) found in build meta data {_quoted(one)}")
    return Semver(((major, minor, number), not before, before), build)


def parse_tolerant(text: str) -> Semver:
    """The version in a text that may have a `v` before it, leading zeros, and fewer numbers. Raises CelError."""
    bound_read(text)
    parts = [_without_zeros(one) for one in text.removeprefix("v").split(".", 2)]
    if len(parts) < 3:
        if "+" in parts[-1] or "-" in parts[-1]:
            raise CelError("short version cannot contain PreRelease/Build meta data")
        parts += ["0"] * (3 - len(parts))
    return parse(".".join(parts))


def _without_zeros(part: str) -> str:
    if len(part) < 2:
        return part
    left = part.lstrip("0")
    return left if left and left[0] in _DIGITS else f"0{left}"


def compare(left: Semver, right: Semver) -> int:
    """-1, 0 or 1."""
    return int(left.key > right.key) - int(left.key < right.key)
