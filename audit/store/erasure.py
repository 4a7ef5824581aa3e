"""Erasure and legal holds: keys and sealed bytes are destroyed in the transaction that records it.

What is left in the log are commitments that nobody can confirm any more. Backups and replicas made before still hold
what was erased: erasing those is their keeper's, and docs/trail.md says so.
"""

from collections.abc import Iterator
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.receipt import Receipt
from lockgate.audit.recorder import MAX_REASON, Recorder
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.columns import as_bytes, as_int
from lockgate.audit.store.scrubbing import scrub
from lockgate.audit.store.store import Store
from lockgate.audit.store.tables import place_of
from lockgate.audit.vault import NO_NAMESPACE, Vault
from sqlalchemy import Connection, text

# How long an erasure waits for readers, such as a verification, of what was there before.
PATIENCE_MS: Final = 30_000


class HeldError(TrailError):
    """A legal hold keeps what was to be erased."""


def entries_of_kind(store: Store, kind: str) -> Iterator[tuple[int, Entry]]:
    """Index and entry of each entry of a kind, by the query index."""
    first = place_of(store.log, 0)
    with store.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT l.place, l.entry FROM record r JOIN leaf l ON l.place = r.place "
                "WHERE r.kind = :kind AND r.place >= :first AND r.place < :last ORDER BY r.place"
            ),
            {"kind": kind, "first": first, "last": place_of(store.log + 1, 0)},
        ).all()
    for place, entry in rows:
        yield as_int(place) - first, parse_entry(as_bytes(entry))


def active_holds(store: Store) -> dict[str, Entry]:
    """The holds that were placed and not lifted, by their id."""
    held: dict[str, Entry] = {}
    for _, entry in entries_of_kind(store, "hold"):
        name = str(entry.value["hold"])
        if entry.value["event"] == "placed":
            held[name] = entry
        else:
            held.pop(name, None)
    return held


def _one_entry(store: Store, index: int) -> Entry:
    for entry in store.entries(index, index + 1):
        return parse_entry(entry)
    raise TrailError(f"the log has no entry {index}")


def _check_holds(store: Store, index: int | None, streams: frozenset[str]) -> None:
    for name, hold in active_holds(store).items():
        value = hold.value
        covered = value.get("stream") in streams
        if index is not None:
            covered = covered or value.get("index") == index
        elif "index" in value and type(value["index"]) is int:
            held = _one_entry(store, value["index"])
            covered = covered or any(link.name in streams for link in held.links)
        if covered:
            raise HeldError(f"the hold {name!r} keeps what was to be erased: {value['reason']}")


class Eraser:
    """Erases entries and namespaces of one log."""

    def __init__(
        self, appender: Appender, recorder: Recorder, vault: Vault, patience_ms: int = PATIENCE_MS
    ) -> None:
        self._appender = appender
        self._recorder = recorder
        self._vault = vault
        self._patience_ms = patience_ms
        self._store = appender.store

    def erase_entry(self, index: int, reason: str, actor: str) -> Receipt:
        """Destroys the body and the key of one entry. Raises HeldError, or TrailError when there is nothing.

        Raises NotScrubbedError when it is done, and its bytes are still in the database's files.
        """
        entry = _one_entry(self._store, index)
        if not entry.body_digest:
            raise TrailError(f"entry {index} has no body")
        streams = frozenset([link.name for link in entry.links])
        fields: dict[str, Json] = {
            "scope": "entry",
            "entries": 1,
            "index": index,
            "reason": reason[:MAX_REASON],
        }
        place = place_of(self._store.log, index)

        def destroy(connection: Connection) -> None:
            _check_holds(self._store, index, streams)
            gone = connection.execute(
                text(
                    "UPDATE body SET wrapped_key = NULL, sealed = NULL WHERE place = :place AND sealed IS NOT NULL"
                ),
                {"place": place},
            )
            if gone.rowcount != 1:
                raise TrailError(f"the body of entry {index} is gone already")

        receipt = self._appender.append(self._recorder.erasure(fields, actor), within=destroy)
        scrub(self._store.engine, self._patience_ms)
        return receipt

    def erase_namespace(self, namespace: str, reason: str, actor: str) -> Receipt:
        """Destroys the key of a namespace and every body under it. Raises HeldError, TrailError, or as
        `erase_entry` NotScrubbedError.
        """
        held = self._vault.find(namespace)
        if held is None or namespace == NO_NAMESPACE:
            raise TrailError("the trail knows no such namespace")
        stream = held.stream
        with self._store.engine.connect() as connection:
            count = connection.execute(
                text("SELECT count(*) FROM body WHERE vault_ref = :ref AND sealed IS NOT NULL"),
                {"ref": held.ref},
            ).scalar_one()
        fields: dict[str, Json] = {
            "scope": "namespace",
            "entries": as_int(count),
            "stream": stream,
            "reason": reason[:MAX_REASON],
        }

        def destroy(connection: Connection) -> None:
            _check_holds(self._store, None, frozenset((stream,)))
            connection.execute(
                text("UPDATE body SET wrapped_key = NULL, sealed = NULL WHERE vault_ref = :ref"),
                {"ref": held.ref},
            )
            connection.execute(text("DELETE FROM vault_key WHERE ref = :ref"), {"ref": held.ref})

        receipt = self._appender.append(self._recorder.erasure(fields, actor), within=destroy)
        self._vault.forget(namespace, held.ref)
        scrub(self._store.engine, self._patience_ms)
        return receipt
