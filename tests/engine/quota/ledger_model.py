"""What the ledger has to say, written down once more and as simply as can be: no database, no deltas, no counters.

Each object has the newest version that anybody saw of it, and the requests about it of which that is not known yet. It holds
the most of what that version has and of what any of these asks for. Everything else follows from that.
"""

from collections import Counter
from dataclasses import dataclass, field

from lockgate.engine.quota.amounts import Limit
from lockgate.engine.quota.outcome import Outcome, Refused, Reserved, Shortage, TooManyOpen
from lockgate.engine.quota.reservation import Asked, ReservationKey

from tests.engine.quota.ledgers import GPUS
from tests.engine.quota.stored_objects import Event, devices_of


@dataclass
class Known:
    """An object. version: the newest one that was seen; devices: None where it is gone, or was never seen."""

    version: int = 0
    devices: int | None = None
    open: dict[str, Asked] = field(default_factory=dict)
    # What became of the other requests: True where something later was seen of the object.
    closed: dict[str, bool] = field(default_factory=dict)

    @property
    def is_gone(self) -> bool:
        return self.version > 0 and self.devices is None

    @property
    def used(self) -> int:
        return self.devices or 0

    @property
    def held(self) -> int:
        return max([self.used, *[devices_of(one) for one in self.open.values()]])

    def close(self, request: str, is_confirmed: bool) -> None:
        if self.open.pop(request, None) is not None:
            self.closed[request] = is_confirmed


@dataclass
class Model:
    """All objects. most_open: how many open requests a requester may have."""

    most_open: int
    objects: dict[str, Known] = field(default_factory=dict)

    def of(self, uid: str) -> Known:
        return self.objects.setdefault(uid, Known())

    @property
    def used(self) -> int:
        return sum([one.used for one in self.objects.values()])

    @property
    def held(self) -> int:
        return sum([one.held for one in self.objects.values()])

    @property
    def claims(self) -> tuple[int, int]:
        """The objects that were seen, and those that are only asked for."""
        seen = [one.devices is not None for one in self.objects.values()]
        asked = [one.devices is None and bool(one.open) for one in self.objects.values()]
        return sum(seen), sum(asked)

    @property
    def open(self) -> dict[ReservationKey, str]:
        """The open reservations, and who asked for them."""
        return {one.key: one.requester for known in self.objects.values() for one in known.open.values()}

    @property
    def requesters(self) -> Counter[str]:
        return Counter(self.open.values())

    def ask(self, asked: Asked) -> Outcome:
        """The answer to a request, and what follows from it unless it is a dry run."""
        known, name = self.of(asked.key.object.uid), asked.key.request
        if name in known.open or known.closed.get(name):
            return Reserved()
        wanted = devices_of(asked)
        if known.devices is not None and asked.base_version == known.version and wanted <= known.devices:
            return Reserved()
        more = max(known.held, wanted) - known.held
        (limit,) = asked.limits
        warned: tuple[Shortage, ...] = ()
        if more:
            if limit.hard is not None and self.held + more > limit.hard:
                return Refused((self._shortage(limit.hard, more),))
            if limit.soft is not None and self.held + more > limit.soft:
                warned = (self._shortage(limit.soft, more),)
        if not asked.dry_run:
            if self.requesters[asked.requester] >= self.most_open:
                return TooManyOpen(asked.requester, self.most_open)
            known.open[name] = asked
            known.closed.pop(name, None)
        return Reserved(warned)

    def _shortage(self, limit: int, more: int) -> Shortage:
        return Shortage(GPUS, limit, self.used, self.held - self.used, 0, more)

    def sight(self, event: Event) -> None:
        """A watch, a list or a read tells of a version of an object."""
        known = self.of(event.uid)
        if event.devices is None:
            self.gone(event.uid, event.version)
        elif not known.is_gone and event.version >= known.version:
            known.version, known.devices = event.version, event.devices
            for name, one in [*known.open.items()]:
                if one.base_version < event.version:
                    known.close(name, is_confirmed=True)

    def gone(self, uid: str, version: int) -> None:
        known = self.of(uid)
        known.version, known.devices = max(known.version, version), None
        for name in [*known.open]:
            known.close(name, is_confirmed=False)

    def read(self, uid: str, requests: set[str], found: Event | None) -> None:
        """A read that was begun after the TTL of some requests."""
        known = self.of(uid)
        if found is None and known.version:
            self.gone(uid, known.version)
        for name in requests:
            if name in known.open:
                known.close(
                    name, is_confirmed=found is not None and known.open[name].base_version < found.version
                )
        if found is not None:
            self.sight(found)

    def list(self, version: int, present: dict[str, Event]) -> None:
        """A list, of whatever age: who was seen, not after it, and is not in it is gone."""
        for event in present.values():
            self.sight(event)
        for uid, known in self.objects.items():
            if known.devices is not None and known.version <= version and uid not in present:
                self.gone(uid, version)


def limits(hard: int, soft: int) -> tuple[Limit, ...]:
    return (Limit(GPUS, hard, soft),)
