"""Limits on one evaluation, as named constants with the reason beside each."""

from lockgate.engine.record import record

# A library template needs 50 to 5,000 steps for an object; a thousand times that is a runaway policy.
DEFAULT_MAX_STEPS = 10_000_000

# What an evaluation may add to the memory of the process; a review of 3 MB with all that policies make of it takes 50 MB.
DEFAULT_MAX_MEMORY = 1_000_000_000

# Deeper values exhaust the Python stack in recursive walks; Kubernetes objects stay below 40.
MAX_DEPTH = 128

# Characters of one text that a policy makes. A message has hundreds; the whole review 3 MB.
MAX_TEXT = 10_000_000

# An integer of more digits than this costs quadratic time to print or multiply.
MAX_INTEGER_DIGITS = 4_096


@record
class Limits:
    """Bounds on one evaluation of one policy.

    max_steps: a count of steps, the same on every machine. max_seconds: of wall clock, None without a deadline.
    until: the moment (`time.monotonic`) at which every evaluation ends, such as all those of one request together.
    max_memory: bytes that the process may grow by; a backstop, since what builtins and loops make costs steps.
    """

    max_steps: int = DEFAULT_MAX_STEPS
    max_seconds: float | None = None
    max_memory: int = DEFAULT_MAX_MEMORY
    until: float | None = None
