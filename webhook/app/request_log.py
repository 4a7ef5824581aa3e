"""The line of a request: who can be asked about it (uid), what was said of it, and how long it took."""

from typing import Final

from lockgate.engine.decision import Decision
from lockgate.engine.record import light_record
from lockgate.webhook.app.logs import Level, Log
from lockgate.webhook.serving.measures import Answer

MAX_POLICIES: Final = 16


@light_record
class AnsweredRequest:
    """A request and its answer, as the log tells them.

    resource: `group/version/kind`. reason: why it failed, or was refused. index: of its record in the trail. grant: the
    break-glass grant that let it through. The user is not in it: the API server's own audit log has who, by the uid.
    """

    uid: str
    answer: Answer
    seconds: float
    operation: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    caller: str = ""
    dry_run: bool = False
    decision: Decision | None = None
    reason: str = ""
    index: int | None = None
    grant: str = ""


def log_request(log: Log, told: AnsweredRequest) -> None:
    """Writes the line: what was allowed without a word at `debug`, what failed as an error."""
    level = _level(told)
    if not log.shows(level):
        return
    decision = told.decision
    log.write(
        level,
        "request",
        {
            "uid": told.uid,
            "answer": told.answer,
            "verdict": "" if decision is None else decision.verdict,
            "policies": () if decision is None else _policies(decision),
            "ms": round(told.seconds * 1000, 3),
            "reason": told.reason,
            "operation": told.operation,
            "resource": told.resource,
            "namespace": told.namespace,
            "name": told.name,
            "dryRun": told.dry_run or None,
            "record": told.index,
            "grant": told.grant,
            "caller": told.caller,
        },
    )


def _level(told: AnsweredRequest) -> Level:
    if told.answer == "failed":
        return "error"
    decision = told.decision
    if told.answer != "allowed" or told.grant or decision is None or decision.verdict != "allow":
        return "info"
    return "info" if decision.exempted or decision.violations else "debug"


def _policies(decision: Decision) -> tuple[str, ...]:
    """The policies that said something, each with what it said."""
    found = [f"{one.policy.kind}/{one.policy.name}: {','.join(one.actions)}" for one in decision.violations]
    if decision.failures:
        found += [f"{one.policy}: failed" for one in decision.failures]
    if decision.exempted:
        found += [f"{one.violation.policy}: exempt by {one.exemption}" for one in decision.exempted]
    names = tuple(dict.fromkeys(found))
    return names if len(names) <= MAX_POLICIES else (*names[:MAX_POLICIES], f"… ({len(names)} in all)")
