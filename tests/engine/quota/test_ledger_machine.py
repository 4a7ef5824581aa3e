"""The ledger beside a cluster that does whatever it may, in any order.

Requests are admitted, stored late, lost, given up, repeated, tried out; objects are updated by several at once, and deleted; two
watches tell of it, each at its own pace; lists come late; reservations are ended by reads; limits are lowered; a process starts.
After every step the ledger says exactly what a model of it says (`ledger_model`), each object holds at least what it has and
what may still be stored of it, and nothing together is above the limit. In the end the ledger is the cluster.

By hand, each of these changes of the ledger's code was made, and found by this test:

 1. the limit is compared with what is used alone, not with what is reserved
 2. the limit is compared with one device less than what is asked for
 3. concurrent updates hold the latest of what was asked, not the most
 4. an update reserves all that it asks for, not its delta
 5. an older version takes the place of a newer one
 6. a sight leaves reservations open that were made on an older version
 7. a sight ends reservations that were made on the version that is seen
 8. an object comes back that was seen to be gone
 9. a read that finds nothing ends all reservations of an object that was never seen
10. a read that finds the version that an update was made on leaves the update open
11. a list ends objects that were seen after it (it looks twice: both were taken away)
12. a list ends no object at all
13. a request that asks for no more passes on any version of its object
14. a request that was given up is answered as if it were held
15. a repeated request is counted twice for its requester
16. a closed reservation is not counted down for its requester
17. a dry run is answered as any other request, and writes
18. a refusal keeps what the same request was given under other keys
19. a process that starts reserves before a rebuild
20. what is held for an object that is gone stays
21. soft limits are not told of
22. another request under the uid of one that came before is taken for the same
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from lockgate.engine.database.connections import write_transaction
from lockgate.engine.quota.errors import NotReadyError, RepeatedRequestError
from lockgate.engine.quota.outcome import Reserved
from lockgate.engine.quota.reservation import Asked
from lockgate.engine.quota.store.ledger import Ledger, Listing
from lockgate.engine.quota.store.reading import read_holders
from lockgate.engine.record import changed
from sqlalchemy import text

from tests.engine.quota.ledger_model import Model, limits
from tests.engine.quota.ledgers import (
    CLAIMS,
    GPUS,
    SECOND,
    START,
    amounts,
    asked,
    make_ledger,
    object_key,
    updated,
)
from tests.engine.quota.stored_objects import Event, StoredObjects, devices_of, tell

LIMIT = 12
LOWERED = 8
SOFT = 6
MOST_OPEN = 4
EXAMPLES = 40
STEPS = 40
DEVICES = st.integers(1, 7)
CEILINGS = st.sampled_from([LIMIT, LIMIT, LIMIT, LOWERED])
REQUESTERS = st.sampled_from(["ann", "bob"])
ANY = st.integers(0, 1000)
_REQUESTERS = text("SELECT name, open FROM quota_requester WHERE open <> 0")


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.cluster = StoredObjects()
        self.model = Model(MOST_OPEN)
        # Admitted, and on their way to the store.
        self.flying: list[Asked] = []
        self.told = [0, 0]
        # Lists that were taken, with what was in the cluster then.
        self.lists: list[tuple[Listing, dict[str, Event]]] = []
        self.requests = 0
        self.seconds = 0

    @initialize()
    def start(self) -> None:
        self.ledger: Ledger = make_ledger(Path(self.folder.name), most_open=MOST_OPEN)

    @property
    def now(self) -> int:
        return START + self.seconds * SECOND

    def ask(self, one: Asked) -> bool:
        outcome = self.ledger.reserve(one, self.now)
        assert outcome == self.model.ask(one)
        if isinstance(outcome, Reserved) and not one.dry_run:
            self.flying.append(one)
            return True
        return False

    def creation(self, devices: int, hard: int, requester: str) -> Asked:
        self.requests += 1
        name = f"r{self.requests}"
        return asked(
            f"u{self.requests}", devices, request=name, limits=limits(hard, SOFT), requester=requester
        )

    def update_of(self, devices: int, which: int, hard: int, requester: str) -> Asked:
        self.requests += 1
        there = [*self.cluster.objects.values()][which % len(self.cluster.objects)]
        return updated(
            there.uid,
            devices,
            there.version,
            f"r{self.requests}",
            limits=limits(hard, SOFT),
            requester=requester,
        )

    # Few objects, of which much becomes.
    @precondition(lambda self: len(self.cluster.objects) + len(self.flying) < 4)
    @rule(devices=DEVICES, hard=CEILINGS, requester=REQUESTERS)
    def create(self, devices: int, hard: int, requester: str) -> None:
        self.ask(self.creation(devices, hard, requester))

    @precondition(lambda self: len(self.cluster.objects) < 4)
    @rule(devices=DEVICES, requester=REQUESTERS)
    def create_and_store(self, devices: int, requester: str) -> None:
        if self.ask(self.creation(devices, LIMIT, requester)):
            self.cluster.store(self.flying.pop())

    @precondition(lambda self: any(one.operation == "CREATE" for one in self.flying))
    @rule(devices=DEVICES, which=ANY)
    def create_again(self, devices: int, which: int) -> None:
        """Another request about an object of which nothing was seen."""
        created = [one for one in self.flying if one.operation == "CREATE"]
        former = created[which % len(created)].key.object.uid
        self.requests += 1
        self.ask(asked(former, devices, request=f"r{self.requests}", limits=limits(LIMIT, SOFT)))

    @precondition(lambda self: self.cluster.objects)
    @rule(devices=DEVICES, which=ANY, hard=CEILINGS, requester=REQUESTERS)
    def update(self, devices: int, which: int, hard: int, requester: str) -> None:
        self.ask(self.update_of(devices, which, hard, requester))

    @precondition(lambda self: self.cluster.objects)
    @rule(devices=DEVICES, which=ANY, requester=REQUESTERS)
    def update_and_store(self, devices: int, which: int, requester: str) -> None:
        if self.ask(self.update_of(devices, which, LIMIT, requester)):
            self.cluster.store(self.flying.pop())

    @rule(devices=DEVICES, which=ANY, hard=CEILINGS)
    def try_out(self, devices: int, which: int, hard: int) -> None:
        """A dry run."""
        one = (
            self.update_of(devices, which, hard, "ann")
            if self.cluster.objects and which % 2
            else self.creation(devices, hard, "ann")
        )
        self.ask(changed(one, dry_run=True))

    @rule(devices=DEVICES)
    def ask_in_a_transaction_that_fails(self, devices: int) -> None:
        """The record of the request could not be written: nothing is held."""
        one = self.creation(devices, LIMIT, "ann")
        with pytest.raises(KeyError), write_transaction(self.ledger.engine) as connection:
            self.ledger.reserve_on(connection, one, self.now)
            raise KeyError

    @rule(devices=DEVICES)
    def refused_in_a_transaction_that_succeeds(self, devices: int) -> None:
        """What was refused is undone, and what else is written stays."""
        one = self.creation(LIMIT + devices, LIMIT, "bob")
        with write_transaction(self.ledger.engine) as connection:
            assert self.ledger.reserve_on(connection, one, self.now) == self.model.ask(one)

    @precondition(lambda self: self.flying)
    @rule(which=ANY)
    def store(self, which: int) -> None:
        self.cluster.store(self.flying.pop(which % len(self.flying)))

    @precondition(lambda self: self.flying)
    @rule(which=ANY)
    def lose(self, which: int) -> None:
        """Another webhook denies it, or the API server dies."""
        self.flying.pop(which % len(self.flying))

    @precondition(lambda self: self.flying)
    @rule(which=ANY, again=st.booleans())
    def cancel(self, which: int, again: bool) -> None:
        """It could not be recorded, and was denied; perhaps it is sent once more."""
        one = self.flying[which % len(self.flying)]
        self.flying = [other for other in self.flying if other.key != one.key]
        self.ledger.cancel(one.key, self.now)
        self.model.of(one.key.object.uid).close(one.key.request, is_confirmed=False)
        if again:
            self.ask(one)

    @precondition(lambda self: self.cluster.objects)
    @rule(devices=DEVICES, which=ANY)
    def update_given_up_and_asked_again(self, devices: int, which: int) -> None:
        one = self.update_of(devices, which, LIMIT, "bob")
        if self.ask(one):
            self.flying.pop()
            self.ledger.cancel(one.key, self.now)
            self.model.of(one.key.object.uid).close(one.key.request, is_confirmed=False)
            self.ask(one)

    @precondition(lambda self: self.flying)
    @rule(which=ANY)
    def repeat(self, which: int) -> None:
        one = self.flying[which % len(self.flying)]
        outcome = self.ledger.reserve(one, self.now)
        assert outcome == self.model.ask(one)
        if not isinstance(outcome, Reserved):
            # Where it asked for no more than there was nothing was kept of it; the API server takes the later answer.
            self.flying = [other for other in self.flying if other.key != one.key]

    @precondition(lambda self: self.model.open)
    @rule(which=ANY)
    def repeat_with_something_else(self, which: int) -> None:
        opened = [one for known in self.model.objects.values() for one in known.open.values()]
        one = opened[which % len(opened)]
        with pytest.raises(RepeatedRequestError):
            self.ledger.reserve(
                asked(
                    one.key.object.uid,
                    devices_of(one) + 1,
                    request=one.key.request,
                    base_version=one.base_version,
                    operation=one.operation,
                ),
                self.now,
            )

    @precondition(lambda self: self.cluster.objects)
    @rule(which=ANY)
    def delete(self, which: int) -> None:
        self.cluster.delete([*self.cluster.objects][which % len(self.cluster.objects)])

    @precondition(lambda self: min(self.told) < len(self.cluster.events))
    @rule(watch=st.integers(0, 1), most=st.integers(1, 5))
    def watch(self, watch: int, most: int) -> None:
        for event in self.cluster.events[self.told[watch] :][:most]:
            tell(self.ledger, event, self.now)
            self.model.sight(event)
            self.told[watch] += 1

    @precondition(lambda self: self.cluster.objects)
    @rule(which=ANY)
    def found_gone_by_a_read_before_a_late_watch(self, which: int) -> None:
        event = [*self.cluster.objects.values()][which % len(self.cluster.objects)]
        for step in range(2):
            tell(self.ledger, event, self.now)
            self.model.sight(event)
            if step == 0:
                self.cluster.delete(event.uid)
                self.settle(event.uid, set())

    @precondition(lambda self: len(self.lists) < 2)
    @rule()
    def take_list(self) -> None:
        self.lists.append((self.cluster.list(), dict(self.cluster.objects)))

    @precondition(lambda self: self.lists)
    @rule(which=ANY)
    def relist(self, which: int) -> None:
        listing, present = self.lists.pop(which % len(self.lists))
        self.ledger.relist(listing, self.now)
        self.model.list(listing.version, present)

    @precondition(lambda self: len(self.cluster.objects) < 4)
    @rule(devices=DEVICES)
    def list_taken_before_a_creation(self, devices: int) -> None:
        """It takes its time, and the watch does not."""
        listing, present = self.cluster.list(), dict(self.cluster.objects)
        one = self.creation(devices, LIMIT, "bob")
        if self.ask(one):
            self.cluster.store(self.flying.pop())
            event = self.cluster.objects[one.key.object.uid]
            tell(self.ledger, event, self.now)
            self.model.sight(event)
        self.ledger.relist(listing, self.now)
        self.model.list(listing.version, present)

    @rule(devices=DEVICES)
    def start_anew(self, devices: int) -> None:
        """A process starts: it reserves nothing before everything was listed."""
        self.ledger.need_rebuild()
        with pytest.raises(NotReadyError):
            self.ledger.reserve(self.creation(devices, LIMIT, "ann"), self.now)
        assert self.ledger.rebuild([self.cluster.list()], self.now) == ()
        self.model.list(self.cluster.version, self.cluster.objects)

    @precondition(lambda self: self.model.objects)
    @rule(which=ANY, most=st.integers(0, 3))
    def settle_some(self, which: int, most: int) -> None:
        """The TTL is longer than any request is on its way: those that are flying are not due."""
        uid = [*self.model.objects][-1 - which % min(len(self.model.objects), 5)]
        flying = {one.key.request for one in self.flying}
        due = [name for name in self.model.of(uid).open if name not in flying]
        self.settle(uid, set(due[:most]))

    def settle(self, uid: str, requests: set[str]) -> None:
        key = object_key(uid)
        self.ledger.settle(key, requests, self.cluster.read(key), self.now)
        self.model.read(uid, requests, self.cluster.objects.get(uid))

    @rule(seconds=st.integers(-5000, 5000))
    def move_clock(self, seconds: int) -> None:
        self.seconds += seconds

    @invariant()
    def the_ledger_is_as_the_model_says(self) -> None:
        if not hasattr(self, "ledger"):
            return
        model = self.model
        assert amounts(self.ledger) == (model.used, model.held - model.used, 0)
        assert amounts(self.ledger, CLAIMS) == (*model.claims, 0)
        assert {one.key: one.requester for one in self.ledger.open_reservations()} == model.open
        with self.ledger.engine.connect() as connection:
            held = {one.uid: one.amount for one in read_holders(connection, GPUS, 10**6)}
            counted = {row.name: row.open for row in connection.execute(_REQUESTERS)}
        assert held == {uid: one.held for uid, one in model.objects.items() if one.held}
        assert counted == dict(model.requesters)

    @invariant()
    def every_object_holds_what_it_has_and_may_get(self) -> None:
        """Of the model, so that it may not be wrong as the ledger is."""
        held = {uid: one.held for uid, one in self.model.objects.items()}
        for uid, one in self.cluster.objects.items():
            assert held.get(uid, 0) >= (one.devices or 0)
        gone = {event.uid for event in self.cluster.events if event.devices is None}
        for request in self.flying:
            uid = request.key.object.uid
            there = self.cluster.objects.get(uid)
            if uid not in gone and request.base_version == (there.version if there else 0):
                assert held.get(uid, 0) >= devices_of(request)
        assert sum(held.values()) <= LIMIT

    def teardown(self) -> None:
        try:
            if hasattr(self, "ledger"):
                self.look_at_the_end()
                self.ledger.engine.dispose()
        finally:
            self.folder.cleanup()

    def look_at_the_end(self) -> None:
        self.flying.clear()
        for watch in (0, 1):
            self.watch(watch, len(self.cluster.events))
        for one in self.ledger.open_reservations():
            self.settle(one.key.object.uid, {one.key.request})
        self.the_ledger_is_as_the_model_says()
        assert amounts(self.ledger) == (self.cluster.devices, 0, 0)
        assert amounts(self.ledger, CLAIMS) == (len(self.cluster.objects), 0, 0)
        assert self.ledger.repair() == ()
        last = asked("last", LIMIT, hard=LIMIT + self.cluster.devices)
        assert self.ledger.reserve(last, self.now) == Reserved()


LedgerMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestLedger = LedgerMachine.TestCase
