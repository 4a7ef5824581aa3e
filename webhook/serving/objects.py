"""What is known of the cluster: objects by kind, namespace and name, as JSON, and how they change.

Sources (the cluster's watches, a folder) tell Changes; whoever decides applies the same Changes in the same order. What
a source tells again, as a list after a broken watch does, is no change.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import final

from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import ordered_record, record


@ordered_record
class ObjectKey:
    """Which object. namespace: "" for what is in none."""

    kind: GroupVersionKind
    namespace: str
    name: str

    def __str__(self) -> str:
        """As kubectl takes it, behind the namespace: `K8sRequiredLabels.constraints.gatekeeper.sh/all`."""
        inside = f"{self.namespace}/" if self.namespace else ""
        group = f".{self.kind.group}" if self.kind.group else ""
        return f"{inside}{self.kind.kind}{group}/{self.name}"


@record
class Change:
    """An object as it is now: `data` is its JSON, or None when it is gone."""

    key: ObjectKey
    data: bytes | None


@final
class Objects:
    """The objects that were told, as they are now."""

    __slots__ = ("_by_kind",)

    def __init__(self) -> None:
        self._by_kind: dict[GroupVersionKind, dict[ObjectKey, bytes]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_kind.values()))

    @property
    def kinds(self) -> frozenset[GroupVersionKind]:
        """The kinds of the objects."""
        return frozenset(self._by_kind)

    def of_kind(self, kind: GroupVersionKind) -> Mapping[ObjectKey, bytes]:
        """The objects of a kind."""
        return self._by_kind.get(kind, {})

    def news(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """The changes without those that tell what is known; of several of one object the last counts."""
        last = {change.key: change for change in changes}
        return tuple([one for one in last.values() if self.of_kind(one.key.kind).get(one.key) != one.data])

    def replacing(
        self, kind: GroupVersionKind, listed: Mapping[ObjectKey, bytes], namespace: str | None = None
    ) -> tuple[Change, ...]:
        """The changes that make the objects of a kind those of a list. namespace: the list is of that one alone."""
        known = self.of_kind(kind)
        if namespace is not None:
            known = {key: data for key, data in known.items() if key.namespace == namespace}
        return _differences(known, listed)

    def replacing_all(self, told: Mapping[ObjectKey, bytes]) -> tuple[Change, ...]:
        """The changes that make the objects these."""
        known = {key: data for objects in self._by_kind.values() for key, data in objects.items()}
        return _differences(known, told)

    def apply(self, changes: Iterable[Change]) -> frozenset[GroupVersionKind]:
        """Applies the changes, and tells of which kinds objects have changed."""
        touched: set[GroupVersionKind] = set()
        for change in changes:
            key = change.key
            objects = self._by_kind.setdefault(key.kind, {})
            if objects.get(key) != change.data:
                touched.add(key.kind)
            if change.data is None:
                objects.pop(key, None)
            else:
                objects[key] = change.data
            if not objects:
                del self._by_kind[key.kind]
        return frozenset(touched)

    def everything(self) -> Iterator[Change]:
        """All objects, as changes that make a new state the same."""
        for objects in self._by_kind.values():
            for key, data in objects.items():
                yield Change(key, data)


def _differences(known: Mapping[ObjectKey, bytes], now: Mapping[ObjectKey, bytes]) -> tuple[Change, ...]:
    gone = [Change(key, None) for key in known if key not in now]
    return (*gone, *[Change(key, data) for key, data in now.items() if known.get(key) != data])
