"""What can come of asking somebody who remembers a log."""

from lockgate.audit.errors import TrailError, VerificationError


class StaleError(TrailError):
    """The step does not begin at the size that is remembered, which is `size`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the step does not begin at the size that is remembered, {size}")
        self.size = size


class ForkError(VerificationError):
    """What is shown does not continue what is remembered."""


class SplitViewError(ForkError):
    """What is shown has the size of what is remembered, and another root."""


class UnreachableError(TrailError):
    """No answer came that says anything about the log; asking later may help."""


class RefusedError(TrailError):
    """The log or its key is not known there, or the place is not fit for its work; a person has to mend that."""
