"""The appender: one thread that takes drafts from many callers, commits them in groups, and then signs.

A caller gets its receipt only when its entry is durable and a signed checkpoint covers it. When the queue is full a
caller waits, and is then told; nothing is dropped.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.draft import Draft
from lockgate.audit.errors import (
    NOT_STORED,
    BackPressureError,
    TrailError,
    VerificationError,
    reason_of,
)
from lockgate.audit.note import render_note
from lockgate.audit.reader import Head
from lockgate.audit.receipt import Place, Receipt
from lockgate.audit.signing import NoteSigner, sign_note
from lockgate.audit.store.batch import Appended
from lockgate.audit.store.batch_rows import KeptCheckpoint
from lockgate.audit.store.growth import BatchProofs
from lockgate.audit.store.held_connection import HeldConnection
from lockgate.audit.store.line import ClosedError, Feed, FullError, Line
from lockgate.audit.store.recovery import recover
from lockgate.audit.store.store import Store
from lockgate.audit.store.waiting import InProcess, Waiting
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy import Connection

MAX_WAITING: Final = 4096
MAX_BATCH: Final = 256
# How long a batch waits for as many as there were before, once the log is busy: as long as GATHER_BATCHES batches take,
# so that a slow disk or a loaded machine makes fewer of them.
GATHER_S: Final = 0.005
GATHER_MOST_S: Final = 0.02
GATHER_BATCHES: Final = 2
# As many are enough: what a batch takes by itself is little for each of them then, and who is answered has others'
# drafts to wait for no longer than needed. With more, all that ask would wait for one batch, and then it for them.
ENOUGH: Final = 24
# The last checkpoint is stored when nothing came for so long.
IDLE_S: Final = 1.0
# One checkpoint a minute is kept for good; the latest always.
KEEP_EVERY_MS: Final = 60_000
# How long a batch waits for a database server that went away, such as one that is started again.
RECONNECT_S: Final = 5.0
RETRY_S: Final = 0.2

_CLOSED: Final = "the appender is closed"
_NOT_SIGNED: Final = "the record is in the log, and no checkpoint could be signed over it"
_HINTS: Final = {
    NOT_STORED: "it may be in the log all the same: send it again with the same request key",
    _NOT_SIGNED: "the next record's checkpoint covers it: send it again with the same request key for its receipt",
}


class Clock(Protocol):
    """Unix time in milliseconds."""

    def __call__(self) -> int:
        """Now."""
        ...


def system_clock() -> int:
    """The system's clock."""
    return time.time_ns() // 1_000_000


