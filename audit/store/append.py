"""Appending batches to a log: its lock, what is remembered between batches, and whether the head may be gone on from.

Nothing is signed here. A batch that fails leaves nothing; what was kept in memory of the log is dropped with it.
"""

import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import ClosedLogError, TrailError, VerificationError
from lockgate.audit.merkle import Hash, tree_root
from lockgate.audit.store.batch import Appended, Batch
from lockgate.audit.store.batch_rows import BatchTables, Found, KeptCheckpoint, LockedHead, Wanted
from lockgate.audit.store.batch_sqlite import SqliteBatch
from lockgate.audit.store.growth import Growth
from lockgate.audit.store.log_state import MAX_STREAMS, LogState, check_row, follow, read_state, read_tile
from lockgate.audit.store.promotion_state import STREAMS, KeptHistory, asks_for_history
from lockgate.audit.store.seal import head_seal
from lockgate.engine.database.connections import is_sqlite
from sqlalchemy import Connection


class BatchAppender:
    """Appends batches to one log over connections that are given; several logs and processes may share a database."""

    __slots__ = ("_promotions", "_seal_key", "_signed", "_state", "_tables", "log", "origin")

    def __init__(self, log: int, origin: str, seal_key: bytes) -> None:
        self.log: Final = log
        self.origin: Final = origin
        self._seal_key = seal_key
        self._state: LogState | None = None
        self._promotions: KeptHistory | None = None
        self._tables: BatchTables | None = None
        self._signed: tuple[int, Hash] | None = None

    def remember_signed(self, size: int, root: Hash) -> None:
        """A checkpoint was signed: whatever the database becomes, this process goes on from there or not at all."""
        self._signed = size, root

    def forget(self) -> None:
        """Drops what is remembered; a transaction failed or another writes."""
        self._state = self._promotions = None

    def lock(self, connection: Connection) -> LogState:
        """Takes the log's lock for the transaction, and the state as of its head row.

        Raises ClosedLogError, or VerificationError when head, tiles and frontier disagree.
        """
        return self._lock(connection, ())[0]

    def _lock(self, connection: Connection, drafts: Sequence[Draft]) -> tuple[LogState, Found]:
        tables = self._tables_of(connection)
        further = STREAMS if asks_for_history(drafts) else ()
        names = tuple(dict.fromkeys([*[name for draft in drafts for name in draft.streams], *further]))
        head, found = tables.lock(
            connection,
            Wanted(
                tuple({draft.idempotency for draft in drafts if draft.idempotency}),
                _unknown(self._state, names),
                tuple({draft.body.vault_ref for draft in drafts if draft.body is not None}),
            ),
        )
        if head.state != "active":
            raise ClosedLogError(
                f"the log {self.origin} is {head.state}",
                hint=f"its successor is {head.successor}" if head.successor else "",
            )
        kept, self._state = self._state, None
        if kept is None or (kept.growth.size, kept.growth.frontier.root()) != (head.size, head.root):
            kept = self._as_of(connection, kept, head)
            found = replace(found, streams=tables.streams(connection, _unknown(kept, names)))
        kept.growth.get = lambda tile: read_tile(connection, self.log, tile)
        if len(kept.known) > MAX_STREAMS:
            # Only those of the batch, which was not asked for what was known.
            kept.known = {name: kept.known[name] for name in names if name in kept.known}
        for name, row in found.streams.items():
            check_row(connection, kept, name, row)
            kept.known[name] = row
        self._state = kept
        return kept, found

    def _as_of(self, connection: Connection, kept: LogState | None, head: LockedHead) -> LogState:
        """The state at a head that another one moved, or that is new to this process."""
        if not hmac.compare_digest(head.seal, head_seal(self._seal_key, self.origin, head.size, head.root)):
            raise VerificationError(
                "the head of the log was moved by somebody without the master key",
                where=f"size {head.size}",
                hint="run `lockgate audit verify`; nothing was appended or signed",
            )
        if kept is not None and follow(connection, kept, head):
            return kept
        made = read_state(connection, self.log, head)
        self._check_signed(made.growth)
        return made

    def _tables_of(self, connection: Connection) -> BatchTables:
        if self._tables is None:
            if is_sqlite(connection):
                self._tables = SqliteBatch(self.log)
            else:
                # It needs a driver that only those who use PostgreSQL have.
                from lockgate.audit.store.batch_postgresql import PostgresqlBatch

                self._tables = PostgresqlBatch(self.log)
        return self._tables

    def _check_signed(self, growth: Growth) -> None:
        """An older head has its seal too: a server that failed over to a replica that lagged is noticed here."""
        if self._signed is None:
            return
        size, root = self._signed
        if growth.size < size or tree_root(size, growth.read) != root:
            raise VerificationError(
                f"a checkpoint of size {size} was signed, and the database does not go on from it",
                where=f"size {growth.size}",
                hint="nothing was appended; close this log with `lockgate audit restore`",
            )

    def take_over(self, connection: Connection, answers: Sequence[Appended | TrailError]) -> bool:
        """Whether a batch whose commit was not answered is in the log; then its state is this process's again."""
        fresh = [one for one in answers if isinstance(one, Appended) and not one.repeated]
        state = self.lock(connection)
        if not fresh:
            return True
        return fresh[-1].index < state.growth.size and all(
            state.growth.read(0, one.index) == one.leaf_hash for one in fresh
        )

    def append(
        self,
        connection: Connection,
        drafts: Sequence[Draft],
        now_ms: int,
        checkpoint: KeptCheckpoint | None = None,
    ) -> list[Appended | TrailError]:
        """Appends drafts in the connection's transaction; for each its entry, or why it alone was refused.

        checkpoint: one that was signed after an earlier batch, and is stored with this one.
        Raises TrailError when nothing can be appended. The caller commits, and calls `forget` when that fails.
        """
        state, found = self._lock(connection, drafts)
        # Until the transaction is over, what is in memory is ahead of the database.
        self._state = None
        promotions, self._promotions = self._history(connection, state, drafts), None
        batch = Batch(state, now_ms, self.origin, self._seal_key, checkpoint, promotions)
        answers = batch.take(drafts, found)
        if not batch.is_empty:
            batch.take_heads(connection)
            batch.store(connection, self._tables_of(connection))
        elif checkpoint is not None:
            self.keep(connection, checkpoint)
        self._state, self._promotions = state, promotions
        return answers

    def _history(
        self, connection: Connection, state: LogState, drafts: Sequence[Draft]
    ) -> KeptHistory | None:
        """What the log has of promotions, where it is at hand or the drafts are judged by it."""
        kept = self._promotions
        if kept is not None and kept.is_of(state):
            return kept
        if not asks_for_history(drafts):
            return None
        made = KeptHistory()
        made.read(connection, state)
        return made

    def keep(self, connection: Connection, checkpoint: KeptCheckpoint) -> None:
        """Stores a signed checkpoint."""
        self._tables_of(connection).keep(connection, checkpoint)

    @property
    def state(self) -> LogState | None:
        """What is remembered of the log after the last batch."""
        return self._state


def _unknown(state: LogState | None, names: Sequence[str]) -> tuple[str, ...]:
    """The streams that have to be looked for: none where all are known, or nothing is and all will be read."""
    if state is None or state.knows_all:
        return ()
    return tuple([name for name in names if name not in state.known])
