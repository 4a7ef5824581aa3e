"""The objects in one document: the object itself, or the items of a List, as kubectl flattens it.

Facts: apimachinery's unstructured scheme takes whatever has `items` for a list, and gives an item without apiVersion
and kind those of the list (`PodList` makes `Pod`); kubectl's builder then visits the items, lists among them too.
"""

from collections.abc import Iterator
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.engine.documents.not_objects import NotAnObject, client_file, is_object, why_not
from lockgate.engine.record import record

# Lists of lists are legal and nobody writes them; more than this is an attempt to hide something.
MAX_LIST_NESTING: Final = 4

_ITEM_HINT: Final = "each item needs an apiVersion and a kind"


@record
class Found:
    """An object, and its path in the document."""

    value: dict[str, Value]
    path: Path


@record
class NotFound:
    """A value at a path that is no object to judge."""

    why: NotAnObject
    path: Path


@record
class Broken:
    """A value at a path that kubectl refuses."""

    message: str
    hint: str
    path: Path


def _items_of(value: Value) -> list[Value] | None:
    """The items of a List; None when the value is no List."""
    if type(value) is not dict or type(value.get("items")) is not list:
        return None
    items = value["items"]
    assert type(items) is list
    kind = value.get("kind")
    # kubectl reads any `items`, so an object that names another kind must not hide objects there.
    if (type(kind) is str and kind.endswith("List")) or any(is_object(item) for item in items):
        return items
    return None


def _typed(item: Value, parent: dict[str, Value]) -> Value:
    """The item with the kind that its list implies, if it has neither apiVersion nor kind."""
    kind, version = parent.get("kind"), parent.get("apiVersion")
    if type(item) is not dict or item.get("kind") or item.get("apiVersion"):
        return item
    if type(kind) is not str or kind == "List" or not kind.endswith("List"):
        return item
    return {**item, "apiVersion": version, "kind": kind.removesuffix("List")}


def objects_in(
    value: Value, file: str, path: Path = (), nesting: int = 0
) -> Iterator[Found | NotFound | Broken]:
    """The objects of a document's value in their order, and whatever else stands where objects would."""
    if nesting > MAX_LIST_NESTING:
        yield Broken(
            f"Lists nested deeper than {MAX_LIST_NESTING} levels", "put the items into one List", path
        )
    elif type(value) is list and any(is_object(item) for item in value):
        for index, item in enumerate(value):
            yield from _objects_in_item(item, file, (*path, index), nesting)
    elif type(value) is not dict or not is_object(value):
        yield NotFound(why_not(value, file), path)
    elif (client := client_file(value, file)) is not None:
        yield NotFound(client, path)
    elif (items := _items_of(value)) is not None:
        if not items:
            yield NotFound(NotAnObject("a List without items"), path)
        for index, item in enumerate(items):
            yield from _objects_in_item(_typed(item, value), file, (*path, "items", index), nesting)
    else:
        yield Found(value, path)


def _objects_in_item(item: Value, file: str, path: Path, nesting: int) -> Iterator[Found | NotFound | Broken]:
    if is_object(item):
        yield from objects_in(item, file, path, nesting + 1)
    else:
        yield Broken("an item of a list of objects is no Kubernetes object", _ITEM_HINT, path)