class Appender:
    """Appends to one log. `on_checkpoint` is called in the appender's thread with each signed checkpoint's note."""

    def __init__(
        self,
        store: Store,
        signers: Sequence[NoteSigner],
        seal_key: bytes,
        *,
        clock: Clock = system_clock,
        on_checkpoint: Callable[[int, bytes], None] | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        store.take_writer_lock()
        self.store: Final = store
        self.back_pressure = 0
        self.trouble = ""
        self._signers = tuple(signers)
        self._clock = clock
        self._on_checkpoint = on_checkpoint
        self._batches = store.batch_appender(seal_key)
        self._connection: Final = HeldConnection(store.connect)
        self._line: Final = Line[Waiting](max_waiting)
        self._max_waiting: Final = max_waiting
        self._kept_ms = 0
        self._unstored: KeptCheckpoint | None = None
        self._process = os.getpid()
        self._droppable: int | None = None
        self._halted: TrailError | None = None
        # The head as it was read behind the last commit, until it is signed.
        self._committed: Head | None = None
        # Called behind each batch, in the appender's thread.
        self._after_batch: Callable[[], None] | None = None
        try:
            self._recover()
        except BaseException:
            store.free_writer_lock()
            raise
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="trail-appender", daemon=True)
        self._thread.start()

    def _recover(self) -> None:
        """Checks what is there, and signs what was committed and not signed when the last process ended."""
        keys = [signer.verifier_key for signer in self._signers]
        signed = recover(self.store, self._batches, keys)
        state = self._batches.state
        if state is not None and signed < state.growth.size and state.growth.size:
            self._sign((), ())
            self._store_checkpoint()

    def submit(
        self,
        draft: Draft,
        timeout: float = 5.0,
        within: "Callable[[Connection], None] | None" = None,
    ) -> "Future[Receipt]":
        """Queues a draft, waiting up to `timeout` seconds for room. Raises BackPressureError, or TrailError.

        within: runs in the transaction that records the draft, so that both happen or neither.
        """
        future: Future[Receipt] = Future()
        self._check_taking()
        try:
            self._line.put(InProcess(draft, future, within), timeout)
        except ClosedError:
            raise TrailError(_CLOSED) from None
        except FullError:
            raise self.count_back_pressure() from None
        return future

    def submit_some(self, waiting: Sequence[Waiting]) -> int:
        """Queues the first drafts, as many as there is room for; how many those are. Raises TrailError."""
        self._check_taking()
        try:
            return self._line.put_some(waiting)
        except ClosedError:
            raise TrailError(_CLOSED) from None

    def _check_taking(self) -> None:
        if self._halted is not None:
            raise self._halted
        if self._process != os.getpid():
            raise TrailError(
                "the appender's thread is in the process that was forked",
                hint="give the workers the socket of one appender",
            )

    def append(
        self,
        draft: Draft,
        timeout: float = 30.0,
        within: "Callable[[Connection], None] | None" = None,
    ) -> Receipt:
        """Appends a draft and waits for its receipt. Raises TrailError."""
        try:
            return self.submit(draft, timeout, within).result(timeout)
        except TimeoutError:
            raise TrailError(
                f"no receipt within {timeout} s: the record may or may not be in the log",
                hint="send it again with the same request key",
            ) from None

    def feed_from(self, feed: Feed | None, after_batch: Callable[[], None] | None) -> None:
        """From where the appender's thread fetches drafts by itself, and what it calls whenever a batch was answered, which
        raises nothing; None: no more."""
        self._after_batch = after_batch
        self._line.feed_from(feed)

    def halt(self, reason: TrailError) -> None:
        """Appends nothing from now on; callers, waiting ones too, are told the reason.

        For what is learnt while running, such as that an anchor has seen another history of this log.
        """
        self._halted = reason

    def close(self) -> None:
        """Takes no more, records what waits, stores the last checkpoint, and stops."""
        self._line.close()
        self._thread.join()

    def count_back_pressure(self) -> BackPressureError:
        """Counts a draft that found no room for as long as it would wait; the error for who sent it."""
        with self._counting:
            self.back_pressure += 1
        return BackPressureError(
            f"the trail did not take the record in time: {self._max_waiting} are waiting",
            hint="the disk is slow or the load is high; the request was not recorded",
        )

    @property
    def is_full(self) -> bool:
        """Whether a draft would have to wait for room."""
        return len(self._line) >= self._max_waiting

    @property
    def waiting(self) -> int:
        """How many drafts wait for their turn."""
        return len(self._line)

    def _run(self) -> None:
        try:
            self._append_batches()
        finally:
            # Whatever ended it: who comes is told, and does not wait for nobody.
            self._line.close()

    def _append_batches(self) -> None:
        expected, gather = 1, GATHER_S
        while True:
            batch = self._line.take(MAX_BATCH, expected, gather, IDLE_S)
            began = time.monotonic()
            if not batch and self._line.is_closed:
                break
            if not batch:
                expected = 1
                self._connection.give_back()
                self._store_checkpoint()
            for group in _groups(batch):
                self._record(group)
                after_batch = self._after_batch
                if after_batch is not None:
                    after_batch()
            self._line.fetch()
            # Who is answered now is back soon, and who came meanwhile waits: they make the next batch together.
            expected = min(ENOUGH, len(batch) + len(self._line))
            gather = min(GATHER_MOST_S, max(GATHER_S, GATHER_BATCHES * (time.monotonic() - began)))
        self._connection.give_back()
        self._store_checkpoint()

    def _record(self, batch: list[Waiting]) -> None:
        # Who gave up before its turn is not recorded; from here on nobody can.
        batch = [waiting for waiting in batch if waiting.begin()]
        if not batch:
            return
        halted = self._halted
        if halted is not None:
            for waiting in batch:
                waiting.answer(halted)
            return
        what = NOT_STORED
        try:
            appended = self._commit(batch)
            what = _NOT_SIGNED
            answers = self._sign(batch, appended)
        except Exception as error:  # noqa: BLE001 - every caller is told, whatever it was
            self._batches.forget()
            failure = error if isinstance(error, TrailError) else _unexpected(error, what)
            for waiting in batch:
                waiting.answer(failure)
            return
        for waiting, answer in zip(batch, answers, strict=True):
            waiting.answer(answer)

    def _commit(self, batch: list[Waiting]) -> list[Appended | TrailError]:
        """Commits a batch. A connection that is lost is made again for a while; what it committed is looked for first."""
        drafts = [waiting.draft for waiting in batch]
        until = time.monotonic() + RECONNECT_S
        answers: list[Appended | TrailError] = []
        pending = self._pending()
        self._committed = None
        lost = False
        while True:
            try:
                if lost:
                    with self.store.write() as connection:
                        if answers and self._batches.take_over(connection, answers):
                            return answers
                answers = []
                connection = self._connection.get()
                with connection.begin():
                    answers = self._batches.append(connection, drafts, self._clock(), pending)
                    for waiting, answer in zip(batch, answers, strict=True):
                        is_new = isinstance(answer, Appended) and not answer.repeated
                        if is_new and waiting.within is not None:
                            waiting.within(connection)
                    self._committed = self.store.commit_on(connection)
                try:
                    if self._committed is None:
                        self._committed = self.store.head_on(connection)
                except DBAPIError:
                    # It is read anew where it is signed.
                    self._connection.give_back()
            except DBAPIError as error:
                self._connection.give_back()
                self._batches.forget()
                if not (error.connection_invalidated or lost) or time.monotonic() > until:
                    raise
                lost = True
                time.sleep(RETRY_S)
            else:
                self._stored(pending)
                return answers

    def _sign(
        self, batch: Sequence[Waiting], appended: Sequence[Appended | TrailError]
    ) -> list[Receipt | Place | TrailError]:
        """Signs what was committed, and proves entries against it where that is wanted."""
        state = self._batches.state
        if state is None:
            raise TrailError("the batch left no state behind")
        head, self._committed = self._committed or self.store.head(), None
        growth = state.growth
        size, root = growth.size, growth.frontier.root()
        if head.size < size or (head.size == size and head.root != root):
            raise VerificationError("the head that was committed is another", where=f"size {head.size}")
        text = render_checkpoint(Checkpoint(self.store.origin, size, root))
        note = render_note(sign_note(text, *self._signers))
        self._unstored = KeptCheckpoint(size, note, state.time_ms)
        self._batches.remember_signed(size, root)
        growth.get = self.store.tile
        proofs = BatchProofs(size, growth.read)
        answers: list[Receipt | Place | TrailError] = []
        for waiting, one in zip(batch, appended, strict=True):
            if isinstance(one, TrailError):
                answers.append(one)
            elif waiting.wants_proof:
                answers.append(_receipt(one, proofs, note))
            else:
                answers.append(Place(one.index, one.leaf_hash, one.repeated))
        if self._on_checkpoint is not None:
            try:
                self._on_checkpoint(size, note)
            except Exception as error:  # noqa: BLE001 - what is recorded does not depend on who follows
                self.trouble = f"a follower of the checkpoints failed: {error}"
        return answers

    def _pending(self) -> KeptCheckpoint | None:
        """The last checkpoint, where it is not stored yet, and the one that it makes needless."""
        pending = self._unstored
        if pending is None or self._droppable == pending.size:
            return pending
        return replace(pending, instead_of=self._droppable)

    def _stored(self, pending: KeptCheckpoint | None) -> None:
        """What was pending is committed: the next one replaces it, unless its minute has no other."""
        if pending is None:
            return
        if pending.time_ms - self._kept_ms >= KEEP_EVERY_MS:
            self._kept_ms = pending.time_ms
            self._droppable = None
        else:
            self._droppable = pending.size
        if self._unstored is not None and self._unstored.size == pending.size:
            self._unstored = None

    def _store_checkpoint(self) -> None:
        """Stores the last checkpoint while nothing is to be appended.

        When that fails it waits for the next batch, whose callers are told; signing the same head again after a crash
        gives the same bytes.
        """
        pending = self._pending()
        if pending is None:
            return
        try:
            with self.store.write() as connection:
                self._batches.keep(connection, pending)
        except Exception as error:  # noqa: BLE001 - shown by `trouble`, and met again by the next batch
            self.trouble = str(_unexpected(error, "the checkpoint was not stored"))
        else:
            self._stored(pending)
            self.trouble = ""


def _groups(batch: list[Waiting]) -> Iterator[list[Waiting]]:
    """Parts of a batch, in order: what does more than to record is by itself, since its failure undoes the whole."""
    group: list[Waiting] = []
    for waiting in batch:
        if waiting.within is None:
            group.append(waiting)
            continue
        if group:
            yield group
            group = []
        yield [waiting]
    if group:
        yield group


def _receipt(appended: Appended, proofs: BatchProofs, note: bytes) -> Receipt | TrailError:
    try:
        path = proofs.path(appended.index)
    except TrailError as error:
        # A tile that an earlier entry needs is gone: that is no trouble of the others.
        return error
    leaf, entry = appended.leaf_hash, appended.entry
    return Receipt(appended.index, leaf, entry, proofs.size, path, note, appended.repeated)


def _unexpected(error: Exception, what: str) -> TrailError:
    return TrailError(f"{what}: {reason_of(error)}", hint=_HINTS.get(what, ""))
