"""What one object holds of its quotas, and what becomes of that by what is asked and seen. Pure: the ledger stores it.

Two rules keep what is held from ever being less than what may be stored in the cluster:

- What an older version of the object says is ignored where a newer one is known. Watches may be late, never early.
- A reservation that was made on version `b` of an object stays open until a version after `b` is seen. An update is stored
  on the version that it was admitted on or not at all (the API server asks anew where it lost a race), so that from then on
  it has been stored, or never will be. Else it ends by a read that shows no such version, or no object, long enough after.
"""

from collections.abc import Collection, Iterable
from typing import Final

from lockgate.engine.quota.amounts import Charge, HoldingState, QuotaKey, saturated
from lockgate.engine.quota.reservation import UNKNOWN_VERSION, ObjectKey, Reference, Seen
from lockgate.engine.quota.windows import TimedCharge, live_case, live_since, used_time, window_of
from lockgate.engine.record import changed, ordered_record, record

_SECOND_NS: Final = 1_000_000_000


@record
class Open:
    """A reservation of which it is not known yet whether its request was stored. charges: in full, by window too."""

    request: str
    requester: str
    base_version: int
    charges: tuple[Charge, ...]
    timed: tuple[TimedCharge, ...] = ()


@ordered_record
class Entry:
    """What an object adds to a counter: for what was seen of it, for open reservations, and for what it used before."""

    used: int = 0
    reserved: int = 0
    spent: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.used + self.reserved + self.spent

    def plus(self, other: "Entry") -> "Entry":
        """The sums with another's."""
        return Entry(self.used + other.used, self.reserved + other.reserved, self.spent + other.spent)

    def more_than(self, former: "Entry") -> "Entry":
        """The differences to a former entry; they may be negative."""
        return Entry(self.used - former.used, self.reserved - former.reserved, self.spent - former.spent)


NOTHING: Final = Entry()


