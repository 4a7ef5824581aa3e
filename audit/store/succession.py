"""Closing a log for another that follows it.

After a restore behind an anchor, going on would fork what was seen; after a key was compromised, what it signs is no
longer believed.
"""

from collections.abc import Sequence

from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.lineage import LostRange, Predecessor, opening
from lockgate.audit.merkle import tree_root
from lockgate.audit.note import render_verifier_key
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store.appender import Appender, Clock, Receipt
from lockgate.audit.store.columns import as_int
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
) -> Receipt:
    """Opens the log of `new`'s name in the same database, whose first entry names this log, and closes this one.

    Nothing is appended to the old log: its anchors have seen it go on. Returns the first entry's receipt.
    """
    # Signs what was committed and not signed.
    Appender(store, [old], seal_key, clock=clock).close()
    store.free_writer_lock()
    head = store.head()
    predecessor = Predecessor(
        store.origin, head.size, head.root, render_verifier_key(old.verifier_key), reason
    )
    receipt = _open(store, predecessor, new, seal_key, lost, (), clock)
    store.set_state("closed", new.verifier_key.name)
    return receipt


def revoke_and_succeed(
    store: Store,
    revoked: str,
    last_good: int,
    new: NoteSigner,
    seal_key: bytes,
    reason: str,
    clock: Clock,
) -> Receipt:
    """Freezes a log whose key (a vkey) is compromised, and opens one of `new`'s name, which says how far it was good.

    The compromised key signs nothing more. The successor's second entry revokes it. Returns the first entry's receipt.
    A process that appends cannot from the freeze on; while one of SQLite is alive the successor is not opened, and the
    same call goes on later. Raises TrailError where the log has no `last_good` entries, or another has the new name.
    """
    size = store.head().size
    if not 0 < last_good <= size:
        raise TrailError(f"the log has {size} entries: {last_good} of them cannot be the good ones")
    root = tree_root(last_good, TileHashes(size, store.tile))
    _size_of(store, new.verifier_key.name)
    store.set_state("frozen", new.verifier_key.name)
    try:
        store.take_writer_lock()
    except TrailError as error:
        raise TrailError(
            f"the log is frozen, and has no successor yet: {error.message}", hint=error.hint
        ) from None
    store.free_writer_lock()
    predecessor = Predecessor(store.origin, last_good, root, revoked, reason)
    fields: dict[str, Json] = {"event": "revoked", "use": "log", "vkey": revoked, "lastGood": last_good}
    return _open(store, predecessor, new, seal_key, None, (Draft("key", fields, ("key",)),), clock)


def _open(
    store: Store,
    predecessor: Predecessor,
    new: NoteSigner,
    seal_key: bytes,
    lost: LostRange | None,
    further: Sequence[Draft],
    clock: Clock,
) -> Receipt:
    """Makes the successor with its first entries; returns the first one's receipt."""
    origin = new.verifier_key.name
    if _size_of(store, origin) is None:
        create_log(store.url, origin, clock(), seal_key).close()
    successor = open_store(store.url, origin)
    try:
        appender = Appender(successor, [new], seal_key, clock=clock)
        try:
            vkey = render_verifier_key(new.verifier_key)
            receipt = appender.append(opening(new.verifier_key.name, vkey, predecessor, lost))
            for draft in further:
                appender.append(draft)
        finally:
            appender.close()
    finally:
        successor.close()
    return receipt


def _size_of(store: Store, origin: str) -> int | None:
    """0 where another log of the database was made and never opened, None without one. Raises TrailError for others."""
    with store.engine.connect() as connection:
        query = "SELECT h.size FROM log l JOIN log_head h ON h.log = l.id WHERE l.origin = :origin"
        size = connection.execute(text(query), {"origin": origin}).scalar_one_or_none()
    if size is not None and as_int(size):
        raise TrailError(f"the database has a log {origin} already", hint="name another successor")
    return None if size is None else 0
