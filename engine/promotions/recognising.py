"""Which subjects enter an environment between two states of what runs: the base and the head of a change, or an object and its
former self.

States are compared by environment, kind and key of a subject, and not object by object: what is renamed, moved to another
file, deleted and created again, or runs in one place more is no news where that version ran before; what a relabelled namespace
brings into production is. An event is

- `promotion`: a version enters an environment and was in a lower one (`source`), or in none that is known (`source` is ""): then
  where it comes from is unknown, and who judges fails closed;
- `introduction`: it enters the lowest environment;
- `rollback`: it was there earlier, or its number is lower than the one that it replaces;
- `floating`: the same version, with other bytes;
- `revocation`: a registry takes its approval of a version back;
- `traffic`: which of the versions that are there answer;
- `removal`: no version of the subject is left there;
- `unknown`: the version, or the environment, cannot be told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Literal, Protocol

from lockgate.engine.promotions.environments import Environments
from lockgate.engine.promotions.subjects import Holder, Subject
from lockgate.engine.promotions.versions import is_lower
from lockgate.engine.record import record

Happening = Literal[
    "promotion", "introduction", "rollback", "floating", "revocation", "traffic", "removal", "unknown"
]
# Where a subject runs: environment, kind and key.
Slot = tuple[str, str, str]
_TRAFFIC: Final = "traffic"
# What SageMaker's `modelApprovalStatus` says of a version that may no longer be deployed.
_REVOKED: Final = ("registry", "Rejected")


@record
class Event:
    """What happened to a subject in an environment. `former` is what it replaces on that object, None where that is nothing.

    source: the environment that it comes from, for a promotion; "" where none is known. was_there: is the version known to
    have been in the environment before? A lower number alone does not say so.
    """

    happening: Happening
    environment: str
    subject: Subject
    holder: Holder
    former: Subject | None = None
    source: str = ""
    was_there: bool = False


class Earlier(Protocol):
    """Knows what ran before the first of the two states: a trail, or the history of a repository."""

    def versions(self, slot: Slot) -> AbstractSet[str]:
        """The versions of a subject that an environment has had."""
        ...


class NothingEarlier:
    """Where nobody knows."""

    def versions(self, slot: Slot) -> AbstractSet[str]:
        """None."""
        return frozenset()


def recognise(
    before: Iterable[Holder], after: Iterable[Holder], environments: Environments, earlier: Earlier
) -> tuple[Event, ...]:
    """What changed, in the order of the objects afterwards; removals last."""
    old, new = _State(before), _State(after)
    events: list[Event] = []
    told: set[tuple[Slot, str]] = set()
    for holder in new.holders:
        for subject in holder.subjects:
            event = _judge(holder, subject, old, new, environments, earlier)
            if event is None:
                continue
            # One subject in one version enters an environment once, however many objects run it there.
            mark = (_slot(holder, subject), subject.version)
            if event.happening == "unknown" or mark not in told:
                told.add(mark)
                events.append(event)
    return (*events, *_removals(old, new, events))


class _State:
    """Holders by identity, and versions by slot with the digests that were resolved."""

    def __init__(self, holders: Iterable[Holder]) -> None:
        self.holders: Final = tuple(holders)
        by_identity: defaultdict[tuple[str, ...], list[Holder]] = defaultdict(list)
        versions: defaultdict[Slot, dict[str, set[str]]] = defaultdict(dict)
        for holder in self.holders:
            by_identity[holder.environment, *holder.identity].append(holder)
            for subject in holder.subjects:
                digests = versions[_slot(holder, subject)].setdefault(subject.version, set())
                if subject.digest:
                    digests.add(subject.digest)
        self._by_identity: Final = dict(by_identity)
        self.versions: Final[Mapping[Slot, Mapping[str, AbstractSet[str]]]] = dict(versions)

    def same(self, holder: Holder) -> Holder | None:
        """The same object in this state. Of several (clusters of one environment), that of the same place."""
        found = self._by_identity.get((holder.environment, *holder.identity), ())
        return min(found, key=lambda one: (one.place != holder.place, one.place), default=None)

    def has(self, slot: Slot, version: str) -> bool:
        return version in self.versions.get(slot, {})


def _judge(
    holder: Holder,
    subject: Subject,
    old: _State,
    new: _State,
    environments: Environments,
    earlier: Earlier,
) -> Event | None:
    slot = _slot(holder, subject)
    former = _former(holder, subject, old)
    if subject.pin == "unknown":
        same = former is not None and (former.key, former.version) == (subject.key, subject.version)
        return None if same else Event("unknown", holder.environment, subject, holder, former)
    if old.has(slot, subject.version):
        digests = old.versions[slot][subject.version]
        if subject.digest and digests and subject.digest not in digests:
            return Event("floating", holder.environment, subject, holder, former)
        return None
    if environments.rank(holder.environment) is None:
        return Event("unknown", holder.environment, subject, holder, former)
    if (subject.kind, subject.version) == _REVOKED:
        return Event("revocation", holder.environment, subject, holder, former)
    if subject.kind == _TRAFFIC:
        return Event("traffic", holder.environment, subject, holder, former)
    was_there = subject.version in earlier.versions(slot)
    if was_there or _is_step_back(subject, former):
        return Event("rollback", holder.environment, subject, holder, former, was_there=was_there)
    for lower in environments.below(holder.environment):
        below = (lower, subject.kind, subject.key)
        if (
            old.has(below, subject.version)
            or new.has(below, subject.version)
            or subject.version in earlier.versions(below)
        ):
            return Event("promotion", holder.environment, subject, holder, former, lower)
    if environments.rank(holder.environment) == 0:
        return Event("introduction", holder.environment, subject, holder, former)
    return Event("promotion", holder.environment, subject, holder, former)


def _slot(holder: Holder, subject: Subject) -> Slot:
    return (holder.environment, subject.kind, subject.key)


def _former(holder: Holder, subject: Subject, old: _State) -> Subject | None:
    """What a subject replaces: the same one on the same object, else what stood in its place there."""
    was = old.same(holder)
    if was is None:
        return None
    same = [one for one in was.subjects if (one.kind, one.key) == (subject.kind, subject.key)]
    if same:
        return next((one for one in same if one.path == subject.path), same[0])
    return next((one for one in was.subjects if (one.kind, one.path) == (subject.kind, subject.path)), None)


def _is_step_back(subject: Subject, former: Subject | None) -> bool:
    if former is None:
        return False
    if former.key == subject.key:
        return is_lower(subject.version, former.version)
    # A place that ends with its version: s3://models/fraud/7.
    mine, theirs = subject.key.rpartition("/"), former.key.rpartition("/")
    return mine[0] == theirs[0] and is_lower(mine[2], theirs[2])


def _removals(old: _State, new: _State, events: list[Event]) -> list[Event]:
    replaced = {
        (event.environment, event.former.kind, event.former.key)
        for event in events
        if event.former is not None
    }
    gone: list[Event] = []
    seen: set[Slot] = set()
    for holder in sorted(old.holders, key=lambda one: (one.environment, *one.identity, one.place)):
        for subject in sorted(holder.subjects, key=lambda one: one.version):
            slot = _slot(holder, subject)
            if slot in new.versions or slot in replaced or slot in seen or subject.pin == "unknown":
                continue
            seen.add(slot)
            gone.append(Event("removal", holder.environment, subject, holder, subject))
    return gone
