"""What other policies would do to live objects."""

from lockgate.engine.record import record
from lockgate.webhook.replay.difference import Difference


@record
class LiveEffect:
    """before, after: digests of the policies. errors: what could not be looked at or is not in force, and why."""

    before: str
    after: str
    difference: Difference
    errors: tuple[tuple[str, str], ...] = ()
