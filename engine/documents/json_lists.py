"""JSON Lists of objects, item by item, so that the List of a whole cluster is no larger a value than its largest item.

Items that do not say what they are wait for the fields of their List, which may come after them.
"""

from collections.abc import Generator, Iterator
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.json_values import JsonError, Shared, read_value, skip_space
from lockgate.engine.documents.not_objects import is_object

_HINT: Final = "check the commas and quotes before it"


def read_lists(text: str) -> Iterator[Value]:
    """The values in a text, one after the other: for a List its items, and the List itself with those that waited.

    A List without items is given as it is. Raises JsonError.
    """
    shared = Shared()
    index = skip_space(text, 0)
    while index < len(text):
        if text[index] == "{":
            index = yield from _object(text, index, shared)
        elif text[index] == "[":
            elements = _Elements(text, index, shared)
            yield from elements
            index = elements.index
        else:
            value, index, _ = read_value(text, index, shared)
            yield value
        index = skip_space(text, index)


def _after(text: str, index: int, wanted: str) -> int:
    """The index of what follows a character that must stand here."""
    if not text.startswith(wanted, index):
        raise JsonError(f"invalid JSON: expecting '{wanted}' delimiter", index, _HINT)
    return skip_space(text, index + 1)


class _Elements:
    """The elements of the array at an index, which is that after it once they are all read."""

    __slots__ = ("_shared", "_text", "index")

    def __init__(self, text: str, index: int, shared: Shared) -> None:
        self._text: Final = text
        self._shared: Final = shared
        self.index = index

    def __iter__(self) -> Iterator[Value]:
        text = self._text
        index = skip_space(text, self.index + 1)
        first = index
        while not text.startswith("]", index):
            if index != first:
                index = _after(text, index, ",")
            value, index, _ = read_value(text, index, self._shared)
            yield value
            index = skip_space(text, index)
        self.index = index + 1


def _object(text: str, index: int, shared: Shared) -> Generator[Value, None, int]:
    """Gives what an object holds; returns the index after it."""
    fields: dict[str, Value] = {}
    is_given = False
    index = skip_space(text, index + 1)
    while not text.startswith("}", index):
        if fields:
            index = _after(text, index, ",")
        if not text.startswith('"', index):
            raise JsonError("invalid JSON: the name of a field must be in quotes", index, _HINT)
        name, index, _ = read_value(text, index, shared)
        assert isinstance(name, str)
        index = _after(text, skip_space(text, index), ":")
        if name != "items" or not text.startswith("[", index):
            fields[name], index, _ = read_value(text, index, shared)
        elif name in fields:
            raise JsonError("a List has its items twice", index, "keep one of them")
        else:
            waiting: list[Value] = []
            elements = _Elements(text, index, shared)
            for value in elements:
                if is_object(value):
                    is_given = True
                    yield value
                else:
                    waiting.append(value)
            index = elements.index
            fields[name] = waiting
        index = skip_space(text, index)
    if not is_given:
        yield fields
    elif fields["items"]:
        kind = fields.get("kind")
        is_list = isinstance(kind, str) and kind.endswith("List")
        yield fields if is_list else {"apiVersion": "v1", "kind": "List", "items": fields["items"]}
    return index + 1
