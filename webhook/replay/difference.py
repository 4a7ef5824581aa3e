"""The difference that other policies make: by effect, policy, namespace and object; counted, with the first of each."""

from collections.abc import Iterable
from typing import Final, Literal, final

from lockgate.engine.record import mutable_record, record
from lockgate.webhook.replay.outcome import REFUSED, Outcome, Said, standing_of
from lockgate.webhook.replay.subject import Subject

# What becomes of an object that became of it otherwise: refused, warned of, let through, warned of no more; or it cannot
# be told under the other policies; or only what is said of it is another.
Effect = Literal["denied", "warned", "letThrough", "relieved", "unknown", "saidOtherwise"]
EFFECTS: Final[tuple[Effect, ...]] = (
    "denied",
    "warned",
    "letThrough",
    "relieved",
    "unknown",
    "saidOtherwise",
)
# Objects that are kept; those beyond are counted.
MAX_OBJECTS: Final = 10_000
MAX_NAMESPACES: Final = 10_000
BEYOND: Final = "(others)"
# What is shown of what is said of an object.
MAX_SAID: Final = 5

Counts = dict[Effect, int]


def effect_of(before: Outcome, after: Outcome) -> Effect | None:
    """What another outcome means for its object; None where it is the same."""
    if before == after:
        return None
    was, now = standing_of(before), standing_of(after)
    if now in REFUSED:
        return "saidOtherwise" if was in REFUSED else "denied"
    if now == "unknown":
        return "saidOtherwise" if was == "unknown" else "unknown"
    if was in REFUSED:
        return "letThrough"
    if was == now:
        return "saidOtherwise"
    if was == "unknown":
        # Nothing is worse than it was, nor was it let through before.
        return "letThrough"
    return "warned" if now == "warned" else "relieved"


def policies_of(effect: Effect, before: Outcome, after: Outcome) -> frozenset[str]:
    """The policies by which it comes to this."""
    gained, lost = after - before, before - after
    led: Iterable[Said] = gained | lost
    if effect == "denied":
        led = [
            one
            for one in gained
            if one.how == "failure" or ("deny" in one.actions and one.how == "violation")
        ]
    elif effect == "warned":
        led = [one for one in gained if one.how == "violation" and "warn" in one.actions]
    elif effect == "unknown":
        led = [one for one in gained if one.how == "unknown"]
    elif effect != "saidOtherwise":
        led = lost
    return frozenset([one.policy for one in led])


@record
class Change:
    """How it changes for an object. gained, lost: what only the other policies say, and only those before. entry: the record."""

    effect: Effect
    gained: tuple[Said, ...]
    lost: tuple[Said, ...]
    entry: int | None


@mutable_record
class ObjectChanges:
    """What changes for an object: how often, and the first of each effect."""

    counts: Counts
    first: dict[Effect, Change]


@final
class Difference:
    """Gathers what changes. compared: how many Decisions were made under both."""

    def __init__(self) -> None:
        self.compared = 0
        self.counts: Counts = {}
        self.by_policy: dict[str, Counts] = {}
        self.by_namespace: dict[str, Counts] = {}
        self.by_object: dict[Subject, ObjectChanges] = {}
        # Changes of objects that are not kept.
        self.beyond = 0

    def take(self, subject: Subject, before: Outcome, after: Outcome, entry: int | None = None) -> None:
        """One more."""
        self.compared += 1
        effect = effect_of(before, after)
        if effect is None:
            return
        gained, lost = sorted(after - before), sorted(before - after)
        change = Change(effect, tuple(gained[:MAX_SAID]), tuple(lost[:MAX_SAID]), entry)
        _count(self.counts, effect)
        for policy in policies_of(effect, before, after):
            _count(self.by_policy.setdefault(policy, {}), effect)
        place = subject.namespace
        if place not in self.by_namespace and len(self.by_namespace) >= MAX_NAMESPACES:
            place = BEYOND
        _count(self.by_namespace.setdefault(place, {}), effect)
        self._keep(subject, {effect: 1}, {effect: change})

    def add(self, other: "Difference") -> None:
        """What later ones found."""
        self.compared += other.compared
        self.beyond += other.beyond
        _add(self.counts, other.counts)
        for policy, counts in other.by_policy.items():
            _add(self.by_policy.setdefault(policy, {}), counts)
        for name, counts in other.by_namespace.items():
            place = name
            if place not in self.by_namespace and len(self.by_namespace) >= MAX_NAMESPACES:
                place = BEYOND
            _add(self.by_namespace.setdefault(place, {}), counts)
        for subject, changes in other.by_object.items():
            self._keep(subject, changes.counts, changes.first)

    def count(self, effect: Effect) -> int:
        """How many Decisions change so."""
        return self.counts.get(effect, 0)

    def objects(self, effect: Effect) -> list[tuple[Subject, Change]]:
        """The objects that are kept for which it changes so, with the first change of each, sorted."""
        found = [
            (subject, changes.first[effect])
            for subject, changes in self.by_object.items()
            if effect in changes.first
        ]
        return sorted(found, key=lambda one: one[0])

    def _keep(self, subject: Subject, counts: Counts, first: dict[Effect, Change]) -> None:
        known = self.by_object.get(subject)
        if known is None:
            if len(self.by_object) >= MAX_OBJECTS:
                self.beyond += sum(counts.values())
                return
            known = self.by_object[subject] = ObjectChanges({}, {})
        _add(known.counts, counts)
        for effect, change in first.items():
            known.first.setdefault(effect, change)


def _count(counts: Counts, effect: Effect) -> None:
    counts[effect] = counts.get(effect, 0) + 1


def _add(counts: Counts, more: Counts) -> None:
    for effect, count in more.items():
        counts[effect] = counts.get(effect, 0) + count
