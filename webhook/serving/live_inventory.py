"""The inventory as objects come and go: each state is a value of its own, which evaluations under way keep.

A change copies the levels of the inventory that it changes, each once between two states; the rest is shared.
"""

from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.policy import Facts
from lockgate.gatekeeper.inventory import Object, object_digest
from lockgate.gatekeeper.inventory_digest import InventoryDigest
from lockgate.gatekeeper.inventory_needs import CLUSTER, NAMESPACE
from lockgate.webhook.serving.objects import ObjectKey


@final
class LiveInventory:
    """Objects by their places (`gatekeeper.inventory`). Objects that were put must not be changed any more."""

    __slots__ = ("_digest", "_fresh", "_tree", "_values")

    def __init__(self) -> None:
        self._tree: Object = {}
        # Levels that no state has been given out with, by identity; each is held by the tree.
        self._fresh: set[int] = {id(self._tree)}
        self._digest: Final = InventoryDigest()
        self._values: Final[dict[ObjectKey, Object]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> tuple[ObjectKey, ...]:
        """The objects that are in it."""
        return tuple(self._values)

    def put(self, key: ObjectKey, value: Object) -> None:
        """The object is there as `value`."""
        if self._values.get(key) is value:
            return
        place = _place(key)
        self._level(place[:-1])[place[-1]] = value
        self._values[key] = value
        self._digest.put(place, object_digest(value))

    def remove(self, key: ObjectKey) -> None:
        """The object is not there any more; nothing happens if it was not."""
        if self._values.pop(key, None) is None:
            return
        place = _place(key)
        self._digest.remove(place)
        del self._level(place[:-1])[place[-1]]
        # Policies that look through a level must not find what has nothing below it.
        for length in range(len(place) - 1, 0, -1):
            if self._level(place[:length]):
                break
            del self._level(place[: length - 1])[place[length - 1]]

    def facts(self, covered: frozenset[GroupVersionKind]) -> Facts:
        """Facts with the inventory as it is now. covered: as in Facts."""
        self._fresh = set()
        return Facts(self._tree, self._digest.hexdigest(covered), covered)

    def _level(self, path: tuple[str, ...]) -> Object:
        """The level at the path, which may be changed."""
        if id(self._tree) not in self._fresh:
            self._tree = self._own(self._tree)
        level = self._tree
        for part in path:
            below = level.get(part)
            if below is None:
                made: Object = {}
                self._fresh.add(id(made))
            else:
                assert isinstance(below, dict)
                made = below if id(below) in self._fresh else self._own(below)
            level[part] = made
            level = made
        return level

    def _own(self, level: dict[str, Value]) -> Object:
        made = dict(level)
        self._fresh.add(id(made))
        return made


def _place(key: ObjectKey) -> tuple[str, ...]:
    parents = (NAMESPACE, key.namespace) if key.namespace else (CLUSTER,)
    return (*parents, key.kind.api_version, key.kind.kind, key.name)
