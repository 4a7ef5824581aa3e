"""Errors of the trail. Each says what is wrong, where, and what to do about it."""

from typing import Final

from lockgate.engine.errors import LockgateError

# A database that was asked to keep a record, or a key for one, failed.
NOT_STORED: Final = "the record was not acknowledged by the database"


def reason_of(error: Exception) -> str:
    """What a database's own error says, in one line and without its statement and values."""
    return str(error.__cause__ or getattr(error, "orig", None) or error).strip().split("\n")[0]


class TrailError(LockgateError):
    """Base of every error of the trail."""


class FormatError(TrailError):
    """Bytes are not what their format demands."""


class VerificationError(TrailError):
    """A check failed: what was recorded and what is shown disagree. `where` names the place (index, size, file)."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.where = where


class RuleError(TrailError):
    """An entry contradicts what the log has already; it is not appended, and where it stands it is a finding."""


class UnverifiableError(TrailError):
    """There is nothing from outside to verify against: no key, no anchor, no witness."""


class BackPressureError(TrailError):
    """The queue stayed full for as long as the caller would wait: nothing was recorded."""


class ClosedLogError(TrailError):
    """The log takes no more entries."""


class ErasedKeyError(TrailError):
    """The key of the draft's namespace was destroyed since: the draft has to be made again."""
