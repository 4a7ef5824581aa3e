"""Questions to a log that a command has opened: its engine, names in it, and a look at bodies that the log keeps."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lockgate.audit.query.cursor import Cursors
from lockgate.audit.query.engine import Engine, Trusted
from lockgate.audit.query.parameters import Names
from lockgate.audit.query.read_index import ReadIndex
from lockgate.audit.reader import StoredBody
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.searching import Search
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import UsageError
from lockgate.webhook.appending import append_one
from lockgate.webhook.bodies import open_body
from lockgate.webhook.trail import Trail
from lockgate.webhook.trail_reading import Reading

_HINT: Final = "ask the trail's home, with its master key, or write pseudonym:…"
# Entries that an `access` entry names one by one.
_MOST_NAMED: Final = 256
# Bodies of some kilobytes.
_MOST_KEPT: Final = 4_096


def engine_of(reading: Reading) -> Engine:
    """The engine of a log. A trail's cursors go on in later commands; an export's end with the process."""
    now_ms, origin = system_clock(), reading.trust.origin
    trusted: Trusted = "outside" if reading.from_outside else "itself"
    if reading.trail is None:
        index = ReadIndex(reading.reader)
        key = secrets.token_bytes(32)
        return Engine(index, index, reading.standing(), Cursors(key, origin), now_ms, trusted)
    store = reading.trail.store
    cursors = Cursors(_cursor_key(reading.trail), origin)
    return Engine(store, Search(store), reading.standing(), cursors, now_ms, trusted)


def _cursor_key(trail: Trail) -> bytes:
    if trail.master_key_file().is_file():
        return trail.master_key().cursor_key
    return secrets.token_bytes(32)


def names_of(trail: Trail | None) -> Names:
    """How names are found in a log's entries; without its master key they are not."""

    def person(name: str) -> str:
        if trail is None:
            raise UsageError("an export does not say who is who", hint=_HINT)
        return trail.master_key().pseudonym(name)

    def namespace(name: str) -> str | None:
        if trail is None:
            raise UsageError(
                "an export does not say which namespace is which", hint="ask the trail's home, or by --stream"
            )
        found = trail.vault().find(name)
        return None if found is None else found.stream

    return Names(person, namespace)


class Opening:
    """Opens bodies, and remembers which, so that the log can be told before anybody sees what was in them."""

    def __init__(self, trail: Trail) -> None:
        self._trail: Final = trail
        # Which were, in order; their bodies are kept for as long as an answer comes back to them.
        self._opened: Final[dict[int, None]] = {}
        self._kept: Final[dict[int, Mapping[str, Any] | None]] = {}
        self._ahead: Mapping[int, StoredBody] = {}

    def __call__(self, index: int, raw: bytes) -> Mapping[str, Any] | None:
        """The body of an entry, None where it was erased."""
        if index not in self._kept:
            found = self._open(index, raw)
            if found is not None:
                self._opened[index] = None
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[index] = found
        return self._kept[index]

    def ahead(self, indices: Sequence[int]) -> None:
        """Fetches the sealed bodies of some entries at once, and opens none."""
        wanted = [index for index in indices if index not in self._kept]
        self._ahead = {body.index: body for body in self._trail.store.bodies_of(wanted)}

    def _open(self, index: int, raw: bytes) -> Mapping[str, Any] | None:
        body = self._ahead.get(index)
        for one in self._trail.store.bodies(index, index + 1) if body is None else (body,):
            if one.sealed is not None:
                found: Mapping[str, Any] = json.loads(open_body(self._trail.vault(), index, raw, one))
                return found
        return None

    @property
    def opened(self) -> tuple[int, ...]:
        """Entries whose bodies were opened."""
        return tuple(self._opened)

    def record(self, actor: str, question: Mapping[str, Value]) -> None:
        """Tells the log what was looked at; nothing where nothing was. Nobody is shown anything before that."""
        opened = self.opened
        if not opened:
            return
        named: list[Value] = [*opened[:_MOST_NAMED]]
        draft = self._trail.recorder().access(
            "reveal",
            len(opened),
            actor,
            {**question, "entries": named},
            opened[0] if len(opened) == 1 else None,
        )
        append_one(self._trail, draft)
