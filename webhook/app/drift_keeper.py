"""Main's part of drift: keeps what the cluster has of what decides out of what is in force, and tells of it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.errors import LockgateError
from lockgate.webhook.app.failure_log import FailureLog
from lockgate.webhook.app.logs import Log
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.objects import Change, ObjectKey
from lockgate.webhook.serving.promoted_set import Drift, PromotedSet

if TYPE_CHECKING:
    from lockgate.webhook.serving.replica_trail import ReplicaTrail


@final
class DriftKeeper:
    """Used by one caller at a time. promoted: asks what is in force; trail: where drift is recorded, None for nowhere."""

    def __init__(
        self,
        promoted: Callable[[], PromotedSet | None],
        trail: "ReplicaTrail | None",
        live: LiveGate,
        log: Log,
    ) -> None:
        self._promoted: Final = promoted
        self._trail: Final = trail
        self._live: Final = live
        self._log: Final = log
        self._drift: Final = Drift()
        self._told: Final = FailureLog(log, "policy drifted", "policy as promoted again")
        self._seen: Mapping[ObjectKey, LiveProblem] = {}
        self._recorded: Mapping[str, str] = {}

    def take(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Changes of what is in force, without those of what decides in the cluster only."""
        return self._drift.take(changes)

    @property
    def problems(self) -> Mapping[ObjectKey, LiveProblem]:
        """What differs from what was promoted."""
        return self._seen

    async def look(self) -> bool:
        """Compares, tells what is new, and records it. Is something else so than before?"""
        now = self._promoted()
        if now is None:
            return False
        self._drift.promoted(now)
        found = self._drift.problems
        is_new = found != self._seen
        self._seen = found
        said = {str(key): str(one) for key, one in found.items()}
        self._told.tell(said)
        await self._record(said)
        return is_new

    async def _record(self, said: Mapping[str, str]) -> None:
        gate = self._live.gate
        if said == self._recorded or self._trail is None or gate is None:
            return
        try:
            await asyncio.to_thread(self._trail.tell_drift, gate.policies.digest, said)
            self._recorded = said
        except LockgateError as error:
            # Tried again at the next look.
            self._log.write("error", "drift not recorded", {"reason": str(error), "hint": error.hint})
