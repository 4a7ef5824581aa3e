"""`serve --engine opa`: the policies in force on OPA servers, as they change.

What a review and parameters are enough for goes to the servers. What reads the inventory, asks providers or has CEL only
is evaluated by the worker: an inventory that changes with every object of the cluster would be pushed as often.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.policy import PolicySet
from lockgate.gatekeeper.loader import Loaded

if TYPE_CHECKING:
    from lockgate.engine.opa.backend import Backend
    from lockgate.engine.opa.bundling import Push

# A change of policies waits that long for servers to take them; a review pushes what one lacks then.
PREPARING_S: Final = 5.0

# An event with its fields, for the log.
Tell = Callable[[str, Mapping[str, str | Sequence[str]]], None]


@final
class LiveOpa:
    """Puts policies on servers, each set before it is in force, and takes away those of the set before the last."""

    def __init__(self, backend: "Backend", tell: Tell) -> None:
        self._backend: Final = backend
        self._tell: Final = tell
        self._pushed: list[Push] = []
        self._here: tuple[str, ...] = ()

    def place(self, loaded: Loaded) -> PolicySet:
        """The policies of what was loaded, evaluated by the servers where they can be."""
        from lockgate.gatekeeper.opa_policy import on_opa

        placed = on_opa(loaded.policies, loaded.templates, self._backend, "stateless")
        here = tuple([str(key) for key in placed.here])
        if here and here != self._here:
            self._tell("policies evaluated without OPA", {"policies": here})
        self._here = here
        push = placed.session.push()
        thread = threading.Thread(target=self._prepare, args=(push, tuple(self._pushed)), daemon=True)
        thread.start()
        thread.join(PREPARING_S)
        # Reviews that have begun still ask for the set before.
        self._pushed = [*self._pushed[-1:], push]
        return placed.policies

    def _prepare(self, push: "Push", before: "tuple[Push, ...]") -> None:
        for address, reason in self._backend.prepare(push).items():
            self._tell("OPA server lacks policies", {"server": str(address), "reason": reason})
        for old in before[:-1]:
            self._backend.retire(old, (*before[-1:], push))
