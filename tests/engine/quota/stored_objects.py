"""Objects as an API server stores them: versions, conflicts, a log of events that watches read at their own pace."""

from dataclasses import dataclass, field

from lockgate.engine.quota.reservation import Asked, ObjectKey, Seen
from lockgate.engine.quota.store.ledger import Ledger, Listing

from tests.engine.quota.ledgers import GPUS, listing, object_key, reference, seen


@dataclass(frozen=True)
class Event:
    uid: str
    version: int
    # None: it was deleted.
    devices: int | None


@dataclass
class StoredObjects:
    version: int = 1
    objects: dict[str, Event] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def store(self, asked: Asked) -> bool:
        """Stores what was admitted; whether it was: an update of another version than the stored one is not."""
        uid = asked.key.object.uid
        there = self.objects.get(uid)
        if (there.version if there else 0) != asked.base_version:
            return False
        if there is None and any(one.uid == uid for one in self.events):
            return False
        self._write(uid, devices_of(asked))
        return True

    def delete(self, uid: str) -> None:
        self._write(uid, None)

    def _write(self, uid: str, devices: int | None) -> None:
        self.version += 1
        event = Event(uid, self.version, devices)
        self.events.append(event)
        if devices is None:
            del self.objects[uid]
        else:
            self.objects[uid] = event

    def read(self, key: ObjectKey) -> Seen | None:
        found = self.objects.get(key.uid)
        return None if found is None else _seen(found)

    def list(self) -> Listing:
        return listing(self.version, *[_seen(one) for one in self.objects.values()])

    @property
    def devices(self) -> int:
        """Of all that is stored."""
        return sum([one.devices or 0 for one in self.objects.values()])


def devices_of(asked: Asked) -> int:
    return sum([one.amount for one in asked.charges if one.key == GPUS])


def tell(ledger: Ledger, event: Event, now_ns: int) -> None:
    """Has a ledger take in an event as a watch does."""
    if event.devices is None:
        ledger.end(object_key(event.uid), reference(event.uid), event.version, now_ns)
    else:
        ledger.confirm([_seen(event)], now_ns)


def _seen(event: Event) -> Seen:
    assert event.devices is not None
    return seen(event.uid, event.devices, event.version)
