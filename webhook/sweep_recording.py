"""The sweep's stage *record*: each change of a verdict on a live object is a decision of the trail."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final, final

from lockgate.audit.errors import TrailError
from lockgate.audit.recorder import SWEEP, Recorder, Subject
from lockgate.audit.store.appender import Appender, Receipt
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.sweep import VerdictChange

RECEIPT_S: Final = 60.0
_LATE: Final = f"no receipt came from the trail within {RECEIPT_S:.0f} s"


@final
class SweepRecording:
    """Records changes together, so that they share transactions."""

    def __init__(self, recorder: Recorder, appender: Appender) -> None:
        self._recorder: Final = recorder
        self._appender: Final = appender
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
                draft = self._recorder.decision(judged.review, judged.decision, Subject(), occasion=SWEEP)
                waiting.append((change.key, self._appender.submit(draft, RECEIPT_S)))
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
