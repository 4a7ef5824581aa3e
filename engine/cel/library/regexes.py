"""`find` and `findAll`: what a regular expression matches (k8s.io/apiserver pkg/cel/library/regex.go)."""

from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs
from lockgate.engine.cel.library.declaring import function, total_method
from lockgate.engine.cel.library.limits import bound_items
from lockgate.engine.cel.library.texts import pattern
from lockgate.engine.cel.types import INT, STRING, list_of
from lockgate.engine.cel.values import Value
from lockgate.engine.regex import Pattern


def _pattern(source: str) -> Pattern:
    try:
        return pattern(source)
    except CelError as error:
        raise CelError(f"Illegal regex: {error}") from error


def _check(text: Value, source: Value, most: Value = 0) -> None:
    if type(text) is not str or type(source) is not str or type(most) is not int:
        raise CelError("no such overload")


def find(text: Value, source: Value) -> str:
    """The first match, or an empty text."""
    _check(text, source)
    found = _pattern(source).find_all(text, 1)
    return found[0] if found else ""


def find_all(text: Value, source: Value, most: Value = -1) -> list[str]:
    """All matches, at most `most` if that is not negative."""
    _check(text, source, most)
    compiled = _pattern(source)
    bound_items(len(text))
    return compiled.find_all(text, most)


FUNCTIONS: Final[tuple[Function, ...]] = (
    function("find", total_method("string_find_string", (STRING, STRING), STRING, find, costs.of_matching)),
    function(
        "findAll",
        total_method(
            "string_find_all_string", (STRING, STRING), list_of(STRING), find_all, costs.of_matching
        ),
        total_method(
            "string_find_all_string_int",
            (STRING, STRING, INT),
            list_of(STRING),
            find_all,
            costs.of_matching,
        ),
    ),
)
