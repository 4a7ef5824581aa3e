"""The errors that Lockgate raises on purpose. Each says what is wrong, where, and what to do about it."""

from lockgate.engine.record import record


@record
class Location:
    """A place in a text file. Lines and columns count from 1; columns count code points."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class LockgateError(Exception):
    """Base of every error of ours. `hint` says what to do; `quoted` is the offending source line, if any."""

    def __init__(
        self, message: str, *, location: Location | None = None, hint: str = "", quoted: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint
        self.quoted = quoted

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" if self.location else self.message


class InputError(LockgateError):
    """What was asked to be judged cannot be read."""


class ReadTwiceError(LockgateError):
    """A document was judged by one reading, and its places come from another. Nothing that was said of it holds."""

    def __init__(self, line: int) -> None:
        super().__init__(
            f"the document at line {line} has two readings, so that no verdict on it holds",
            hint="this is a mistake of lockgate, to be reported with the file; written as JSON, a document is read in one way",
        )
        self.line = line


class PolicyError(LockgateError):
    """A policy, template or constraint is wrong; its author has to mend it."""


class UsageError(LockgateError):
    """The command line or the configuration is wrong."""


class EvaluationError(LockgateError):
    """A policy could not be evaluated on this input; the verdict is `error`, never `allow`."""


def os_reason(error: OSError) -> str:
    """What the system says of a failure, to stand in a sentence."""
    return (error.strerror or str(error)).lower()