@record
class Holding:
    """One object's part of the ledger.

    state: `reserved` before it was seen, `confirmed` since, `released` when it is gone, or was never stored.
    version: the newest one seen, 0 for none. used: charges of that version, over time those of its worst case from `since_s`
    on. spent: what it used before. started_s: since when its devices are its own. All times are seconds of Unix time.
    """

    key: ObjectKey
    reference: Reference
    state: HoldingState = "reserved"
    version: int = 0
    used: tuple[Charge, ...] = ()
    spent: tuple[Charge, ...] = ()
    timed: tuple[TimedCharge, ...] = ()
    started_s: int = 0
    since_s: int = 0
    open: tuple[Open, ...] = ()

    @property
    def is_gone(self) -> bool:
        """Whether it was seen, and is no more. A uid never comes back."""
        return self.state == "released" and self.version > 0

    def entries(self) -> dict[QuotaKey, Entry]:
        """What it adds to each counter."""
        used = {one.key: one.amount for one in self.used}
        spent = {one.key: one.amount for one in self.spent}
        most: dict[QuotaKey, int] = {}
        for asked in self.open:
            for one in asked.charges:
                most[one.key] = max(most.get(one.key, 0), one.amount)
        return {
            key: Entry(used.get(key, 0), max(0, most.get(key, 0) - used.get(key, 0)), spent.get(key, 0))
            for key in used.keys() | spent.keys() | most.keys()
        }

    def asked(self, wanted: Open, now_ns: int) -> "Holding":
        """With an open reservation more. What was released without having been seen is held anew."""
        held = self
        if self.version == 0:
            held = changed(self, state="reserved", timed=wanted.timed, since_s=second(now_ns))
        others = [one for one in self.open if one.request != wanted.request]
        return changed(held, open=(*others, wanted))

    def has_room_for(self, wanted: Open) -> bool:
        """Whether a request asks for nothing that would have to be remembered: not more than the version it is made on has."""
        if (
            self.state != "confirmed"
            or wanted.base_version != self.version
            or self.version == UNKNOWN_VERSION
        ):
            return False
        used = {one.key: one.amount for one in self.used}
        return wanted.timed == self.timed and all(
            one.amount <= used.get(one.key, 0) for one in wanted.charges if not one.key.window
        )

    def sighted(self, seen: Seen, now_ns: int) -> "Holding":
        """After a sight of the object. One that is late changes nothing."""
        if self.is_gone or seen.version < self.version:
            return self
        if not seen.is_known:
            seen = self._at_least(seen)
        now = second_after(now_ns)
        told = None if seen.started_ns is None else min(second(seen.started_ns), now)
        started, since, spent = self.started_s, self.since_s, self.spent
        if self.version == 0 or (told is not None and told != started and not spent):
            started = now if told is None else told
            since = live_since(seen.timed, started, now)
        elif seen.timed != self.timed:
            spent = _joined(spent, _spent_on(self.timed, since, now))
            since = max(since, now)
        return changed(
            self,
            reference=seen.reference,
            state="confirmed",
            version=max(seen.version, 1),
            used=_joined(seen.charges, _held_over_time(seen.timed, started, since, now)),
            spent=spent,
            timed=seen.timed,
            started_s=started,
            since_s=since,
            open=tuple([one for one in self.open if one.base_version >= seen.version]),
        )

    def _at_least(self, seen: Seen) -> Seen:
        """The sight with all that is held for what it may have: the version before it, and requests that it may be of."""
        stored = [one for one in self.open if one.base_version < seen.version]
        charges = [one for one in self.used if not one.key.window]
        timed = [*self.timed]
        for one in stored:
            charges += [charge for charge in one.charges if not charge.key.window]
            timed += one.timed
        return changed(
            seen, charges=_largest([*charges, *seen.charges]), timed=_longest([*timed, *seen.timed])
        )

    def ended(self, version: int, now_ns: int) -> "Holding":
        """After it was seen to be gone: nothing is held, and what it used over time is spent."""
        if self.is_gone:
            # A request that came behind its end is not stored any more.
            return changed(self, open=()) if self.open else self
        # Of a reservation that nobody saw stored, the time since then is charged.
        spent = _joined(self.spent, _spent_on(self.timed, self.since_s, second_after(now_ns)))
        return changed(
            self, state="released", version=max(self.version, version, 1), used=(), spent=spent, open=()
        )

    def read(self, requests: Collection[str], found: Seen | None, now_ns: int) -> "Holding":
        """After a consistent read that was begun so long after some requests that none of them can still be on its way.

        found: what was read under the object's uid; None: nothing is there.
        """
        if found is not None:
            return self.sighted(found, now_ns).dropped(requests)
        # Who was there is gone; who never was may have asked again meanwhile.
        return self.ended(self.version, now_ns) if self.version else self.dropped(requests)

    def dropped(self, requests: Collection[str]) -> "Holding":
        """Without some of the open reservations: their requests were not stored, and will not be."""
        left = tuple([one for one in self.open if one.request not in requests])
        if not left and self.state == "reserved":
            return changed(self, state="released", open=(), timed=())
        return changed(self, open=left)

    def is_to_advance(self, now_ns: int) -> bool:
        """Whether a window has ended, or its bound has, since its time was settled."""
        now = second(now_ns)
        return self.state == "confirmed" and any(
            window_of(one.period, self.since_s)[1] <= now
            or (one.most_s is not None and self.started_s + one.most_s < now)
            for one in self.timed
        )

    def advanced(self, now_ns: int) -> "Holding":
        """With its time until now settled, and what it may use from now on held."""
        if self.state != "confirmed" or not self.timed:
            return self
        now = second_after(now_ns)
        since = max(self.since_s, now)
        plain = [one for one in self.used if not one.key.window]
        return changed(
            self,
            used=_joined(plain, _held_over_time(self.timed, self.started_s, since, now)),
            spent=_joined(self.spent, _spent_on(self.timed, self.since_s, now)),
            since_s=since,
        )

    def pruned(self, before_s: int) -> "Holding":
        """Without what it spent in windows that began before a moment."""
        return changed(self, spent=tuple([one for one in self.spent if one.key.window >= before_s]))


def second(moment_ns: int) -> int:
    """The second that a moment is in."""
    return moment_ns // _SECOND_NS


def second_after(moment_ns: int) -> int:
    """The first second that is not before a moment."""
    return -(-moment_ns // _SECOND_NS)


def _held_over_time(timed: Iterable[TimedCharge], started: int, since: int, now: int) -> list[Charge]:
    return [charge for one in timed for charge in live_case(one, started, since, now)]


def _spent_on(timed: Iterable[TimedCharge], since: int, until: int) -> list[Charge]:
    return [charge for one in timed for charge in used_time(one, since, until)]


def _largest(charges: Iterable[Charge]) -> tuple[Charge, ...]:
    """Of the charges under one key the largest."""
    most: dict[QuotaKey, int] = {}
    for one in charges:
        most[one.key] = max(most.get(one.key, 0), one.amount)
    return tuple([Charge(key, amount) for key, amount in sorted(most.items())])


def _longest(charges: Iterable[TimedCharge]) -> tuple[TimedCharge, ...]:
    """Of the charges over time under one key, the most devices and the longest time."""
    most: dict[QuotaKey, TimedCharge] = {}
    for one in charges:
        known = most.get(one.key)
        if known is not None:
            bounds = (known.most_s, one.most_s)
            longest = None if None in bounds else max([bound for bound in bounds if bound is not None])
            one = changed(one, devices=max(known.devices, one.devices), most_s=longest)
        most[one.key] = one
    return tuple([most[key] for key in sorted(most)])


def _joined(first: Iterable[Charge], second: Iterable[Charge]) -> tuple[Charge, ...]:
    return saturated((*first, *second))
