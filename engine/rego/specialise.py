"""Code for one constraint: a program compiled again with the constraint's parameters as constants, once it is worth it.

Such code runs faster, and takes about as long to make as a few thousand evaluations gain: it is made after so many
evaluations, for so many constraints, and the program that constraints share serves until then and otherwise.
"""

import threading
from collections.abc import Callable
from typing import Final

from lockgate.engine.errors import PolicyError
from lockgate.engine.rego.program import Program

# A constraint that has been evaluated so often will be again.
DEFAULT_AFTER: Final = 1_000
# Each program takes some 100 kB and 30 ms to make.
DEFAULT_MOST: Final = 256
# Constraints that are evaluated together do not all get their code in one review, which would wait for it.
APART: Final = 50
# Has something done later, by somebody else.
Later = Callable[[Callable[[], None]], None]


class Allowance:
    """Says when constraints get code of their own. Shared by all constraints of a set of policies.

    after: the evaluations of the first constraint before it does; None for never. most: how many do at most.
    apart: how many evaluations later each further one does. later: has code made while evaluations go on; None for
    who lets the evaluation that asks for it wait.
    """

    __slots__ = ("_apart", "_left", "_lock", "_next", "later")

    def __init__(
        self,
        after: int | None = DEFAULT_AFTER,
        most: int = DEFAULT_MOST,
        apart: int = APART,
        later: Later | None = None,
    ) -> None:
        self.later: Final = later
        self._next = after
        self._apart = apart
        self._left = most
        self._lock = threading.Lock()

    def turn(self) -> int | None:
        """The evaluations before the next constraint gets its code; None for never."""
        with self._lock:
            turn = self._next
            if turn is not None:
                self._next = turn + self._apart
            return turn

    def take(self) -> bool:
        """Takes one of the programs that may be made; False when none is left."""
        with self._lock:
            if self._left <= 0:
                return False
            self._left -= 1
            return True


class Specialiser:
    """Makes the program of one constraint when its time has come."""

    __slots__ = ("_allowance", "_make", "after")

    def __init__(self, make: Callable[[], Program], allowance: Allowance) -> None:
        self._make = make
        self._allowance = allowance
        self.after = allowance.turn()

    def hand(self, take: Callable[[Program | None], None]) -> None:
        """Makes the program, or has it made later, and gives it, or None."""
        later = self._allowance.later
        if later is None:
            take(self.program())
        else:
            later(lambda: take(self.program()))

    def program(self) -> Program | None:
        """The program; None when no more are allowed, or the code would be too large: the shared program serves."""
        if not self._allowance.take():
            return None
        try:
            return self._make()
        except PolicyError:
            # The template compiled without the parameters: with them it is over a limit of the compiler.
            return None
