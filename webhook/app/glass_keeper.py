"""Main's part of break-glass: follows the files, knows what was taken away, and tells what becomes of grants."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, final

from lockgate.webhook.app.logs import Level, Log
from lockgate.webhook.serving.glass_folder import GlassFolder
from lockgate.webhook.serving.glass_watch import GlassEvent, GlassWatch, count_states
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.objects import Change

# Takes an event into the trail; False where that could not be done, so that it is told again.
RecordEvent = Callable[[GlassEvent], Awaitable[bool]]


async def no_trail(event: GlassEvent) -> bool:
    """Where there is no trail the log is all there is."""
    return True


@final
class GlassKeeper:
    """Used on main's event loop. ended: digests of grants that were taken away before, as the trail has them."""

    def __init__(
        self,
        folder: GlassFolder,
        log: Log,
        now_ns: Callable[[], int],
        ended: frozenset[str] = frozenset(),
        record: RecordEvent = no_trail,
    ) -> None:
        self._folder: Final = folder
        self._log: Final = log
        self._now_ns: Final = now_ns
        self._record: Final = record
        self._live: Final = LiveGrants(ended)
        self._watch: Final = GlassWatch()
        self._told_problems: frozenset[tuple[str, str]] = frozenset()

    @property
    def ended(self) -> tuple[str, ...]:
        """Digests of grants that were taken away."""
        return tuple(sorted(self._live.ended))

    @property
    def states(self) -> Mapping[str, int]:
        """How many grants are in each state."""
        return count_states(self._live.grants, self._now_ns())

    def changes(self) -> tuple[Change, ...]:
        """What has changed in the files."""
        return self._folder.changes()

    def apply(self, changes: Iterable[Change]) -> None:
        """Takes what workers are told as well."""
        self._live.apply(changes)

    async def look(self) -> None:
        """Tells what has become of grants, and what is wrong with them, once each."""
        for event in self._watch.look(self._live.grants, self._now_ns()):
            if not await self._record(event):
                # Each would wait as long; all of them are told again.
                break
            self._watch.confirm(event)
            self._tell(event)
        problems = {(str(key), why) for key, why in self._live.problems.items()}
        problems |= set(self._folder.problems)
        for place, why in sorted(problems - self._told_problems):
            self._log.write("error", "break-glass not read", {"object": place, "reason": why})
        self._told_problems = frozenset(problems)

    def _tell(self, event: GlassEvent) -> None:
        terms = event.grant.terms
        level: Level = "error" if event.event == "refused" else "warning"
        told = {"grant": event.grant.name, "signer": event.signer, "reason": event.why or terms.reason}
        self._log.write(level, f"break-glass {event.event}", {**told, "ticket": terms.ticket})
