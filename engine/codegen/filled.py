"""Which locals certainly hold which values where the code now is, so that nothing is read or called twice.

What a local was filled with holds until the innermost of the blocks around it ends that is not certain to be gone
through so far: a loop, an `if`, or a block of one turn that something before it may have left.
"""

from collections.abc import Hashable
from typing import Final, final

# A block of one turn that nothing has left so far; one that may have been left, or a loop; an `if`, which is left with
# the block around it.
_STRAIGHT: Final = 0
_BROKEN: Final = 1
_BRANCH: Final = 2


@final
class Filled:
    """Names by what they hold, for the code of one Python function. Blocks are entered and left as they are written."""

    __slots__ = ("_blocks", "_known", "_noted", "_same")

    def __init__(self) -> None:
        self._blocks: list[int] = []
        # What was noted, and how many blocks must stay open for it; in the order of these numbers.
        self._noted: list[tuple[Hashable, int]] = []
        self._known: dict[Hashable, str] = {}
        # The first name of a value that has several.
        self._same: dict[str, str] = {}

    def enter(self, *, once: bool) -> None:
        """A loop begins, or a block of one turn."""
        self._blocks.append(_STRAIGHT if once else _BROKEN)

    def enter_branch(self) -> None:
        """Code begins that is reached under a condition."""
        self._blocks.append(_BRANCH)

    def leave(self) -> None:
        """The innermost block ends."""
        self._blocks.pop()
        self._forget(len(self._blocks))

    def break_off(self) -> None:
        """What follows in the innermost loop, or block of one turn, may not be reached."""
        for place in range(len(self._blocks) - 1, -1, -1):
            if self._blocks[place] != _BRANCH:
                self._blocks[place] = _BROKEN
                return

    def note(self, what: Hashable, name: str) -> None:
        """The local of this name has been filled with a value. It is filled nowhere else."""
        depth = len(self._blocks)
        while depth and self._blocks[depth - 1] == _STRAIGHT:
            depth -= 1
        if what not in self._known:
            self._known[what] = name
            self._noted.append((what, depth))

    def note_same(self, name: str, other: str) -> None:
        """A local of this name is given the value of another."""
        self._same[name] = self.first(other)

    def first(self, atom: str) -> str:
        """The name that stands for all names of a value, or the expression itself."""
        return self._same.get(atom, atom)

    def get(self, what: Hashable) -> str | None:
        """The name of the local that certainly holds it here."""
        return self._known.get(what)

    def state(self) -> tuple[list[int], int]:
        """What `restore` goes back to."""
        return [*self._blocks], len(self._noted)

    def restore(self, state: tuple[list[int], int]) -> None:
        """Forgets what was written since the state was taken."""
        blocks, count = state
        self._blocks = [*blocks]
        for what, _ in self._noted[count:]:
            del self._known[what]
        del self._noted[count:]

    def _forget(self, depth: int) -> None:
        noted = self._noted
        while noted and noted[-1][1] > depth:
            del self._known[noted.pop()[0]]
