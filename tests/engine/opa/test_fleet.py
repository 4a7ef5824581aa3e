"""A fleet asks the next server where one fails, tries a bounded number of times, and leaves a failing one alone."""

import pytest
from lockgate.engine.opa.connection import Connection, NoAnswerError
from lockgate.engine.opa.fleet import FAILURES, Breaker, Fleet, ServersLostError
from lockgate.engine.opa.servers import Access, Address

ONE = Address("127.0.0.1", 1, False)
TWO = Address("localhost", 2, False)


class World:
    """A clock that waits move, and which servers answer."""

    def __init__(self, *answering: Address) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self.asked: list[Address] = []
        self.answering = set(answering)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def work(self, connection: Connection) -> str:
        self.asked.append(connection.address)
        if connection.address not in self.answering:
            raise NoAnswerError("it is off")
        return str(connection.address)

    def fleet(self, *addresses: Address, rounds: int = 3) -> Fleet:
        return Fleet(addresses, Access(rounds=rounds), clock=lambda: self.now, sleep=self.sleep)


def test_the_next_server_is_asked() -> None:
    world = World(TWO)
    fleet = world.fleet(ONE, TWO)
    assert fleet.run(world.work) == str(TWO)
    assert world.asked == [ONE, TWO]
    assert world.waits == []
    # What answered last is asked first.
    assert fleet.run(world.work) == str(TWO)
    assert world.asked == [ONE, TWO, TWO]
    fleet.close()


def test_tries_are_bounded_and_apart() -> None:
    world = World()
    fleet = world.fleet(ONE, TWO)
    with pytest.raises(ServersLostError) as told:
        fleet.run(world.work)
    assert world.asked == [ONE, TWO] * 3
    assert len(world.waits) == 2
    assert 0 < world.waits[0] <= world.waits[1] * 2 <= 4
    for wanted in (str(ONE), str(TWO), "it is off", "--opa-url"):
        assert wanted in str(told.value)
    fleet.close()


def test_nobody_is_asked_when_the_time_is_over() -> None:
    world = World()
    fleet = world.fleet(ONE, TWO)
    with pytest.raises(ServersLostError):
        fleet.run(world.work, until=0.2)
    # No wait that would end too late.
    assert (world.asked, world.waits) == ([ONE, TWO], [])
    world.now = 0.2
    with pytest.raises(ServersLostError):
        fleet.run(world.work, until=0.2)
    assert world.asked == [ONE, TWO]
    fleet.close()


def test_each_server_does_the_work() -> None:
    world = World(TWO)
    fleet = world.fleet(ONE, TWO)
    assert fleet.each(world.work) == {ONE: "it is off"}
    assert world.asked == [ONE, TWO]
    fleet.close()


def test_a_failing_server_is_left_alone() -> None:
    world = World()
    fleet = world.fleet(ONE)
    for _ in range(3):
        with pytest.raises(ServersLostError):
            fleet.run(world.work)
    # The first run opened the circuit: the others asked nothing.
    assert len(world.asked) == FAILURES
    fleet.close()


def test_breaker() -> None:
    breaker = Breaker()
    pauses: list[float] = []
    for _ in range(12):
        assert breaker.allows(100.0) or breaker.failures >= FAILURES
        breaker.failed(100.0, "off")
        pauses.append(max(0.0, breaker.until - 100.0))
    assert pauses[: FAILURES - 1] == [0.0] * (FAILURES - 1)
    assert pauses[FAILURES - 1 :] == sorted(pauses[FAILURES - 1 :])
    assert pauses[-1] == 60.0
    assert not breaker.allows(159.0)
    assert breaker.allows(160.0)
    assert breaker.is_on_trial
    breaker.answered()
    assert breaker.allows(0.0)
    assert not breaker.is_on_trial
