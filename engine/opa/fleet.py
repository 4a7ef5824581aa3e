"""Several OPA servers as one: the next is asked where one fails, and one that keeps failing is left alone for a while.

Everything that is asked may be asked again: a query changes nothing, and what is pushed is named by its content.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import SystemRandom
from typing import Final, TypeVar

from lockgate.engine.errors import EvaluationError
from lockgate.engine.opa.connection import Connection, NoAnswerError
from lockgate.engine.opa.servers import Access, Address

# Failures one after the other until a server is left alone, and for how many seconds: twice as long each time.
FAILURES: Final = 3
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 60.0
# Between two rounds over all servers, at most; the first wait is a quarter of a second.
_LONGEST_WAIT: Final = 2.0

T = TypeVar("T")
Work = Callable[[Connection], T]


class ServersLostError(EvaluationError):
    """No server answers; the message names each with the reason."""


@dataclass(slots=True)
class Breaker:
    """Whether a server is asked. Closed: it is; open until a moment: it is not, and then it is tried once."""

    failures: int = 0
    until: float = 0.0
    why: str = ""

    def allows(self, now: float) -> bool:
        """May the server be asked?"""
        return self.failures < FAILURES or now >= self.until

    @property
    def is_on_trial(self) -> bool:
        """Has the server failed so often that its health is asked first?"""
        return self.failures >= FAILURES

    def failed(self, now: float, why: str) -> None:
        """The server gave no answer."""
        self.failures += 1
        self.why = why
        if self.failures >= FAILURES:
            # The exponent is bounded before the power is taken.
            pause = _FIRST_PAUSE * 2.0 ** min(self.failures - FAILURES, 10)
            self.until = now + min(_LONGEST_PAUSE, pause)

    def answered(self) -> None:
        """The server gave an answer."""
        self.failures, self.until, self.why = 0, 0.0, ""


class Fleet:
    """The servers, asked by any number of threads; each has connections of its own, and so has a forked process."""

    def __init__(
        self,
        addresses: Sequence[Address],
        access: Access,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.addresses: Final = tuple(addresses)
        self.access: Final = access
        self._clock = clock
        self._sleep = sleep
        self._random: Final = SystemRandom()
        self._breakers: Final = {address: Breaker() for address in self.addresses}
        self._lock: Final = threading.Lock()
        self._local: Final = threading.local()
        self._opened: list[Connection] = []
        self._first = 0

    def run(self, work: Work[T], until: float | None = None) -> T:
        """What the work gives with the first server that answers. Raises ServersLostError.

        The work raises NoAnswerError where its server failed. It may be done again, with the same server too. until: the
        moment of the clock after which nobody is asked any more.
        """
        for round_number in range(self.access.rounds):
            if round_number:
                most = min(_LONGEST_WAIT, 0.25 * 2.0**round_number)
                pause = most / 2 + self._random.random() * most / 2
                if until is not None and self._clock() + pause >= until:
                    break
                self._sleep(pause)
            tried = False
            for index in self._order():
                address = self.addresses[index]
                breaker = self._breakers[address]
                now = self._clock()
                if not breaker.allows(now) or (until is not None and now >= until):
                    continue
                tried = True
                try:
                    connection = self._connection(address)
                    if breaker.is_on_trial and not connection.is_healthy():
                        raise NoAnswerError(breaker.why or "it does not say that it is healthy")
                    made = work(connection)
                except NoAnswerError as error:
                    with self._lock:
                        breaker.failed(self._clock(), str(error))
                    continue
                with self._lock:
                    breaker.answered()
                    self._first = index
                return made
            if not tried:
                break
        raise ServersLostError(self._lost())

    def each(self, work: Work[object]) -> dict[Address, str]:
        """Does the work with every server; which of them failed, and why."""
        failed: dict[Address, str] = {}
        for address in self.addresses:
            try:
                work(self._connection(address))
            except NoAnswerError as error:
                failed[address] = str(error)
        return failed

    def close(self) -> None:
        """Ends the connections that this process has."""
        with self._lock:
            opened, self._opened = self._opened, []
        for connection in opened:
            connection.close()
        self._local.__dict__.clear()

    def _order(self) -> list[int]:
        """The server that answered last comes first."""
        count = len(self.addresses)
        return [(self._first + step) % count for step in range(count)]

    def _connection(self, address: Address) -> Connection:
        # Two processes must not write to one socket.
        key = (os.getpid(), address)
        found: Connection | None = self._local.__dict__.get(repr(key))
        if found is None:
            found = Connection(address, self.access)
            self._local.__dict__[repr(key)] = found
            with self._lock:
                self._opened.append(found)
        return found

    def _lost(self) -> str:
        told = [f"{address}: {self._breakers[address].why}" for address in self.addresses]
        return (
            f"no OPA server answers ({'; '.join(told)}); see that it runs and can be reached, or name others with "
            "--opa-url"
        )
