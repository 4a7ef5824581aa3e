"""What somebody asks of a trail, as options say it, and the replay that answers it."""

from collections.abc import Callable

from lockgate.audit.store.appender import system_clock
from lockgate.engine.record import record
from lockgate.webhook.moments import parse_moment
from lockgate.webhook.replay.judge import Judge
from lockgate.webhook.replay.replaying import begin_replay, replay
from lockgate.webhook.replay.report import ReplayReport
from lockgate.webhook.replay.window import END, Window
from lockgate.webhook.trail import current_user


@record
class Question:
    """Which Decisions of which trail. home: of a trail, or an export. actor: who asks; empty for the system's user."""

    home: str
    since: str = ""
    until: str = ""
    outcome: str = ""
    namespace: str = ""
    actor: str = ""

    def window(self) -> Window:
        """The Decisions that are asked for. Raises UsageError for what is no moment."""
        now_ms = system_clock()
        return Window(
            parse_moment(self.since, now_ms, "--since") if self.since else 0,
            parse_moment(self.until, now_ms, "--until") if self.until else END,
            self.outcome,
            self.namespace,
        )


# Answers a question by the policies that records name, and by others.
Answer = Callable[[Judge, Judge | None], ReplayReport]


def asking(question: Question, jobs_for: Callable[[int], int]) -> Answer:
    """What replays, after the log has that it is done. jobs_for: how many processes, by the number of bundles.

    Raises UsageError for a question that is none.
    """
    window = question.window()
    options = {name: getattr(question, name) for name in ("since", "until", "outcome", "namespace")}
    asked = {name: text for name, text in options.items() if text}

    def answer(then: Judge, other: Judge | None) -> ReplayReport:
        actor = question.actor or current_user()
        job, log = begin_replay(question.home, window, then, other, asked, actor)
        tally = replay(job, jobs_for(job.covered.blocks))
        against = None if other is None else other.policies.digest
        return ReplayReport(log, asked, then.policies.digest, against, tally)

    return answer
