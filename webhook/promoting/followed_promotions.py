"""The promotions of a trail, followed: what came since is read, and what is known is told as one object of kind ExternalData.

Where the trail cannot be read, or does not prove what it says, nothing is known until it is read again from its beginning. So
it is every hour too: what was erased meanwhile, or changed, is found then.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

from lockgate.audit.errors import VerificationError
from lockgate.engine.database.connections import sqlite_path
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.gatekeeper.external_data.kinds import FIXTURES_GROUP, FIXTURES_KIND, FIXTURES_VERSION
from lockgate.webhook.policy_sources import parse_documents
from lockgate.webhook.promoting.known_promotions import POLICIES, KnownPromotions, trouble_data
from lockgate.webhook.promoting.promotion_log import PromotionLog
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.trail import Trail, open_trail
from lockgate.webhook.trail_config import LOG_KEY

# By which object of kind ExternalData those who judge are told.
KEY: Final = ObjectKey(
    GroupVersionKind(FIXTURES_GROUP, FIXTURES_VERSION.rpartition("/")[2], FIXTURES_KIND), "", "--promotions"
)
REREAD_S: Final = 3_600.0
# A trail that cannot be read is tried again so much later each time.
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 15.0
_MAX_REASON: Final = 300
_PLACE: Final = "promotions of a trail"


@final
class FollowedPromotions:
    """Used by one thread at a time. trouble: why nothing is known, "" while something is. entries: about promotions, that were read.

    read_s: by the clock, when the trail was last read; None for never.
    """

    def __init__(self, home: str, clock: Callable[[], float]) -> None:
        self.home: Final = home
        self._clock: Final = clock
        self._trail: Trail | None = None
        self._log: PromotionLog | None = None
        self._known: KnownPromotions | None = None
        self._files: tuple[object, ...] = ()
        self._longest = 0
        self._begun_s = 0.0
        self._wait_s = _FIRST_WAIT_S
        self._due_s = clock()
        self.trouble = "the trail has not been read yet"
        self.entries = 0
        self.read_s: float | None = None
        self._told = trouble_text(self.trouble)
        # Replaced as a whole, so that another thread may ask.
        self._bundles: Mapping[tuple[str, str, str], str] = {}

    def promoted_bundle(self, name: str, environment: str, cluster: str) -> str:
        """The digest of the PolicyBundle that is promoted now; for this cluster before one for any. Raises UsageError without one."""
        if self.trouble:
            raise UsageError(f"which policies are promoted is not known: {self.trouble}")
        model, bundles = f"{POLICIES}{name}", self._bundles
        found = bundles.get((model, environment, cluster)) or bundles.get((model, environment, ""))
        if found is None:
            raise UsageError(
                f"no PolicyBundle {name} is promoted to {environment}, or the last one was revoked",
                hint=f"lockgate policy promote BUNDLE --name {name} --to {environment}",
            )
        return found

    @property
    def told(self) -> bytes:
        """What is known, as JSON."""
        return self._told

    @property
    def is_due(self) -> bool:
        """Is the trail to be read from its beginning?"""
        return self._log is None or self._clock() - self._begun_s >= REREAD_S

    def look(self) -> None:
        """Reads what came since."""
        now = self._clock()
        if self._log is None and now < self._due_s:
            return
        try:
            self._told = self._look(now)
        except Exception as error:  # noqa: BLE001 - a database has errors of its own, and by none of them anything is known
            self._fail(error, now)
        else:
            self.trouble, self._wait_s, self.read_s = "", _FIRST_WAIT_S, self._clock()

    def _look(self, now: float) -> bytes:
        if self._log is not None and (self.is_due or self._signature() != self._files):
            self.close()
        if self._log is None:
            self._open(now)
        elif not self._log.follow():
            return self._told
        assert self._log is not None
        assert self._known is not None
        if self._log.size < self._longest:
            raise VerificationError(
                f"the log has {self._log.size} entries, and had {self._longest}",
                hint="run `lockgate audit verify`",
            )
        self._longest, self.entries = self._log.size, self._log.count
        made = _rendered(self._known.external_data())
        self._bundles = self._known.bundles()
        return made

    def _open(self, now: float) -> None:
        self._begun_s = now
        self._trail = open_trail(self.home)
        self._files = self._signature()
        self._log = PromotionLog(self._trail)
        self._known = KnownPromotions(self._log)

    def _signature(self) -> tuple[object, ...]:
        """What tells whether the home, or a database in a file, is another than before: one that was opened can be read when it is gone."""
        assert self._trail is not None
        found: list[object] = []
        path = sqlite_path(self._trail.store_url)
        for one in (str(Path(self.home, LOG_KEY)), *([] if path is None else [str(path)])):
            state = os.stat(one)
            found.append((state.st_dev, state.st_ino))
        return tuple(found)

    def _fail(self, error: Exception, now: float) -> None:
        self.close()
        # What a database says may be anything; who is refused is not told it.
        known = isinstance(error, LockgateError)
        reason = str(error) if known else "its database cannot be asked"
        self.trouble = reason if known else f"{reason}: {type(error).__name__}: {str(error)[:_MAX_REASON]}"
        self._told = trouble_text(reason)
        self._due_s = now + self._wait_s
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)

    def close(self) -> None:
        """Closes the trail; the next look reads it from its beginning."""
        trail, self._trail, self._log, self._known = self._trail, None, None, None
        if trail is not None:
            trail.close()


def read_promotions(home: str) -> Sequence[Document]:
    """The object of kind ExternalData that a trail makes now. Raises LockgateError where it cannot be read."""
    with open_trail(home) as trail:
        said = KnownPromotions(PromotionLog(trail)).external_data()
    return parse_documents(_PLACE, _rendered(said))


def trouble_text(why: str) -> bytes:
    """The object of kind ExternalData while nothing is known, as JSON."""
    return _rendered(trouble_data(why))


def _rendered(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, ensure_ascii=False).encode()
