"""Main's part of a cluster: follows it without end, and tells what it lacks and what went wrong."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, final

from lockgate.engine.errors import LockgateError
from lockgate.webhook.app.drift_keeper import DriftKeeper
from lockgate.webhook.app.failure_log import FailureLog
from lockgate.webhook.app.log_lines import LogValue
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.publisher import Publisher
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.policy_kinds import is_deciding

if TYPE_CHECKING:
    from lockgate.engine.quota.store.ledger import Ledger
    from lockgate.webhook.cluster.follower import ClusterFollower
    from lockgate.webhook.cluster.quota_follower import QuotaFollower
    from lockgate.webhook.serving.claims import Claim
    from lockgate.webhook.serving.replica_trail import ReplicaTrail

# A line of the log names so many objects of one change.
MAX_NAMED: Final = 50
# How often it is looked whether policies ask for other requests than before.
RULES_S: Final = 1.0
# At the end, for claims.
LAST_CLAIMS_S: Final = 4.0
_CLAIMS_LOOK_S: Final = 0.1


@final
class ClusterKeeper:
    """Follows a cluster on main's event loop."""

    def __init__(
        self,
        follower: "ClusterFollower",
        live: LiveGate,
        publisher: Publisher,
        log: Log,
        drift: DriftKeeper | None = None,
    ) -> None:
        self._follower: Final = follower
        self._drift: Final = drift
        self._live: Final = live
        self._publisher: Final = publisher
        self._log: Final = log
        self._lacking: tuple[str, ...] = ("the cluster has not been asked yet",)
        self._failures: Final = FailureLog(log, "cluster not reached", "cluster reached again")
        self._changed: Final = FailureLog(
            log, "webhook configuration changed", "webhook configuration mended"
        )

    @property
    def lacking(self) -> str:
        """What has not been told yet, in words; empty once everything was."""
        return "; ".join(self._lacking)

    async def follow(self) -> None:
        """Goes on until it is cancelled."""
        self._follower.want(self._live)
        self._follower.start()
        while True:
            batch = await asyncio.to_thread(self._follower.take)
            drifted = False
            if batch is not None:
                changes = batch.changes
                if self._drift is not None:
                    changes = self._drift.take(changes)
                await self._publisher.publish(changes, batch.covered)
                self._follower.want(self._live)
                named = [str(one.key) for one in changes if is_deciding(one.key.kind)]
                if named:
                    self._log.write(
                        "info", "policies changed", {"objects": named[:MAX_NAMED], "count": len(named)}
                    )
            if self._publisher.is_holding:
                await self._look()
            elif self._drift is not None:
                drifted = await self._drift.look()
            if (batch is not None or drifted) and not self._publisher.is_holding:
                found = None if self._drift is None else self._drift.problems
                await asyncio.to_thread(self._follower.tell, self._live, found)
            self._failures.tell(self._follower.failures())

    async def keep_rules(self) -> None:
        """Goes on until it is cancelled. By a part of the policies nothing is written."""
        while True:
            await asyncio.sleep(RULES_S)
            if not self._publisher.is_holding:
                await asyncio.to_thread(self._follower.keep_rules, self._live)
                self._changed.tell(self._follower.configuration_problems)

    @property
    def webhook_problems(self) -> int:
        """How many webhooks are not as they were installed."""
        return len(self._follower.configuration_problems)

    @property
    def policy_drift(self) -> int:
        """How many objects differ from what was promoted."""
        return 0 if self._drift is None else len(self._drift.problems)

    @property
    def leads(self) -> bool:
        """Does this replica write for all, and knows everything that it needs?"""
        return self._follower.is_leader and not self._publisher.is_holding

    def follow_quotas(self, ledger: "Ledger", ttl_s: float) -> "QuotaFollower":
        """What keeps the quotas' ledger as the cluster is."""
        return self._follower.follow_quotas(ledger, ttl_s)

    async def stop(self) -> None:
        """Ends what goes on beside, but for what looks for claims."""
        await asyncio.to_thread(self._follower.stop)

    async def close(self) -> None:
        """Ends that too; what was let through at last is waited for a moment."""
        until = monotonic() + LAST_CLAIMS_S
        while self._follower.sightings.waiting and monotonic() < until:
            await asyncio.sleep(_CLAIMS_LOOK_S)
        await asyncio.to_thread(self._follower.close)

    async def look_for_claims(self, left: "Callable[[], Sequence[Claim]] | None") -> None:
        """Begins to look for what records claim. left: what the server before this one left claimed; None: there is no trail."""
        if left is not None:
            try:
                claims = await asyncio.to_thread(left)
            except LockgateError as error:
                told: dict[str, LogValue] = {"reason": str(error), "hint": error.hint}
                self._log.write("error", "claims not taken over", told)
            else:
                # Before the watches begin, which show every object as it is then.
                self._follower.sightings.claim(claims)
                if claims:
                    self._log.write("info", "claims taken over", {"records": len(claims)})
        self._follower.sightings.start()

    def claim(self, claims: "Sequence[Claim]") -> None:
        """Records claim this: it is looked for."""
        self._follower.sightings.claim(claims)

    async def tell_seen(self, trail: "ReplicaTrail", how_many: Literal["due", "all"] = "due") -> None:
        """Records what was seen of it, now and then."""
        sightings = self._follower.sightings
        seen = sightings.take(how_many)
        if not seen:
            return
        try:
            await asyncio.to_thread(trail.tell_seen, seen)
        except LockgateError as error:
            sightings.give_back(seen)
            told: dict[str, LogValue] = {"records": len(seen), "reason": str(error), "hint": error.hint}
            self._log.write("error", "what was seen is not recorded", told)

    async def _look(self) -> None:
        lacking = self._follower.lacking()
        if not lacking:
            self._lacking = ()
            await self._publisher.release()
        elif lacking != self._lacking:
            self._lacking = lacking
            self._log.write("info", "waiting for the cluster", {"lacking": [*lacking]})
