"""What is wrong with a question, by whom it can be mended; a cursor that is refused says how (RFC 9865, section 2.1)."""

from typing import Final, Literal

from lockgate.audit.errors import TrailError

CursorFault = Literal["invalidCursor", "expiredCursor", "invalidCount"]
_HINT: Final = "ask again without a cursor"


class QuestionError(TrailError):
    """A question that cannot be asked so. field: which part of it."""

    def __init__(self, message: str, *, field: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field: Final = field


class CursorError(TrailError):
    """A cursor that is forged, of another question or of another log, or too old; a count that is none."""

    def __init__(self, fault: CursorFault, message: str, *, hint: str = _HINT) -> None:
        super().__init__(message, hint=hint)
        self.fault: Final = fault
