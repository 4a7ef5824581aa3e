"""JSON and YAML that somebody else wrote, read so that no two readers see different things, and fields by their types.

No key twice, no half characters, no NaN, bounded in size and depth. Every error names the document and the place in it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn

from lockgate.engine.errors import InputError
from lockgate.engine.record import record

# Reports nest a dozen levels. Python's own limit is near a thousand, and depends on what called.
MAX_DEPTH: Final = 100
# What a message quotes of a name or a text.
_SHOWN: Final = 80
# What a float can hold.
_MAX_BITS: Final = 1_000


class DoubtfulError(ValueError):
    """What another reader may take for something else."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise DoubtfulError("a key is in it twice")
    return made


def _refuse_constant(text: str) -> NoReturn:
    raise DoubtfulError(f"{text} is no number of JSON")


def strict_json(
    data: bytes, constant: Callable[[str], NoReturn], number: Callable[[str], Any] | None = None
) -> Any:
    """The value of a JSON text that every reader reads alike. constant: refuses NaN and the infinities; number: makes floats.

    Raises DoubtfulError for what readers differ in, ValueError or RecursionError for what is no JSON.
    """
    text = data.decode("utf-8")
    value = json.loads(text, object_pairs_hook=_unique, parse_float=number, parse_constant=constant)
    # Half a character, escaped, is text to Python and not to others.
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _is_deeper(value: object, levels: int) -> bool:
    """Has a value parts below so many levels?"""
    row = [value]
    for _ in range(levels):
        below: list[object] = []
        for one in row:
            if isinstance(one, dict):
                below += one.values()
            elif isinstance(one, list):
                below += one
        if not below:
            return False
        row = below
    return True


@record
class Part:
    """A value in a foreign document. what: the document; path: where the value is in it."""

    value: Any
    what: str
    path: str = ""

    @property
    def name(self) -> str:
        """The place in a message."""
        return f"{self.path} of {self.what}" if self.path else self.what

    def refuse(self, message: str) -> NoReturn:
        """Raises an InputError that names the place."""
        raise InputError(f"{self.name} {message}")

    def maybe(self, key: str) -> "Part | None":
        """The value under a key of an object; None where it is absent or null."""
        below = self.mapping().get(key)
        if below is None:
            return None
        shown = key if len(key) <= _SHOWN else f"{key[:_SHOWN]}…"
        return Part(below, self.what, f"{self.path}.{shown}" if self.path else shown)

    def get(self, key: str) -> "Part":
        """The value under a key of an object, which has to be there."""
        found = self.maybe(key)
        if found is None:
            self.refuse(f"has no {key}")
        return found

    def at(self, *keys: str) -> "Part | None":
        """The value under several keys, one below the other; None where one of them is absent."""
        found: Part | None = self
        for key in keys:
            if found is None or not isinstance(found.value, dict):
                return None
            found = found.maybe(key)
        return found

    def mapping(self) -> Mapping[str, Any]:
        """The object."""
        if not isinstance(self.value, dict):
            self.refuse("is no object")
        return self.value

    def items(self, most: int) -> "Iterator[Part]":
        """The elements of a list of at most so many."""
        if not isinstance(self.value, list):
            self.refuse("is no list")
        if len(self.value) > most:
            self.refuse(f"has {len(self.value)} elements, and at most {most} are read")
        for place, one in enumerate(self.value):
            yield Part(one, self.what, f"{self.path}[{place}]")

    def text(self, most: int = 4096) -> str:
        """The string, of at most so many characters."""
        if not isinstance(self.value, str):
            self.refuse("is no text")
        if len(self.value) > most:
            self.refuse(f"is longer than {most} characters")
        return self.value

    def boolean(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.refuse("is neither true nor false")
        return self.value

    def integer(self) -> int:
        """The integer. Protobuf's JSON writes those of 64 bits as text."""
        value = self.value
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse("is no integer")
        return value

    def number(self) -> int | float:
        """The number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.refuse("is no number")
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            self.refuse("is a number that nothing is measured in")
        return value


def parse_foreign_value(data: bytes, what: str, most_bytes: int) -> Part:
    """The value, of any type, that a JSON text of at most so many bytes holds. Raises InputError."""
    if len(data) > most_bytes:
        raise InputError(f"{what} is larger than {most_bytes >> 10} KiB")
    try:
        value = strict_json(data, _refuse_constant)
    except DoubtfulError as error:
        raise InputError(f"{what} cannot be read: {error}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{what} is no JSON") from None
    if _is_deeper(value, MAX_DEPTH):
        raise InputError(f"{what} is nested deeper than {MAX_DEPTH} levels")
    return Part(value, what)


def parse_foreign_json(data: bytes, what: str, most_bytes: int) -> Part:
    """The object that a text of at most so many bytes holds. Raises InputError."""
    read = parse_foreign_value(data, what, most_bytes)
    read.mapping()
    return read


def _plain(value: Any) -> Any:
    """A value of a YAML document with Python's own numbers."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    text = getattr(value, "text", None)
    return value if text is None else float(text)


def parse_foreign_yaml(data: bytes, what: str, most_bytes: int) -> Part:
    """The object that a YAML text of one document holds. Raises InputError."""
    from lockgate.engine.documents.chunks import Chunk
    from lockgate.engine.documents.yaml_nodes import YamlError, compose
    from lockgate.engine.documents.yaml_values import build

    if len(data) > most_bytes:
        raise InputError(f"{what} is larger than {most_bytes >> 10} KiB")
    try:
        chunk = Chunk(data.decode("utf-8"), 0)
        root = compose(chunk)
        value, twice = (None, []) if root is None else build(root, chunk)
    except UnicodeDecodeError:
        raise InputError(f"{what} is not UTF-8") from None
    except YamlError as error:
        raise InputError(f"{what} cannot be read: line {error.line}: {error.message}") from None
    if twice:
        raise InputError(f"{what} cannot be read: the key {twice[0].name[:_SHOWN]!r} is in it twice")
    if not isinstance(value, dict):
        raise InputError(f"{what} is no object")
    if _is_deeper(value, MAX_DEPTH):
        raise InputError(f"{what} is nested deeper than {MAX_DEPTH} levels")
    return Part(_plain(value), what)
