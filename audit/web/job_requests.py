"""Requests for jobs: replays and verifications are started, asked about, and what they came to is fetched."""

from typing import TYPE_CHECKING, Any, Final

from lockgate.audit.query.errors import QuestionError
from lockgate.audit.query.moments import CLOCK_SLACK_MS
from lockgate.audit.query.parameters import Texts
from lockgate.audit.query.question import OUTCOMES
from lockgate.audit.query.render import render_json
from lockgate.audit.times import render_time
from lockgate.audit.web.call import Call, Reply
from lockgate.audit.web.caller import Resource
from lockgate.audit.web.jobs import Job, Kind, Wanted
from lockgate.audit.web.problems import ProblemError, not_found

if TYPE_CHECKING:
    from lockgate.audit.web.api import Api

# Entries among which a replay looks for Decisions; some minutes of a processor.
MAX_REPLAYED: Final = 500_000
REPLAY_PARAMETERS: Final = ("policies", "against", "since", "until", "outcome", "namespace")
_MAX_NAME: Final = 300


def replay_terms(api: "Api", call: Call) -> Reply:
    """Under which policies a replay may be asked for, and how large it may be."""
    api.only(call, ("namespace",))
    api.scope(call, "replays")
    value = {"schemaVersion": 1, "policies": [*api.policies], "mostEntries": MAX_REPLAYED}
    return Reply(render_json(value).encode())


def start_replay(api: "Api", call: Call) -> Reply:
    """Starts a replay."""
    api.only(call, REPLAY_PARAMETERS)
    api.scope(call, "replays")
    texts = Texts(call.told, frozenset(REPLAY_PARAMETERS))
    told = {name: texts.one(name) for name in REPLAY_PARAMETERS}
    if not told["policies"]:
        raise QuestionError("say under which policies", field="policies")
    for name in ("policies", "against"):
        if told[name] and told[name] not in api.policies:
            raise QuestionError(
                f"no policies are called {told[name][:40]!r} here: there are {', '.join(api.policies) or 'none'}",
                field=name,
            )
    if told["outcome"] and told["outcome"] not in OUTCOMES:
        raise QuestionError(f"an outcome is one of {', '.join(OUTCOMES)}", field="outcome")
    namespace = told["namespace"]
    if len(namespace) > _MAX_NAME or not namespace.isprintable():
        raise QuestionError("no namespace is called so", field="namespace")
    bounds: dict[str, int] = {}
    for name in ("since", "until"):
        moment = texts.moment(name)
        if moment is not None:
            bounds[name] = moment
            told[name] = render_time(moment)
    engine = api.engine(call)
    places = {
        name: engine.index.place_at(
            engine.size, at + (CLOCK_SLACK_MS if name == "until" else -CLOCK_SLACK_MS)
        )
        for name, at in bounds.items()
    }
    entries = places.get("until", engine.size) - places.get("since", 0)
    if entries > MAX_REPLAYED:
        raise ProblemError(
            422,
            "too-large",
            "that is too large",
            f"{entries} entries are of that time, and a replay looks at {MAX_REPLAYED}: ask about a shorter one",
        )
    return _started(api, call, "replay", {name: text for name, text in told.items() if text})


def start_verify(api: "Api", call: Call) -> Reply:
    """Starts a verification of the whole log, whose verdict the log keeps."""
    api.only(call, ())
    api.demand(call.caller, "log")
    return _started(api, call, "verify", {})


def _started(api: "Api", call: Call, kind: Kind, question: dict[str, str]) -> Reply:
    wanted = Wanted(kind, call.caller.name, question.get("namespace", ""), question)
    job = api.jobs.start(wanted)
    headers = {"Location": f"/v1/jobs/{job.id}", "Retry-After": "2"}
    return Reply(render_json(_job_value(job)).encode(), status=202, headers=headers)


def jobs(api: "Api", call: Call) -> Reply:
    """The jobs of whoever asks."""
    api.only(call, ())
    value = {"schemaVersion": 1, "jobs": [_job_value(one) for one in api.jobs.of(call.caller.name)]}
    return Reply(render_json(value).encode())


def job(api: "Api", call: Call) -> Reply:
    """How a job stands."""
    api.only(call, ())
    found = api.jobs.get(call.caller.name, call.parts["id"])
    headers = {} if found.ended_ms else {"Retry-After": "2"}
    return Reply(render_json(_job_value(found)).encode(), headers=headers)


def job_result(api: "Api", call: Call) -> Reply:
    """What a job came to, for whoever still has the right to it."""
    api.only(call, ())
    found = api.jobs.get(call.caller.name, call.parts["id"])
    right: Resource = "replays" if found.wanted.kind == "replay" else "log"
    api.demand(call.caller, right, found.wanted.namespace)
    if not found.ended_ms:
        raise ProblemError(409, "not-done", "the job is not done yet", f"it is {found.state}")
    if found.outcome is None or not found.outcome.document:
        raise not_found("the job failed, and has no result")
    return Reply(found.outcome.document)


def _job_value(one: Job) -> dict[str, Any]:
    def moment(time_ms: int) -> str | None:
        return render_time(time_ms) if time_ms else None

    return {
        "id": one.id,
        "kind": one.wanted.kind,
        "question": dict(one.wanted.question),
        "state": one.state,
        "asked": moment(one.asked_ms),
        "started": moment(one.started_ms),
        "ended": moment(one.ended_ms),
        "exitCode": None if one.outcome is None else one.outcome.exit_code,
        "message": "" if one.outcome is None else one.outcome.message,
        "result": f"/v1/jobs/{one.id}/result" if one.state == "done" else None,
    }
