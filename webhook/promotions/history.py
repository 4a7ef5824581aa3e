"""What ran before the base of a change, by the history of the files that run it: told by git's main line up to the base.

It is of the base, as all that decides: a change cannot bring commits into it. What a clone does not have, since it is shallow,
is not known, and so is what lies before the last commits that are looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, final

from lockgate.engine.promotions.recognising import Slot
from lockgate.webhook.old_objects import OldObjects
from lockgate.webhook.promotions.trees import States, Tree, read_base_files

# Of the commits that changed the files in question.
MOST_COMMITS: Final = 500
# A file of which more than this is to be read was written by a machine; the newest are read.
MOST_VERSIONS: Final = 2_000
MOST_PATHS: Final = 500
MOST_BYTES: Final = 64 * 1024 * 1024


@final
class Asking:
    """Knows nothing, and notes what it was asked for."""

    def __init__(self) -> None:
        self.slots: Final[set[Slot]] = set()

    def versions(self, slot: Slot) -> AbstractSet[str]:
        """None."""
        self.slots.add(slot)
        return frozenset()


@final
class History:
    """The versions that were seen."""

    def __init__(self, versions: Mapping[Slot, AbstractSet[str]]) -> None:
        self._versions: Final = versions

    def versions(self, slot: Slot) -> AbstractSet[str]:
        """The versions of a subject that an environment has had."""
        return self._versions.get(slot, frozenset())


def read_history(old: OldObjects, states: States, slots: AbstractSet[Slot], cwd: str) -> History:
    """What environments have had of the subjects in question. Raises UsageError."""
    files = sorted(set(_paths(old, states, slots)))[:MOST_PATHS]
    left, wanted = MOST_BYTES, old.base.tree.history(files, MOST_COMMITS)[:MOST_VERSIONS]
    read = Tree()
    for part, size in read_base_files(old, wanted, states.files, cwd):
        left -= size
        if left < 0:
            break
        read.add(part)
    found: defaultdict[Slot, set[str]] = defaultdict(set)
    for holder in states.placing.holders(read.seen, {}):
        for subject in holder.subjects:
            slot = (holder.environment, subject.kind, subject.key)
            if slot in slots:
                found[slot].add(subject.version)
    return History(dict(found))


def _paths(old: OldObjects, states: States, slots: AbstractSet[Slot]) -> Iterable[str]:
    """The files that run the subjects, or the object that stood there before, now or as of the base."""
    for holder in (*states.before, *states.after):
        if any((holder.environment, one.kind, one.key) in slots for one in holder.subjects):
            below = old.base.inside(states.where[id(holder)].seen.real)
            if below:
                yield below
