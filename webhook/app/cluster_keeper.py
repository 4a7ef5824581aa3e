"""Main's part of a cluster: follows it without end, and tells what it lacks and what went wrong."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, final

from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.publisher import Publisher
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.policy_kinds import is_deciding

if TYPE_CHECKING:
    from lockgate.webhook.cluster.follower import ClusterFollower

# A line of the log names so many objects of one change.
MAX_NAMED: Final = 50
# How often it is looked whether policies ask for other requests than before.
RULES_S: Final = 1.0


@final
class ClusterKeeper:
    """Follows a cluster on main's event loop."""

    def __init__(self, follower: "ClusterFollower", live: LiveGate, publisher: Publisher, log: Log) -> None:
        self._follower: Final = follower
        self._live: Final = live
        self._publisher: Final = publisher
        self._log: Final = log
        self._lacking: tuple[str, ...] = ("the cluster has not been asked yet",)
        self._failures: Mapping[str, str] = {}

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
            if batch is not None:
                await self._publisher.publish(batch.changes, batch.covered)
                self._follower.want(self._live)
                named = [str(one.key) for one in batch.changes if is_deciding(one.key.kind)]
                if named:
                    self._log.write(
                        "info", "policies changed", {"objects": named[:MAX_NAMED], "count": len(named)}
                    )
            if self._publisher.is_holding:
                await self._look()
            if batch is not None and not self._publisher.is_holding:
                await asyncio.to_thread(self._follower.tell, self._live)
            self._tell_failures()

    async def keep_rules(self) -> None:
        """Goes on until it is cancelled. By a part of the policies nothing is written."""
        while True:
            await asyncio.sleep(RULES_S)
            if not self._publisher.is_holding:
                await asyncio.to_thread(self._follower.keep_rules, self._live)

    async def stop(self) -> None:
        """Ends what goes on beside."""
        await asyncio.to_thread(self._follower.stop)

    async def _look(self) -> None:
        lacking = self._follower.lacking()
        if not lacking:
            self._lacking = ()
            await self._publisher.release()
        elif lacking != self._lacking:
            self._lacking = lacking
            self._log.write("info", "waiting for the cluster", {"lacking": [*lacking]})

    def _tell_failures(self) -> None:
        failures = self._follower.failures()
        for what, why in sorted(failures.items()):
            if self._failures.get(what) != why:
                self._log.write("error", "cluster not reached", {"what": what, "reason": why})
        for what in sorted(self._failures.keys() - failures.keys()):
            self._log.write("info", "cluster reached again", {"what": what})
        self._failures = failures
