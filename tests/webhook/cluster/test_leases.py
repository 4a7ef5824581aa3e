"""Leadership: one at a time, whatever clocks say, taken over when it is not renewed, and given up in time."""

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.cluster.leases import DURATION_S, Leadership, LeaseError

Json = dict[str, Any]


@dataclass(slots=True)
class Memory:
    """A Lease as the API server keeps it; not reached by those who are cut off."""

    lease: Json | None = None
    version: int = 0
    cut_off: set[str] = field(default_factory=set)

    def of(self, who: str) -> "Reached":
        return Reached(self, who)


@dataclass(frozen=True, slots=True)
class Reached:
    memory: Memory
    who: str

    def load(self) -> Json | None:
        if self.who in self.memory.cut_off:
            raise LeaseError("cut off")
        return copy.deepcopy(self.memory.lease)

    def create(self, lease: Json) -> bool:
        return self._keep(lease, self.memory.lease is None)

    def replace(self, lease: Json) -> bool:
        version = lease["metadata"]["resourceVersion"]
        return self._keep(lease, version == str(self.memory.version))

    def _keep(self, lease: Json, is_allowed: bool) -> bool:
        if self.who in self.memory.cut_off:
            raise LeaseError("cut off")
        if is_allowed:
            self.memory.version += 1
            self.memory.lease = {**lease, "metadata": {"resourceVersion": str(self.memory.version)}}
        return is_allowed


@dataclass(slots=True)
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def candidates(memory: Memory, *clocks: Clock) -> list[Leadership]:
    return [Leadership(memory.of(str(place)), str(place), clock) for place, clock in enumerate(clocks)]


def test_the_first_leads_until_it_is_not_renewed_for_the_whole_duration() -> None:
    memory, clock = Memory(), Clock()
    first, second = candidates(memory, clock, clock)
    assert (first.is_leader(), second.is_leader()) == (True, False)
    memory.cut_off = {"0"}
    took_over_at = 0.0
    while not took_over_at:
        clock.now += 1
        leads, other = first.is_leader(), second.is_leader()
        assert not (leads and other)
        took_over_at = clock.now if other else 0.0
    assert DURATION_S <= took_over_at - 100 <= DURATION_S + 3
    memory.cut_off = set()
    clock.now += 3
    assert (first.is_leader(), second.is_leader()) == (False, True)
    assert memory.lease is not None
    assert memory.lease["spec"]["leaseTransitions"] == 1


def test_a_lease_that_is_given_up_is_taken_at_once() -> None:
    memory, clock = Memory(), Clock()
    first, second = candidates(memory, clock, clock)
    assert (first.is_leader(), second.is_leader()) == (True, False)
    first.release()
    clock.now += 2
    assert second.is_leader()
    first.release()
    clock.now += 5
    assert second.is_leader()


@pytest.mark.parametrize("spec", [{}, {"holderIdentity": 3, "leaseDurationSeconds": "x"}, None])
def test_a_lease_that_somebody_has_bent_is_waited_for_and_taken(spec: Any) -> None:
    memory, clock = Memory({"metadata": {"resourceVersion": "0"}, "spec": spec}), Clock()
    (first,) = candidates(memory, clock)
    for _ in range(DURATION_S + 3):
        clock.now += 1
        first.is_leader()
    assert first.is_leader()


STEPS = st.lists(st.tuples(st.integers(0, 2), st.floats(0.1, 8), st.booleans()), max_size=60)


@given(STEPS)
def test_two_never_lead(steps: list[tuple[int, float, bool]]) -> None:
    """Clocks run at one speed, and begin anywhere."""
    memory, clocks = Memory(), [Clock(0.0), Clock(5_000.0), Clock(77.7)]
    everyone = candidates(memory, *clocks)
    for who, seconds, is_cut_off in steps:
        for clock in clocks:
            clock.now += seconds
        memory.cut_off = memory.cut_off | {str(who)} if is_cut_off else memory.cut_off - {str(who)}
        everyone[who].is_leader()
        assert sum(one.is_leader() for one in everyone) <= 1
