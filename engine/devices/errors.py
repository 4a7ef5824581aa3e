"""What is told where it cannot be told which devices are reached."""

from lockgate.engine.errors import EvaluationError


class UndecidableError(EvaluationError):
    """It cannot be told which devices are reached."""
