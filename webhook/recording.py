"""The gate's stage *record*, for `check`: each Decision into a trail, and a line of coverage for the rest.

Decisions are handed to the appender as they come and their receipts awaited, so that they share transactions. A run
without a receipt for every one of its Decisions raises.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from hashlib import sha256
from typing import Final

from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.coverage import ON_DEMAND, Coverage, InForce
from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.note import parse_note
from lockgate.audit.receipt import Receipt
from lockgate.audit.recorder import Subject
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.database import explain
from lockgate.engine.errors import LockgateError
from lockgate.webhook.appending import Appending
from lockgate.webhook.config import Config
from lockgate.webhook.exemption_changes import exemption_changes
from lockgate.webhook.gate import Gate, Judged, Record
from lockgate.webhook.policy_changes import policy_changes
from lockgate.webhook.report import Recorded
from lockgate.webhook.trail import EVALUATOR, Trail, current_user, open_trail

# Decisions that wait for their receipts: several batches, and little memory.
MAX_WAITING: Final = 1024
RECEIPT_S: Final = 60.0


class RecordError(LockgateError):
    """A Decision was made and could not be recorded: the run counts as failed."""


class Recording:
    """Records the Decisions of one run."""

    def __init__(
        self,
        trail: Trail,
        appending: Appending,
        in_force: InForce,
        subject: Subject,
        changes: Sequence[Draft],
    ) -> None:
        """`subject`: what is judged, where no file says it otherwise. changes: entries that come before all others."""
        self._trail = trail
        self._appending = appending
        self._appender = appending.appender
        self._is_closed = False
        self._recorder = trail.recorder()
        self._subject = subject
        self._in_force = in_force
        self._coverage = Coverage(f"{ON_DEMAND}{trail.config.instance}", in_force, system_clock())
        self._waiting: deque[Future[Receipt]] = deque()
        self._first: int | None = None
        self._last: Receipt | None = None
        for change in changes:
            self._hand_in(change)

    def of_file(self, environment: str | None) -> Record:
        """What records the Decisions on one file; `environment` is the configuration's for it."""
        subject = Subject(self._subject.model, self._subject.environment or environment or "")

        def record(judged: Judged) -> None:
            try:
                for draft in self._drafts(judged, subject):
                    self._hand_in(draft)
            except TrailError as error:
                raise _refused(error) from error

        return record

    def _drafts(self, judged: Judged, subject: Subject) -> Iterator[Draft]:
        """The entries of minutes that are over, and of a Decision; one on what no policy matched is a count."""
        yield from self._coverage.tick(system_clock())
        if judged.decision.matched == 0 and judged.decision.verdict == "allow":
            self._coverage.count_unmatched()
            return
        self._coverage.count_judged()
        yield self._recorder.decision(judged.review, judged.decision, subject)
        if judged.decision.exempted:
            yield from self._recorder.exemption_uses(judged.review, judged.decision)

    def _hand_in(self, draft: Draft) -> None:
        self._waiting.append(self._appender.submit(draft, RECEIPT_S))
        while len(self._waiting) > MAX_WAITING:
            self._take()

    def _take(self) -> None:
        receipt = self._waiting.popleft().result(RECEIPT_S)
        if self._first is None:
            self._first = receipt.index
        self._last = receipt

    def finish(self) -> Recorded:
        """Waits for every receipt. Raises RecordError where one does not come."""
        try:
            for draft in self._coverage.change(self._in_force, system_clock()):
                self._waiting.append(self._appender.submit(draft, RECEIPT_S))
            while self._waiting:
                self._take()
        except TrailError as error:
            raise _refused(error) from error
        except TimeoutError:
            raise RecordError(f"no receipt came from the trail within {RECEIPT_S:.0f} s") from None
        note = self._trail.store.checkpoint() if self._last is None else self._last.checkpoint
        assert note is not None
        size = parse_checkpoint(parse_note(note).text).size
        last = None if self._last is None else self._last.index
        return Recorded(self._trail.origin, self._first, last, size, note.decode())

    def close(self) -> None:
        """Stops the appender and closes the database; once more does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._appending.close()
        except TrailError as error:
            raise _refused(error) from error
        finally:
            self._trail.close()

    @property
    def unreached(self) -> tuple[tuple[str, str], ...]:
        """Anchors that do not have the newest checkpoint, and why; known once it is closed."""
        return self._appending.unreached


def _refused(error: TrailError) -> RecordError:
    return RecordError(f"the Decisions could not be recorded: {error.message}", hint=error.hint)


def start_recording(home: str, gate: Gate, settings: Config, subject: Subject) -> Recording:
    """Opens a trail to record a run, from what changed of policies and exemptions since the last one.

    Raises UsageError or RecordError.
    """
    policies = gate.policies
    in_force = InForce(policies.digest, settings.digest or sha256(b"").hexdigest(), EVALUATOR)
    try:
        trail = open_trail(home)
        try:
            appending = trail.appending()
        except BaseException:
            trail.close()
            raise
        try:
            actor = current_user()
            changes = [
                *policy_changes(trail, policies, actor),
                *exemption_changes(trail, gate.exemptions, policies.digest, actor, gate.now_ns),
            ]
            return Recording(trail, appending, in_force, subject, changes)
        except BaseException:
            appending.close()
            trail.close()
            raise
    except TrailError as error:
        raise RecordError(f"nothing can be recorded: {error.message}", hint=error.hint) from error
    except Exception as error:
        told = explain(error)
        if told is None:
            raise
        raise RecordError(f"nothing can be recorded: {told.message}", hint=told.hint) from error
