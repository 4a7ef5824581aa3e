"""What main does with a change: compiles it, records it, and tells the workers."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.errors import LockgateError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.app.compiling import Compiling
from lockgate.webhook.app.garbage import Garbage
from lockgate.webhook.app.glass_keeper import GlassKeeper
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.sweep_keeper import SweepKeeper
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import is_about_grants
from lockgate.webhook.serving.objects import Change, ObjectKey, Objects
from lockgate.webhook.serving.policy_kinds import is_answering, is_deciding
from lockgate.webhook.serving.supervisor import Supervisor

if TYPE_CHECKING:
    from lockgate.webhook.serving.replica_trail import ReplicaTrail


@final
class Publisher:
    """Publishes changes one after the other, on main's event loop.

    Until `release` workers are told nothing, so that they do not answer by a part of the policies.
    """

    def __init__(
        self,
        live: LiveGate,
        glass: GlassKeeper,
        supervisor: Supervisor,
        trail: "ReplicaTrail | None",
        log: Log,
        compiling: Compiling,
        sweep: SweepKeeper | None = None,
    ) -> None:
        self._live: Final = live
        self._glass: Final = glass
        self._supervisor: Final = supervisor
        self._trail: Final = trail
        self._log: Final = log
        self._compiling: Final = compiling
        self._sweep: Final = sweep
        self._held: Objects | None = Objects()
        self._covered: frozenset[GroupVersionKind] = frozenset()
        # As workers were told.
        self._covers: frozenset[GroupVersionKind] = frozenset()
        self._lock: Final = asyncio.Lock()
        self._told: Mapping[ObjectKey, Sequence[str]] = {}
        self._is_unrecorded = True
        self._garbage: Final = Garbage(time.monotonic)
        self.changed_s = 0.0

    @property
    def is_holding(self) -> bool:
        """Whether workers are told nothing yet."""
        return self._held is not None

    @property
    def is_publishing(self) -> bool:
        """Whether a change is on its way, so that main and workers may decide with different states."""
        return self._lock.locked()

    async def publish(
        self, changes: Sequence[Change], covered: frozenset[GroupVersionKind] | None = None
    ) -> None:
        """Compiles here, for what is wrong with which object, and tells workers: behind the record, where there is one.

        covered: the kinds of the inventory that are known in full then; None: those that were.
        """
        async with self._lock:
            if covered is not None:
                if covered == self._covered and not changes and self._live.state is not None:
                    return
                self._covered = covered
            self.grant([one for one in changes if is_about_grants(one.key.kind)])
            changes = [one for one in changes if not is_about_grants(one.key.kind)]
            if self._held is not None:
                self._held.apply(changes)
                await self._compiling.run(self._live.apply, changes, self._covered)
            elif self._trail is None:
                self._tell_workers(changes)
                await self._compiling.run(self._live.apply, changes, self._covered)
            else:
                await self._compiling.run(self._live.apply, changes, self._covered)
                await self._record(self._trail, changes)
                self._tell_workers(changes)
            self.changed_s = time.time()
            self._tell_problems()
            if self._live.gate is not None and self._held is None:
                self._garbage.changed(self._live.gate.policies.digest)

    async def release(self) -> None:
        """Everything that is needed is known: workers are told it, and answer."""
        async with self._lock:
            held, self._held = self._held, None
            if held is None:
                return
            changes = [*held.everything()]
            if self._trail is not None:
                await self._record(self._trail, changes)
            self._tell_workers(changes)
            if self._live.gate is not None:
                self._garbage.begin(self._live.gate.policies.digest)

    def grant(self, changes: Sequence[Change]) -> None:
        """Publishes changes of break-glass at once: neither policies nor a trail that cannot be reached hold them up."""
        if not changes:
            return
        # Before workers are: what they are given to begin with is what was taken away so far.
        self._glass.apply(changes)
        if self._held is not None:
            self._held.apply(changes)
        else:
            # What is covered belongs to the objects that were told, and others may be on their way.
            self._supervisor.publish(changes, self._covers)

    def _tell_workers(self, changes: Sequence[Change]) -> None:
        self._covers = self._covered
        self._supervisor.publish(changes, self._covers)
        if self._sweep is not None:
            self._sweep.publish(changes, self._covers)

    async def _record(self, trail: "ReplicaTrail", changes: Sequence[Change]) -> bool:
        """Whether the trail has what is in force."""
        self._is_unrecorded |= any(is_deciding(one.key.kind) or is_answering(one.key.kind) for one in changes)
        gate = self._live.gate
        if gate is None or not self._is_unrecorded:
            return not self._is_unrecorded
        try:
            await asyncio.to_thread(trail.change, gate, time.time_ns())
            self._is_unrecorded = False
        except LockgateError as error:
            # Decisions are recorded with the digest of what is in force; this entry comes later (`record_again`).
            self._log.write("error", "change not recorded", {"reason": str(error), "hint": error.hint})
        return not self._is_unrecorded

    async def record_again(self) -> None:
        """Records what is in force where the trail did not take it when it changed."""
        if self._trail is None or not self._is_unrecorded or self._held is not None or self._lock.locked():
            return
        async with self._lock:
            if await self._record(self._trail, ()):
                self._log.write("info", "change recorded", {"digest": self._live.digest})

    def _tell_problems(self) -> None:
        """Tells what is wrong with objects, once each."""
        now = {key: [str(one) for one in problems] for key, problems in self._live.problems.items()}
        for key, told in now.items():
            if self._told.get(key) != told:
                self._log.write("error", "policy not in force", {"object": str(key), "problems": told})
        self._told = now
