"""What a replay is reported as: what was asked, and what it came to."""

from collections.abc import Mapping

from lockgate.engine.record import record
from lockgate.webhook.replay.tally import Tally


@record
class LogState:
    """The log as of the checkpoint that a replay reads it by, and what that rests on, in the words of `audit show`."""

    origin: str
    size: int
    state: str


@record
class ReplayReport:
    """then, other: digests of the policies (None: not compared). question: what was asked for, by option."""

    log: LogState
    question: Mapping[str, str]
    then: str
    other: str | None
    tally: Tally
