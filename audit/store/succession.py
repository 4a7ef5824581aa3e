"""Closing a log for another that follows it.

After a restore behind an anchor, going on would fork what was seen; after a key was compromised, what it signs is no
longer believed.
"""

from collections.abc import Sequence

from lockgate.audit.canonical import Json
from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.draft import Draft
from lockgate.audit.entry import own_fields, parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.lineage import LostRange, Predecessor, opening
from lockgate.audit.merkle import tree_root
from lockgate.audit.note import VerifierKey, render_verifier_key
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store.appender import Appender, Clock
from lockgate.audit.store.columns import as_int
from lockgate.audit.store.log_keys import read_key_spans
from lockgate.audit.store.store import Store, create_log, open_store
from lockgate.audit.tiles import TileHashes
from sqlalchemy import text


def open_successor(
    store: Store,
    old: NoteSigner,
    new: NoteSigner,
    seal_key: bytes,
    reason: str,
    lost: LostRange | None,
    clock: Clock,
) -> None:
    """Opens the log of `new`'s name in the same database, whose first entry names this log, and closes this one.

    Nothing is appended to the old log: its anchors have seen it go on. One from before `old` was made its key needs to
    be signed to its end. Raises TrailError where it is not.
    """
    key = _sign_to_the_end(store, old, seal_key, clock)
    head = store.head()
    predecessor = Predecessor(store.origin, head.size, head.root, render_verifier_key(key), reason)
    _open(store, new, seal_key, _drafts(new, predecessor, lost), clock)
    store.set_state("closed", new.verifier_key.name)


def _sign_to_the_end(store: Store, signer: NoteSigner, seal_key: bytes, clock: Clock) -> VerifierKey:
    """Signs what was committed and not signed; the key that the last checkpoint rests on."""
    spans = read_key_spans(store)
    if any(span.key == signer.verifier_key for span in spans):
        Appender(store, [signer], seal_key, clock=clock).close()
        store.free_writer_lock()
        return signer.verifier_key
    size = store.head().size
    note = store.checkpoint()
    if note is not None:
        believed = [span.key for span in spans if span.is_valid(size)]
        opened = open_checkpoint(note, store.origin, believed)
        if opened.checkpoint.size == size:
            return opened.keys[0]
    raise TrailError(
        f"the last entries of the log {store.origin} are under no checkpoint, and its key of that time is not at hand",
        hint="name that key as the signer in trail.toml for the restore",
    )


def revoke_and_succeed(
    store: Store,
    revoked: str,
    last_good: int,
    new: NoteSigner,
    seal_key: bytes,
    reason: str,
    clock: Clock,
) -> None:
    """Freezes a log whose key (a vkey) is compromised, and opens one of `new`'s name, which says how far it was good.

    The compromised key signs nothing more. The successor's second entry revokes it. A process that appends cannot from the freeze on; while one of SQLite is alive the successor is not opened, and the
    same call goes on later. Raises TrailError where the log has no `last_good` entries, or another has the new name.
    """
    size = store.head().size
    if not 0 < last_good <= size:
        raise TrailError(f"the log has {size} entries: {last_good} of them cannot be the good ones")
    root = tree_root(last_good, TileHashes(size, store.tile))
    predecessor = Predecessor(store.origin, last_good, root, revoked, reason)
    fields: dict[str, Json] = {"event": "revoked", "use": "log", "vkey": revoked, "lastGood": last_good}
    drafts = _drafts(new, predecessor, None, Draft("key", fields, ("key",)))
    _find_begun(store, new.verifier_key.name, drafts)
    store.set_state("frozen", new.verifier_key.name)
    try:
        store.take_writer_lock()
    except TrailError as error:
        raise TrailError(
            f"the log is frozen, and has no successor yet: {error.message}", hint=error.hint
        ) from None
    store.free_writer_lock()
    _open(store, new, seal_key, drafts, clock)


def _drafts(
    new: NoteSigner, predecessor: Predecessor, lost: LostRange | None, *further: Draft
) -> list[Draft]:
    key = new.verifier_key
    return [opening(key.name, render_verifier_key(key), predecessor, lost), *further]


def _open(store: Store, new: NoteSigner, seal_key: bytes, drafts: Sequence[Draft], clock: Clock) -> None:
    """Makes the successor with its first entries, all of them or none; goes on with one that was left unsigned."""
    origin = new.verifier_key.name
    begun = _find_begun(store, origin, drafts)
    if begun is None:
        create_log(store.url, origin, clock(), seal_key).close()
    successor = open_store(store.url, origin)
    try:
        successor.take_writer_lock()
        if not begun:
            batches = successor.batch_appender(seal_key)
            with successor.write() as connection:
                for answer in batches.append(connection, drafts, clock()):
                    if isinstance(answer, TrailError):
                        raise answer
        # Signs what was committed.
        Appender(successor, [new], seal_key, clock=clock).close()
    finally:
        successor.close()


def _find_begun(store: Store, origin: str, drafts: Sequence[Draft]) -> int | None:
    """How many entries a successor has that an earlier call began as this one would; None where there is none.

    Raises TrailError for another log of that name.
    """
    with store.engine.connect() as connection:
        query = "SELECT h.size FROM log l JOIN log_head h ON h.log = l.id WHERE l.origin = :origin"
        found = connection.execute(text(query), {"origin": origin}).scalar_one_or_none()
    if found is None:
        return None
    size = as_int(found)
    if size:
        begun = open_store(store.url, origin)
        try:
            entries = [parse_entry(entry) for entry in begun.entries(0, size)] if size == len(drafts) else []
        finally:
            begun.close()
        if [(one.kind, own_fields(one)) for one in entries] != [(one.kind, one.fields) for one in drafts]:
            raise TrailError(f"the database has a log {origin} already", hint="name another successor")
    return size
