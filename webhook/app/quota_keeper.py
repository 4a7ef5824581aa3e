"""Main's part of quotas: the ledger is kept as the cluster is, and workers are told under which quotas it was counted."""

import asyncio
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.errors import LockgateError
from lockgate.webhook.app.failure_log import FailureLog
from lockgate.webhook.app.log_lines import LogValue
from lockgate.webhook.app.logs import Log
from lockgate.webhook.serving.feed import render_frame
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.quota_door import quota_header
from lockgate.webhook.serving.quota_metrics import Sample, quota_samples
from lockgate.webhook.serving.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from lockgate.webhook.cluster.quota_follower import CountedBy, QuotaFollower
    from lockgate.webhook.serving.replica_trail import ReplicaTrail

# How soon changed quotas are counted by.
_LOOK_S: Final = 0.1


@final
class QuotaKeeper:
    """Used on main's event loop."""

    def __init__(
        self,
        follower: "QuotaFollower",
        live: LiveGate,
        supervisor: Supervisor,
        trail: "ReplicaTrail | None",
        log: Log,
    ) -> None:
        self._follower: Final = follower
        self._live: Final = live
        self._supervisor: Final = supervisor
        self._trail: Final = trail
        self._log: Final = log
        self._told: CountedBy | None = None
        self._failures: Final = FailureLog(log, "quotas not kept", "quotas kept again")

    @property
    def lacking(self) -> str:
        """Why nothing that is charged may be admitted yet; empty once the ledger was rebuilt, or where there are no quotas."""
        state = self._live.state
        if state is None or state.quotas is None or self._told is not None:
            return ""
        why = "; ".join(self._follower.failures.values())
        return f"the quotas' ledger has not been rebuilt from the live objects yet{f': {why}' if why else ''}"

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What metrics say of quotas."""
        return quota_samples(self._follower.usages)

    async def follow(self, is_holding: "Callable[[], bool]") -> None:
        """Goes on until it is cancelled. is_holding: not everything was told yet."""
        from lockgate.webhook.cluster.quota_basis import Basis

        self._follower.start()
        while True:
            await asyncio.sleep(_LOOK_S)
            state = self._live.state
            if is_holding() or state is None:
                continue
            quotas = state.quotas
            self._follower.count_by(None if quotas is None else Basis(quotas, state.namespaces))
            counted = self._follower.counted
            if counted is not None and counted is not self._told:
                await self._tell(counted)
            self._failures.tell(self._follower.failures)

    async def _tell(self, counted: "CountedBy") -> None:
        self._told = counted
        self._supervisor.tell_ledger(render_frame("ledger", quota_header(counted.quotas, counted.epoch)))
        told: dict[str, LogValue] = {"objects": counted.objects, "epoch": counted.epoch}
        self._log.write("info", "quotas counted", told)
        if counted.uncounted:
            self._log.write("warning", "objects not counted", {"objects": [*counted.uncounted]})
        if not counted.repaired:
            return
        self._log.write("warning", "quotas repaired", {"keys": [str(one.key) for one in counted.repaired]})
        state = self._live.state
        if self._trail is not None and state is not None:
            policies = state.gate.policies.digest
            try:
                await asyncio.to_thread(self._trail.tell_repairs, policies, counted.repaired)
            except LockgateError as error:
                self._log.write("error", "repairs not recorded", {"reason": str(error), "hint": error.hint})

    async def stop(self) -> None:
        """Ends what follows."""
        await asyncio.to_thread(self._follower.stop)
