"""`find` and `findAll`: what a regular expression matches (k8s.io/apiserver pkg/cel/library/regex.go)."""

from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs
from lockgate.engine.cel.library.declaring import function, method
from lockgate.engine.cel.library.limits import bound_items
from lockgate.engine.cel.library.texts import pattern
from lockgate.engine.cel.types import INT, STRING, list_of
from lockgate.engine.regex import Pattern


def _pattern(source: str) -> Pattern:
    try:
        return pattern(source)
    except CelError as error:
        raise CelError(f"Illegal regex: {error}") from error


def find(text: str, source: str) -> str:
    """The first match, or an empty text."""
    found = _pattern(source).find_all(text, 1)
    return found[0] if found else ""


def find_all(text: str, source: str, most: int = -1) -> list[str]:
    """All matches, at most `most` if that is not negative."""
    compiled = _pattern(source)
    bound_items(len(text))
    return compiled.find_all(text, most)


FUNCTIONS: Final[tuple[Function, ...]] = (
    function("find", method("string_find_string", (STRING, STRING), STRING, find, costs.of_matching)),
    function(
        "findAll",
        method("string_find_all_string", (STRING, STRING), list_of(STRING), find_all, costs.of_matching),
        method(
            "string_find_all_string_int",
            (STRING, STRING, INT),
            list_of(STRING),
            find_all,
            costs.of_matching,
        ),
    ),
)
