"""The appender: one thread that takes drafts from many callers, commits them in groups, and then signs.

A caller gets its receipt only when its entry is durable and a signed checkpoint covers it. When the queue is full a
caller waits, and is then told; nothing is dropped.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import Hash
from lockgate.audit.note import render_note
from lockgate.audit.signing import NoteSigner, sign_note
from lockgate.audit.store.batch import Appended
from lockgate.audit.store.batch_rows import KeptCheckpoint
from lockgate.audit.store.growth import BatchProofs
from lockgate.audit.store.line import ClosedError, FullError, Line
from lockgate.audit.store.recovery import recover
from lockgate.audit.store.store import Store
from lockgate.audit.tlog_proof import TlogProof, render_tlog_proof
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy import Connection

MAX_WAITING: Final = 4096
MAX_BATCH: Final = 256
# How long a batch waits for as many as there were before, once the log is busy.
GATHER_S: Final = 0.005
# The last checkpoint is stored when nothing came for so long.
IDLE_S: Final = 1.0
# One checkpoint a minute is kept for good; the latest always.
KEEP_EVERY_MS: Final = 60_000
# How long a batch waits for a database server that went away, such as one that is started again.
RECONNECT_S: Final = 5.0
RETRY_S: Final = 0.2

_NOT_STORED: Final = "the record was not acknowledged by the database"
_NOT_SIGNED: Final = "the record is in the log, and no checkpoint could be signed over it"
_HINTS: Final = {
    _NOT_STORED: "it may be in the log all the same: send it again with the same request key",
    _NOT_SIGNED: "the next record's checkpoint covers it: send it again with the same request key for its receipt",
}


class BackPressureError(TrailError):
    """The queue stayed full for as long as the caller would wait: nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry is in the log: its index and bytes, and the proof that a signed checkpoint covers it."""

    index: int
    leaf_hash: Hash
    entry: bytes
    size: int
    proof: tuple[Hash, ...]
    checkpoint: bytes
    repeated: bool = False

    def render(self) -> bytes:
        """As a tlog-proof."""
        return render_tlog_proof(TlogProof(self.index, self.proof, self.checkpoint))


class Clock(Protocol):
    """Unix time in milliseconds."""

    def __call__(self) -> int:
        """Now."""
        ...


def system_clock() -> int:
    """The system's clock."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    draft: Draft
    future: "Future[Receipt]"
    within: "Callable[[Connection], None] | None" = None


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
        self._line: Final = Line[_Waiting](max_waiting)
        self._max_waiting: Final = max_waiting
        self._kept_ms = 0
        self._unstored: KeptCheckpoint | None = None
        self._process = os.getpid()
        self._droppable: int | None = None
        self._halted: TrailError | None = None
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
            self._sign([])
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
        if self._halted is not None:
            raise self._halted
        if self._process != os.getpid():
            raise TrailError(
                "the appender's thread is in the process that was forked",
                hint="give the workers the socket of one appender",
            )
        try:
            self._line.put(_Waiting(draft, future, within), timeout)
        except ClosedError:
            raise TrailError("the appender is closed") from None
        except FullError:
            raise self.count_back_pressure() from None
        return future

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
        expected = 1
        while True:
            batch = self._line.take(MAX_BATCH, expected, GATHER_S, IDLE_S)
            if not batch and self._line.is_closed:
                break
            if not batch:
                expected = 1
                self._store_checkpoint()
            for group in _groups(batch):
                self._record(group)
            # Who is answered now is back soon, and who came meanwhile waits: they make the next batch together.
            expected = len(batch) + len(self._line)
        self._store_checkpoint()

    def _record(self, batch: list[_Waiting]) -> None:
        # Who gave up before its turn is not recorded; from here on nobody can.
        batch = [waiting for waiting in batch if waiting.future.set_running_or_notify_cancel()]
        if not batch:
            return
        halted = self._halted
        if halted is not None:
            for waiting in batch:
                waiting.future.set_exception(halted)
            return
        what = _NOT_STORED
        try:
            answers = self._commit(batch)
            what = _NOT_SIGNED
            receipts = self._sign(answers)
        except Exception as error:  # noqa: BLE001 - every caller is told, whatever it was
            self._batches.forget()
            failure = error if isinstance(error, TrailError) else _unexpected(error, what)
            for waiting in batch:
                waiting.future.set_exception(failure)
            return
        for waiting, receipt in zip(batch, receipts, strict=True):
            if isinstance(receipt, TrailError):
                waiting.future.set_exception(receipt)
            else:
                waiting.future.set_result(receipt)

    def _commit(self, batch: list[_Waiting]) -> list[Appended | TrailError]:
        """Commits a batch. A connection that is lost is made again for a while; what it committed is looked for first."""
        drafts = [waiting.draft for waiting in batch]
        until = time.monotonic() + RECONNECT_S
        answers: list[Appended | TrailError] = []
        pending = self._pending()
        lost = False
        while True:
            try:
                if lost:
                    with self.store.write() as connection:
                        if answers and self._batches.take_over(connection, answers):
                            return answers
                answers = []
                with self.store.write() as connection:
                    answers = self._batches.append(connection, drafts, self._clock(), pending)
                    for waiting, answer in zip(batch, answers, strict=True):
                        if (
                            waiting.within is not None
                            and isinstance(answer, Appended)
                            and not answer.repeated
                        ):
                            waiting.within(connection)
            except DBAPIError as error:
                self._batches.forget()
                if not (error.connection_invalidated or lost) or time.monotonic() > until:
                    raise
                lost = True
                time.sleep(RETRY_S)
            else:
                self._stored(pending)
                return answers

    def _sign(self, answers: list[Appended | TrailError]) -> list[Receipt | TrailError]:
        """Signs what was committed, and proves each entry against it."""
        state = self._batches.state
        if state is None:
            raise TrailError("the batch left no state behind")
        head = self.store.head()
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
        receipts: list[Receipt | TrailError] = []
        for answer in answers:
            if isinstance(answer, Appended):
                try:
                    path = proofs.path(answer.index)
                except TrailError as error:
                    # A tile that an earlier entry needs is gone: that is no trouble of the others.
                    receipts.append(error)
                    continue
                receipts.append(
                    Receipt(answer.index, answer.leaf_hash, answer.entry, size, path, note, answer.repeated)
                )
            else:
                receipts.append(answer)
        if self._on_checkpoint is not None:
            try:
                self._on_checkpoint(size, note)
            except Exception as error:  # noqa: BLE001 - what is recorded does not depend on who follows
                self.trouble = f"a follower of the checkpoints failed: {error}"
        return receipts

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


def _groups(batch: list[_Waiting]) -> Iterator[list[_Waiting]]:
    """Parts of a batch, in order: what does more than to record is by itself, since its failure undoes the whole."""
    group: list[_Waiting] = []
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


def _unexpected(error: Exception, what: str) -> TrailError:
    reason = str(error.__cause__ or error).strip().split("\n")[0]
    return TrailError(f"{what}: {reason}", hint=_HINTS.get(what, ""))
