"""Closing a log for another that follows it: after a restore behind an anchor, where going on would fork it."""

from lockgate.audit.lineage import LostRange, Predecessor, opening
from lockgate.audit.note import render_verifier_key
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store.appender import Appender, Clock, Receipt
from lockgate.audit.store.store import Store, create_log


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
    head = store.head()
    predecessor = Predecessor(
        store.origin, head.size, head.root, render_verifier_key(old.verifier_key), reason
    )
    store.free_writer_lock()
    successor = create_log(store.url, new.verifier_key.name, clock(), seal_key)
    try:
        appender = Appender(successor, [new], seal_key, clock=clock)
        try:
            vkey = render_verifier_key(new.verifier_key)
            receipt = appender.append(opening(new.verifier_key.name, vkey, predecessor, lost))
        finally:
            appender.close()
    finally:
        successor.close()
    store.set_state("closed", new.verifier_key.name)
    return receipt
