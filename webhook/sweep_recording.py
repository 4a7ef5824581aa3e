"""The sweep's stage *record*: each change of a verdict on a live object is a decision of the trail."""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.receipt import Receipt
from lockgate.audit.recorder import SWEEP, Recorder, Subject
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.sweep import VerdictChange

RECEIPT_S: Final = 60.0
# Hands in a draft, whose receipt comes within so many seconds. Raises TrailError.
Submit = Callable[[Draft, float], "Future[Receipt]"]

_LATE: Final = f"no receipt came from the trail within {RECEIPT_S:.0f} s"


@final
class SweepRecording:
    """Records changes together, so that they share transactions."""

    def __init__(self, recorder: Recorder, submit: Submit) -> None:
        self._recorder: Final = recorder
        self._submit: Final = submit
        self.recorded = 0
        # Why the last ones were not; "" where they were.
        self.failure = ""

    def record(self, changes: Sequence[VerdictChange]) -> tuple[ObjectKey, ...]:
        """Records the changes; gives the objects of those that are. What is not is tried again by the next pass."""
        self.failure = ""
        waiting: list[tuple[ObjectKey, Future[Receipt]]] = []
        for change in changes:
            judged = change.judged
            try:
                # A key of its own: the same verdict may come back, and is recorded again then.
                key = f"sweep/{secrets.token_hex(16)}"
                draft = self._recorder.decision(
                    judged.review, judged.decision, Subject(), key, occasion=SWEEP
                )
                waiting.append((change.key, self._submit(draft, RECEIPT_S)))
            except TrailError as error:
                # One that cannot be recorded keeps none of the others from it.
                self.failure = error.message
        done = [key for key, receipt in waiting if self._is_recorded(receipt)]
        self.recorded += len(done)
        return tuple(done)

    def _is_recorded(self, receipt: "Future[Receipt]") -> bool:
        # Where one came too late the others are not waited for once more.
        seconds = 0.0 if self.failure == _LATE else RECEIPT_S
        try:
            receipt.result(seconds)
        except TrailError as error:
            self.failure = error.message
        except TimeoutError:
            self.failure = _LATE
        else:
            return True
        return False
