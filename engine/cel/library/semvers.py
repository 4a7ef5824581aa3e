"""Semantic versions (k8s.io/apiserver pkg/cel/library/semverlib.go, version 1)."""

from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs
from lockgate.engine.cel.library import semver_value as semver
from lockgate.engine.cel.library.declaring import call, function, method
from lockgate.engine.cel.library.semver_value import Semver
from lockgate.engine.cel.types import BOOL, INT, SEMVER, STRING
from lockgate.engine.cel.values import MAX_INT


def to_semver(text: str, normalize: object = False) -> Semver:
    """`semver("1.2.3")`, `semver("v1.2", true)`. Raises CelError."""
    return semver.parse_tolerant(text) if normalize else semver.parse(text)


def is_semver(text: str, normalize: object = False) -> bool:
    """`isSemver("1.2.3")`."""
    try:
        to_semver(text, normalize)
    except CelError:
        return False
    return True


def is_greater(left: Semver, right: Semver) -> bool:
    """`left.isGreaterThan(right)`."""
    return semver.compare(left, right) > 0


def is_less(left: Semver, right: Semver) -> bool:
    """`left.isLessThan(right)`."""
    return semver.compare(left, right) < 0


def _as_int(number: int) -> int:
    """An unsigned number of 64 bits as an int of as many, which Go does not check."""
    return number if number <= MAX_INT else number - (1 << 64)


def major(version: Semver) -> int:
    """The first number."""
    return _as_int(version.key[0][0])


def minor(version: Semver) -> int:
    """The second number."""
    return _as_int(version.key[0][1])


def patch(version: Semver) -> int:
    """The third number."""
    return _as_int(version.key[0][2])


_PAIR: Final = (SEMVER, SEMVER)

FUNCTIONS: Final[tuple[Function, ...]] = (
    function(
        "semver",
        call("string_to_semver", (STRING,), SEMVER, to_semver, costs.of_first),
        call("string_bool_to_semver", (STRING, BOOL), SEMVER, to_semver, costs.of_first),
    ),
    function(
        "isSemver",
        call("is_semver_string", (STRING,), BOOL, is_semver, costs.of_first),
        call("is_semver_string_bool", (STRING, BOOL), BOOL, is_semver, costs.of_first),
    ),
    function("isGreaterThan", method("semver_is_greater_than", _PAIR, BOOL, is_greater)),
    function("isLessThan", method("semver_is_less_than", _PAIR, BOOL, is_less)),
    function("compareTo", method("semver_compare_to", _PAIR, INT, semver.compare)),
    function("major", method("semver_major", (SEMVER,), INT, major)),
    function("minor", method("semver_minor", (SEMVER,), INT, minor)),
    function("patch", method("semver_patch", (SEMVER,), INT, patch)),
)
