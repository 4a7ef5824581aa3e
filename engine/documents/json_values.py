"""JSON documents as kubectl reads them (Go's encoding/json), one after the other in a text, with the values it gives them.

Numbers take Go's form (`1.0` is 1), a lone surrogate becomes U+FFFD, and the last of two equal keys wins.
"""

import json
import re
from typing import Any, Final, final

from lockgate.engine.codegen.budget import MAX_DEPTH
from lockgate.engine.codegen.values import Number, Value, check_depth
from lockgate.engine.documents.go_numbers import fits_go_integer, from_float
from lockgate.engine.errors import InputError

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
LONE_SURROGATES: Final = re.compile("[\ud800-\udfff]")
# Digits of the longest integer that Go keeps exactly; anything longer is a float to it.
_LONGEST_INTEGER: Final = 20
_LONGEST_NUMBER: Final = 4_096
# Characters of an integer that is below a million in size, whatever its sign.
_SMALL_INTEGER: Final = 6
# Longer texts are seldom the same.
_LONGEST_SHARED: Final = 64
_DEPTH_HINT: Final = "Kubernetes objects stay below 40; flatten the document"


class JsonError(Exception):
    """Text that is no JSON which kubectl takes: what is wrong, the index in the text, and what to do."""

    def __init__(self, message: str, index: int, hint: str = "") -> None:
        super().__init__(message, index, hint)
        self.message = message
        self.index = index
        self.hint = hint


class JsonLimitError(JsonError):
    """Text that is JSON, with a number or a depth that is not taken; reading it as YAML would be no help."""


class _NotJson(Exception):
    """NaN or an infinity, which Python's parser would take."""


class _BadNumber(Exception):
    """A number that Go cannot hold."""


def _float(text: str) -> int | Number:
    number = float(text) if len(text) <= _LONGEST_NUMBER else float("inf")
    if number in (float("inf"), float("-inf")):
        raise _BadNumber(text)
    return from_float(number)


def _integer(text: str) -> int | Number:
    if len(text) <= _LONGEST_INTEGER:
        number = int(text)
        if fits_go_integer(number):
            return number
    return _float(text)


def _constant(text: str) -> Value:
    raise _NotJson(text)


class Shared:
    """Texts that stand in many values, each kept once: the names of keys, and texts no longer than they are."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def pairs(self, pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """The pairs, with what is shared in the place of equal texts."""
        share = self._texts.setdefault
        return [
            (
                share(name, name),
                share(value, value) if type(value) is str and len(value) <= _LONGEST_SHARED else value,
            )
            for name, value in pairs
        ]


class _Objects:
    """Makes objects from their pairs and notes whether any key was given twice."""

    __slots__ = ("shared", "twice")

    def __init__(self, shared: Shared | None) -> None:
        self.shared = shared
        self.twice = False

    def make(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs if self.shared is None else self.shared.pairs(pairs))
        if len(made) != len(pairs):
            self.twice = True
        return made


def skip_space(text: str, index: int) -> int:
    """The index of the next character that is no JSON whitespace."""
    found = _SPACE.match(text, index)
    return found.end() if found else index


def _mend(value: Value) -> Value:
    """The value without surrogates that stand alone."""
    if type(value) is str:
        return LONE_SURROGATES.sub("\ufffd", value)
    if type(value) is list:
        return [_mend(item) for item in value]
    if type(value) is dict:
        return {LONE_SURROGATES.sub("\ufffd", name): _mend(item) for name, item in value.items()}
    return value


def _refuse_depth(text: str, index: int) -> JsonLimitError:
    depth = 0
    for found in _BRACKETS.finditer(text, index):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            return JsonLimitError(f"nested deeper than {MAX_DEPTH} levels", found.start(), _DEPTH_HINT)
    return JsonLimitError(f"nested deeper than {MAX_DEPTH} levels", index, _DEPTH_HINT)


def read_value(text: str, index: int, shared: Shared | None = None) -> tuple[Value, int, bool]:
    """The JSON value at `index`, the index after it, and whether a key is given twice in it. Raises JsonError.

    shared: texts that this value is to have in common with others that are kept as long.
    """
    objects = _Objects(shared)
    decoder = json.JSONDecoder(
        parse_float=_float, parse_int=_integer, parse_constant=_constant, object_pairs_hook=objects.make
    )
    value, end = _decode(decoder, text, index)
    return value, end, objects.twice


@final
class JsonReader:
    """Reads many values, one after the other; its parser is made once. Not for several threads at a time.

    small_integers_only: whether every number in the last value is an integer below a million in size. Keys that are
    given twice are not told.
    """

    __slots__ = ("_decoder", "small_integers_only")

    def __init__(self) -> None:
        self.small_integers_only = True
        self._decoder: Final = json.JSONDecoder(
            parse_float=self._float, parse_int=self._integer, parse_constant=_constant
        )

    def read(self, text: str, index: int) -> tuple[Value, int]:
        """The JSON value at `index`, and the index after it. Raises JsonError."""
        self.small_integers_only = True
        return _decode(self._decoder, text, index)

    def _integer(self, text: str) -> int | Number:
        if len(text) <= _SMALL_INTEGER:
            return int(text)
        self.small_integers_only = False
        return _integer(text)

    def _float(self, text: str) -> int | Number:
        self.small_integers_only = False
        return _float(text)


def _decode(decoder: json.JSONDecoder, text: str, index: int) -> tuple[Value, int]:
    value: Value
    try:
        value, end = decoder.raw_decode(text, index)
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:]
        raise JsonError(
            f"invalid JSON: {message}", error.pos, "check the commas and quotes before it"
        ) from error
    except _NotJson as error:
        at = text.find(str(error), index)
        raise JsonError(f"invalid JSON: {error} is no value", at, "write null, or a string") from error
    except RecursionError as error:
        raise _refuse_depth(text, index) from error
    except _BadNumber as error:
        found = str(error)
        at = text.find(found, index)
        raise JsonLimitError(f"the number {found[:40]} does not fit in 64 bits", at) from error
    if text.count("[", index, end) + text.count("{", index, end) > MAX_DEPTH:
        try:
            check_depth(value)
        except InputError as error:
            raise _refuse_depth(text, index) from error
    if text.find("\\u", index, end) >= 0 and re.search(r"\\u[dD][89a-fA-F]", text[index:end]):
        value = _mend(value)
    return value, end
