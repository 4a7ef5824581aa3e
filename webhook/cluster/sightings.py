"""Sees what was claimed: a watch of each kind that records claim something of tells what came and what went.

Nothing of a cluster is kept, but what the watches said in the last moments: a claim is told a moment after its record,
and may come behind its object. A watch begins with every object as it is, so that none falls into a gap.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final, Literal, final

from kubernetes.client import ApiClient
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.cluster.event_watch import EventWatch, read_event
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.watch_events import metadata_text, typed
from lockgate.webhook.serving.claims import Claim, masked_content, object_content, object_uid

# An object is stored right behind its answer; a deletion that waits for finalizers says so at once.
CLAIM_S: Final = 300.0
# A kind is watched for so long behind its last claim.
WATCH_S: Final = 1_800.0
# Workers tell main each second.
SETTLE_S: Final = 2.0
# One entry of the trail for what was seen meanwhile.
GATHER_S: Final = 15.0
# Of so many records an entry is written at once.
GATHER: Final = 2_000
# Clocks of API servers and of this machine differ by less.
OLD_S: Final = 600.0
MOST_CLAIMS: Final = 100_000
# Each has a thread; beyond, claims of further kinds stay claims.
MOST_WATCHES: Final = 40
MOST_HELD: Final = 64 << 20
_LOOK_S: Final = 0.5
_JOIN_S: Final = 2.0
_ADDED: Final = b'{"type":"ADDED"'
_CREATED: Final = re.compile(rb'"creationTimestamp": ?"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')
_CONTENTS: Final = {"whole": object_content, "masked": masked_content}
_UID: Final = re.compile(rb'"uid": ?"([^"\\]{1,64})"')


@final
class Sightings:
    """What is claimed, and what was seen of it. served: what the cluster serves now, asked for from a thread."""

    def __init__(
        self,
        api: ApiClient,
        served: Callable[[], Iterable[Resource]],
        chance: Random,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._api: Final = api
        self._served: Final = served
        self._chance: Final = chance
        self._settle_s: Final = settle_s
        self._lock: Final = Lock()
        self._stopped: Final = Event()
        self._claims: Final[dict[str, list[tuple[float, Claim]]]] = {}
        self._size = 0
        # When something was claimed of a kind last.
        self._claimed: Final[dict[GroupVersionKind, float]] = {}
        self._events: Final[deque[tuple[float, GroupVersionKind, bytes]]] = deque()
        self._held = 0
        self._seen: list[int] = []
        self._seen_since = 0.0
        self._watches: Final[dict[GroupVersionKind, EventWatch]] = {}
        self._failures: Final[dict[str, str]] = {}
        self._unwatched: Final[dict[GroupVersionKind, str]] = {}
        self._expected: frozenset[GroupVersionKind] = frozenset()
        self._thread: Final = Thread(target=self._run, name="sightings", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the watches, and looks once more at what they said."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
        for one in self._watches.values():
            one.stop()
        for one in self._watches.values():
            one.join(_JOIN_S)
        self._look(monotonic())

    def expect(self, kinds: frozenset[GroupVersionKind]) -> None:
        """Of these kinds something will be claimed: what is watched from before is seen as it comes, however soon it
        changes."""
        with self._lock:
            self._expected = kinds

    def claim(self, claims: Iterable[Claim]) -> None:
        """Records claim this."""
        with self._lock:
            for one in claims:
                if self._size >= MOST_CLAIMS:
                    self._failures["claims"] = (
                        f"more than {MOST_CLAIMS} records are claimed at a time; further ones stay so"
                    )
                    return
                now = monotonic()
                self._claims.setdefault(one.uid, []).append((now, one))
                self._claimed[one.kind] = now
                self._size += 1

    def take(self, how_many: Literal["due", "all"] = "due") -> list[int]:
        """The records that were seen since the last time: those of some seconds together, or all."""
        now = monotonic()
        with self._lock:
            waits = now - self._seen_since < GATHER_S and len(self._seen) < GATHER
            if not self._seen or (waits and how_many == "due"):
                return []
            taken, self._seen = self._seen, []
            return taken

    def give_back(self, seen: Iterable[int]) -> None:
        """These could not be told: they are taken again."""
        with self._lock:
            self._note(seen)

    @property
    def waiting(self) -> int:
        """How many records are claimed and not seen yet, of those that may be."""
        with self._lock:
            return self._size

    @property
    def failures(self) -> Mapping[str, str]:
        """What cannot be seen at present, with the reason."""
        with self._lock:
            # That something may not be watched of which nothing is claimed, is nobody's failure.
            unwatched = {kind: why for kind, why in self._unwatched.items() if kind in self._claimed}
            return {
                **self._failures,
                **{f"what is claimed of {kind}": why for kind, why in unwatched.items()},
            }

    def heard(self, kind: GroupVersionKind, line: bytes) -> None:
        """What a watch says; called by its thread."""
        is_old = _is_old(line)
        with self._lock:
            if is_old and not self._is_claimed(line):
                # A watch begins with every object as it is: what has been there for long, nobody claims any more.
                return
            self._events.append((monotonic(), kind, line))
            self._held += len(line)
            while self._held > MOST_HELD:
                _, _, first = self._events.popleft()
                self._held -= len(first)
                self._failures["claims"] = "the cluster changes faster than claims are compared: some stay so"

    def failed(self, kind: GroupVersionKind, why: str) -> None:
        """A watch cannot be had, or "": it can again."""
        with self._lock:
            if why:
                self._unwatched[kind] = why
            else:
                self._unwatched.pop(kind, None)

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_S):
            now = monotonic()
            self._look(now - self._settle_s)
            self._expire(now - CLAIM_S)
            self._arrange()

    def _look(self, until: float) -> None:
        """Compares what was heard until a moment with what is claimed."""
        while True:
            with self._lock:
                if not self._events or self._events[0][0] > until:
                    return
                _, kind, line = self._events.popleft()
                self._held -= len(line)
                is_claimed = self._is_claimed(line)
            if is_claimed:
                self._compare(kind, line)

    def _is_claimed(self, line: bytes) -> bool:
        """May an event be of something that is claimed?"""
        return any(one.decode("ascii", "replace") in self._claims for one in _UID.findall(line))

    def _compare(self, kind: GroupVersionKind, line: bytes) -> None:
        event = read_event(line)
        value = event.get("object")
        if event.get("type") not in ("ADDED", "MODIFIED", "DELETED") or not isinstance(value, dict):
            return
        goes = event["type"] == "DELETED" or metadata_text(value, "deletionTimestamp") != ""
        found = typed(value, kind)
        uid = object_uid(value)
        with self._lock:
            forms = {claim.of for _, claim in self._claims.get(uid, ())}
        contents = {
            form: {read(found, "all"), read(found, "without status")}
            for form, read in _CONTENTS.items()
            if form in forms
        }
        with self._lock:
            left = []
            for since, one in self._claims.pop(uid, []):
                if one.kind == kind and (
                    goes if one.content == "" else one.content in contents.get(one.of, ())
                ):
                    self._note([one.index])
                    self._size -= 1
                else:
                    left.append((since, one))
            if left:
                self._claims[uid] = left

    def _note(self, seen: Iterable[int]) -> None:
        if not self._seen:
            self._seen_since = monotonic()
        self._seen += seen

    def _expire(self, before: float) -> None:
        with self._lock:
            for uid, claims in [*self._claims.items()]:
                left = [one for one in claims if one[0] > before]
                self._size -= len(claims) - len(left)
                if left:
                    self._claims[uid] = left
                else:
                    del self._claims[uid]
            if self._size < MOST_CLAIMS // 2 and self._held < MOST_HELD // 2:
                self._failures.pop("claims", None)

    def _arrange(self) -> None:
        """Watches the kinds of which something is expected, or was claimed lately: each begins with all of its objects."""
        with self._lock:
            before = monotonic() - WATCH_S
            for kind in [kind for kind, since in self._claimed.items() if since < before]:
                del self._claimed[kind]
            wanted = self._expected | set(self._claimed)
        for kind in [*self._watches]:
            if kind not in wanted:
                self._watches.pop(kind).stop()
                self.failed(kind, "")
        missing = wanted - self._watches.keys()
        if not missing:
            return
        served = {one.kind: one for one in self._served()}
        # What is claimed comes first.
        for kind in sorted(missing & served.keys(), key=lambda one: (one not in self._claimed, one)):
            if len(self._watches) >= MOST_WATCHES:
                self.failed(kind, f"{MOST_WATCHES} kinds are watched already")
                continue
            made = self._watches[kind] = EventWatch(self._api, served[kind], self, self._chance)
            made.start()


def _is_old(line: bytes) -> bool:
    """Is it an object that was made long ago, as far as clocks agree, and is only shown at a watch's beginning?"""
    found = _CREATED.search(line) if line.startswith(_ADDED) else None
    if found is None:
        return False
    before = datetime.now(UTC) - timedelta(seconds=OLD_S)
    return found[1].decode() < before.strftime("%Y-%m-%dT%H:%M:%SZ")
