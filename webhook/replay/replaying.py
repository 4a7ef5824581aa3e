"""A replay: a trail's entries are shared out among processes, each of which opens the trail for itself.

Nothing is kept of a Decision but what it counts for, so that a replay takes as much memory for a year as for a day.
"""

from collections.abc import Mapping, Sequence
from typing import Final, final

from lockgate.audit.reader import StoredBody
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.appending import append_one
from lockgate.webhook.bodies import open_with
from lockgate.webhook.replay.blocks import Blocks, Covered, Open
from lockgate.webhook.replay.judge import Judge
from lockgate.webhook.replay.logged import LoggedDecision
from lockgate.webhook.replay.report import LogState
from lockgate.webhook.replay.tally import Tally
from lockgate.webhook.replay.window import Window
from lockgate.webhook.trail import EVALUATOR, Trail
from lockgate.webhook.trail_reading import Reading, open_reading


@record
class ReplayJob:
    """What is replayed. home: of a trail, or an export. then: the policies that records name; other: those to compare with."""

    home: str
    covered: Covered
    window: Window
    then: Judge
    other: Judge | None


def begin_replay(
    home: str,
    window: Window,
    then: Judge,
    other: Judge | None,
    question: Mapping[str, str],
    actor: str,
) -> tuple[ReplayJob, LogState]:
    """Opens the log, as of its latest checkpoint, and records in a trail that its bodies will be looked at.

    Raises LockgateError; then nothing is opened.
    """
    with open_reading(home) as reading:
        standing = reading.standing()
        covered = Covered(standing.checkpoint.size, standing.checkpoint.root)
        open_blocks(reading, covered, window)
        if reading.trail is not None:
            asked: dict[str, Value] = {**question, "policies": then.policies.digest}
            if other is not None:
                asked["against"] = other.policies.digest
            draft = reading.trail.recorder().access(
                "replay", _count(reading.trail, covered, window), actor, asked
            )
            append_one(reading.trail, draft)
        state = LogState(standing.checkpoint.origin, covered.size, str(standing.assurance.state))
    return ReplayJob(home, covered, window, then, other), state


def _count(trail: Trail, covered: Covered, window: Window) -> int:
    """How many Decisions are asked for, as far as entries tell without their bodies."""
    return sum(
        one.kind == "decision" and window.has(one.time_ms, one.outcome)
        for one in trail.store.records(0, covered.size)
    )


@final
class Replaying:
    """Replays bundles of entries; each process that does has one of its own."""

    def __init__(self, job: ReplayJob) -> None:
        self._job: Final = job

    def replay(self, blocks: Sequence[int]) -> Tally:
        """What the Decisions of these bundles come to. Raises LockgateError."""
        tally, job = Tally(), self._job
        with open_reading(job.home) as reading:
            read = open_blocks(reading, job.covered, job.window)
            for block in blocks:
                tally.take(read.decisions(block), job.then, job.other, EVALUATOR)
        return tally


def replay(job: ReplayJob, jobs: int) -> Tally:
    """The whole replay, in so many processes. Raises LockgateError."""
    blocks = range(job.covered.blocks)
    replaying = Replaying(job)
    if jobs < 2:
        return replaying.replay(blocks)
    from lockgate.webhook.jobs import share_out

    tally = Tally()
    for _, part in share_out(blocks, jobs, replaying.replay):
        tally.add(part)
    return tally


def open_blocks(reading: Reading, covered: Covered, window: Window) -> Blocks:
    """Reads a log for a replay. Raises UsageError for an export whose bodies cannot be opened."""
    trail = reading.trail
    if trail is None:
        if not reading.reader.has_bodies:
            raise UsageError(
                "the export has no bodies, so there is nothing to judge again",
                hint="export with --bodies opened, or name the trail's home",
            )
        return Blocks(reading.reader, covered, window, _open_exported)
    stream = ""
    if window.namespace:
        held = trail.vault().find(window.namespace)
        # Without a key of its own nothing was ever decided in it.
        stream = held.stream if held is not None else "-"
    return Blocks(reading.reader, covered, window, _opener(trail), stream)


def _opener(trail: Trail) -> Open:
    vault = trail.vault()

    def opened(one: LoggedDecision, body: StoredBody) -> bytes:
        return open_with(vault.entry_key(body), one.index, one.body, body)

    return opened


def _open_exported(one: LoggedDecision, body: StoredBody) -> bytes:
    if not body.entry_key:
        raise UsageError(
            "the export has its bodies sealed, and only the trail's master key opens them",
            hint="export with --bodies opened, or name the trail's home",
        )
    return open_with(body.entry_key, one.index, one.body, body)
