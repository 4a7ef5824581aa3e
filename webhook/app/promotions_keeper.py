"""Main's part of promotions: a trail is followed in a thread of its own, and what it has is published with the policies."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, final

from lockgate.webhook.app.failure_log import FailureLog
from lockgate.webhook.app.log_lines import LogValue
from lockgate.webhook.app.logs import Log
from lockgate.webhook.promoting.followed_promotions import KEY, FollowedPromotions, trouble_text
from lockgate.webhook.serving.objects import Change
from lockgate.webhook.serving.promotion_metrics import promotion_samples
from lockgate.webhook.serving.quota_metrics import Sample

# How soon a promotion, or a revocation, counts.
LOOK_S: Final = 1.0
# A database that says nothing for so long is one that cannot be read; reading from the beginning may take longer.
ANSWER_S: Final = 5.0
_READ_ANEW: Final = 10.0
# Changes, published one after the other.
Publish = Callable[[Sequence[Change]], Awaitable[None]]
_SLOW: Final = f"it said nothing for {ANSWER_S:g} s"


@final
class PromotionsKeeper:
    """Used on main's event loop. publish: tells everybody who judges."""

    def __init__(self, followed: FollowedPromotions, publish: Publish, log: Log) -> None:
        self._followed: Final = followed
        self._publish_changes: Final = publish
        self._log: Final = log
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix="promotions")
        self._failures: Final = FailureLog(log, "promotions not read", "promotions read again")
        self._published = b""
        self._entries = 0
        self._read_s: float | None = None
        self._trouble = self._followed.trouble
        # How long reading took from the beginning.
        self._whole_s = 0.0

    @property
    def lacking(self) -> str:
        """Why it may not be asked yet; empty once the trail was read and told."""
        return (
            "" if self._read_s is not None else f"promotions are not known yet: {self._trouble or 'not told'}"
        )

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What metrics say of it."""
        age_s = None if self._read_s is None else time.monotonic() - self._read_s
        return promotion_samples(self._entries, age_s, is_troubled=bool(self._trouble))

    def first(self) -> tuple[Change, ...]:
        """What is published to begin with: that nothing is known."""
        self._published = self._followed.told
        return (Change(KEY, self._published),)

    async def follow(self) -> None:
        """Goes on until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            begun = time.monotonic()
            looking = loop.run_in_executor(self._thread, self._followed.look)
            if self._read_s is not None:
                await self._wait(looking)
            await looking
            if self._read_s is None:
                self._whole_s = time.monotonic() - begun
            await self._tell()
            await asyncio.sleep(LOOK_S)

    async def _wait(self, looking: "asyncio.Future[None]") -> None:
        """Until it has looked, or for as long as it may take: what is known then is not known any more."""
        bound = max(ANSWER_S, _READ_ANEW * self._whole_s) if self._followed.is_due else ANSWER_S
        done, _ = await asyncio.wait([looking], timeout=bound)
        if not done:
            await self._publish(trouble_text(_SLOW))
            self._show(_SLOW)

    async def _tell(self) -> None:
        followed = self._followed
        news = followed.told != self._published
        await self._publish(followed.told)
        self._entries = followed.entries
        if not followed.trouble:
            self._read_s = followed.read_s
            if news:
                told: dict[str, LogValue] = {"entries": followed.entries, "bytes": len(followed.told)}
                self._log.write("info", "promotions read", told)
        self._show(followed.trouble)

    def _show(self, trouble: str) -> None:
        self._trouble = trouble
        self._failures.tell({self._followed.home: trouble} if trouble else {})

    async def _publish(self, data: bytes) -> None:
        if data != self._published:
            await self._publish_changes([Change(KEY, data)])
            self._published = data

    def close(self) -> None:
        """Ends it; a look that is under way is not waited for."""
        self._thread.submit(self._followed.close)
        self._thread.shutdown(wait=False)
