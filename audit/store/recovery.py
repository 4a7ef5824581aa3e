"""Recovery: what is looked at when a log is opened for appending. Anything that does not fit stops the start.

Head row, seal, frontier and tiles are compared whenever a process takes the log over (`append.BatchAppender.lock`).
Here the last checkpoint has to be of this tree, and the last entries have to be the ones that the tiles hold.
"""

from collections.abc import Sequence
from typing import Final

from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import VerificationError
from lockgate.audit.merkle import leaf_hash, tree_root
from lockgate.audit.note import VerifierKey
from lockgate.audit.store.append import BatchAppender
from lockgate.audit.store.log_keys import check_may_sign, read_key_spans
from lockgate.audit.store.store import Store

# Entries at the end that are looked at byte by byte; a whole verification is `lockgate audit verify`.
LAST_ENTRIES: Final = 1024


def recover(store: Store, batches: BatchAppender, keys: Sequence[VerifierKey]) -> int:
    """Checks what a new appender, which signs with `keys`, goes on from.

    Returns the size of the last stored checkpoint (-1 without any).

    Raises VerificationError, with the place, when the database is not what the log left behind.
    """
    with store.write() as connection:
        state = batches.lock(connection)
        growth = state.growth
        size = growth.size
        start = max(0, size - LAST_ENTRIES)
        index = start
        # Those behind were looked at when the state was read.
        for found, stored, entry in store.leaves(start, max(start, state.checked_from)):
            if found != index:
                raise VerificationError("an entry is missing", where=f"entry {index}")
            leaf = leaf_hash(entry)
            if leaf != stored or growth.read(0, index) != leaf:
                raise VerificationError("the entry was changed", where=f"entry {index}")
            parse_entry(entry)
            index += 1
        if index != max(start, state.checked_from):
            raise VerificationError("an entry is missing", where=f"entry {index}")
        for _, _, _ in store.leaves(size, size + 1):
            raise VerificationError("there is an entry behind the head", where=f"entry {size}")
        spans = read_key_spans(store)
        if spans:
            check_may_sign(store, spans, keys, size + 1)
        note = store.checkpoint()
        if note is None:
            return -1
        # Before a rotation is finished, the last one may be by the old key alone.
        believed = tuple({*keys, *[span.key for span in spans]})
        signed = open_checkpoint(note, store.origin, believed).checkpoint
        if signed.size > size:
            raise VerificationError(
                f"a checkpoint of size {signed.size} was signed, and only {size} entries are there",
                where=f"size {size}",
                hint="the database is older than its own checkpoints: restore it with `lockgate audit restore`",
            )
        if tree_root(signed.size, growth.read) != signed.root:
            raise VerificationError("the last checkpoint is of another tree", where=f"size {signed.size}")
        return signed.size
