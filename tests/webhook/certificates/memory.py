"""A store and webhook configurations in memory, with the compare-and-swap of an API server, and a moment before each call
at which others may act."""

from collections.abc import Callable

from lockgate.webhook.certificates.state import CertificateState
from lockgate.webhook.certificates.tending import Kept, Published


def nobody() -> None:
    pass


class MemoryCluster:
    """A Secret and webhook configurations. published: every bundle that each ever had, with the time of its writing.

    before: runs ahead of each call.
    """

    def __init__(self, configurations: int = 2) -> None:
        self.now_ns = 0
        self.before: Callable[[], None] = nobody
        self.history: list[list[tuple[int, str]]] = [[(0, "")] for _ in range(configurations)]
        self._state = CertificateState()
        self._version = 0

    @property
    def state(self) -> CertificateState:
        return self._state

    def load(self) -> Kept:
        self.before()
        return Kept(self._state, str(self._version))

    def replace(self, before: Kept, state: CertificateState) -> bool:
        self.before()
        if before.mark != str(self._version):
            return False
        self._state = state
        self._version += 1
        return True

    def read(self) -> Published:
        self.before()
        return Published(tuple([one[-1][1] for one in self.history]), self._marks())

    def write(self, before: Published, bundle: str) -> bool:
        self.before()
        for place, (mark, now) in enumerate(zip(before.marks, self._marks(), strict=True)):
            # Each configuration is an object of its own: some may be written and others not.
            if mark != now:
                return False
            self.history[place].append((self.now_ns, bundle))
        return True

    def _marks(self) -> tuple[tuple[str, str], ...]:
        return tuple([(str(place), str(len(one))) for place, one in enumerate(self.history)])
