"""The API's paths, once: what is served, and what the published description says, are made of this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from lockgate.audit.query.answers.catalogue import QUESTIONS
from lockgate.audit.web.api import (
    ANSWER_PARAMETERS,
    EXPORT_PARAMETERS,
    RECORD_PARAMETERS,
    SAMPLE_PARAMETERS,
    Api,
)
from lockgate.audit.web.call import MEDIA, Call, Form, Reply
from lockgate.audit.web.exports import export
from lockgate.audit.web.job_requests import (
    REPLAY_PARAMETERS,
    job,
    job_result,
    jobs,
    replay_terms,
    start_replay,
    start_verify,
)

VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path. parts: of it, each with a pattern of the framework (`path` takes slashes). forms: whether `.json`, `.jsonl` and `.csv` may
    stand behind it. media: of its answer where that is no JSON."""

    path: str
    name: str
    summary: str
    answer: Callable[[Api, Call], Reply]
    parameters: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ("json", "jsonl", "csv")
    media: str = ""
    method: Literal["GET", "POST"] = "GET"


ENDPOINTS: Final = (
    Endpoint("/v1/records", "listRecords", "Entries that fit a question, page by page.", Api.records, RECORD_PARAMETERS),
    Endpoint("/v1/records/{index}", "getRecord", "An entry with its proof.", Api.record, ("namespace",), ("json",)),
    Endpoint("/v1/decisions", "listDecisions", "Decisions that fit a question.", Api.decisions, RECORD_PARAMETERS),
    Endpoint("/v1/policies/{digest}", "listDecisionsOfPolicies", "Decisions under a set of policies.", Api.policy, RECORD_PARAMETERS),
    Endpoint("/v1/streams/{name:path}", "listStream", "A stream's entries, none missing.", Api.stream, RECORD_PARAMETERS),
    Endpoint("/v1/promotions", "listPromotions", QUESTIONS["a1"].text, Api.promotions, ANSWER_PARAMETERS),
    Endpoint("/v1/exceptions", "listExceptions", QUESTIONS["a2"].text, Api.exceptions, ANSWER_PARAMETERS),
    Endpoint("/v1/models/{model:path}/history", "getModelHistory", QUESTIONS["a4"].text, Api.history, ANSWER_PARAMETERS),
    Endpoint("/v1/questions", "listQuestions", "The fifteen questions.", Api.questions, (), ("json",)),
    Endpoint("/v1/questions/{number}", "getAnswer", "The answer to one of the fifteen questions.", Api.question, ANSWER_PARAMETERS),
    Endpoint("/v1/sample", "getSample", "A random sample that can be drawn again.", Api.sample, SAMPLE_PARAMETERS),
    Endpoint("/v1/export", "exportRecords", "Every entry that fits a question, streamed.", export, EXPORT_PARAMETERS, ("jsonl", "csv")),
    Endpoint("/v1/replay", "getReplayTerms", "Policies that a replay may be asked for.", replay_terms, ("namespace",), ()),
    Endpoint("/v1/replay", "startReplay", "Judge recorded Decisions again, as a job.", start_replay, REPLAY_PARAMETERS, (), "", "POST"),
    Endpoint("/v1/verify", "startVerification", "Verify the whole log, as a job; the log keeps the verdict.", start_verify, (), (), "", "POST"),
    Endpoint("/v1/jobs", "listJobs", "Your jobs of the last hour.", jobs, (), ()),
    Endpoint("/v1/jobs/{id}", "getJob", "How a job stands.", job, (), ()),
    Endpoint("/v1/jobs/{id}/result", "getJobResult", "What a job came to.", job_result, (), ()),
    Endpoint("/v1/log/proof/{index}", "getInclusionProof", "The tlog-proof of an entry.", Api.proof, (), (), "text/plain"),
    Endpoint("/v1/log/consistency", "getConsistencyProof", "That the log continues an earlier size.", Api.consistency, ("from",), ("json",)),
    Endpoint("/log/checkpoint", "getCheckpoint", "The latest checkpoint (C2SP tlog-tiles).", Api.checkpoint, (), (), "text/plain"),
    Endpoint("/log/tile/{path:path}", "getTile", "A tile, or a bundle of entries (C2SP tlog-tiles).", Api.tile, (), (), "application/octet-stream"),
    Endpoint("/r/{origin:path}/{index}", "getPermalink", "Where an entry of this log is.", Api.permalink, ("namespace",), ()),
    Endpoint("/healthz/trail", "getHealth", QUESTIONS["a15"].text, Api.health, ANSWER_PARAMETERS, ("json",)),
)  # fmt: skip

_TEXTS: Final[Mapping[str, str]] = {
    "kind": "Kinds of entries, with commas.",
    "event": "Events, with commas.",
    "outcome": "allow, warn, deny, error; with commas.",
    "model": "A model.",
    "environment": "An environment.",
    "resource": "group/version/kind.",
    "policy": "Kind/name of a policy that was breached.",
    "policies": "The digest of a set of policies (sha256:…).",
    "subject": "The digest of bytes (sha256:…).",
    "requester": "Who asked: a name (needs the right to actors), or pseudonym:…",
    "approver": "Who approved: a name (needs the right to actors), or pseudonym:…",
    "namespace": "Only what is of this namespace; whoever may see this one alone has to say so.",
    "stream": "A stream of the log.",
    "since": "Recorded then or later: a date or RFC 3339.",
    "until": "Recorded before then.",
    "at": "As things stood then.",
    "as_of": "As the log was then: a size, or a time.",
    "order": "newest or oldest first.",
    "walk": "complete: all of a stream, so that a gap shows.",
    "limit": "Rows of a page, 1 to 1000.",
    "cursor": "Where a page of the same question ended.",
    "proofs": "each: a proof for each row.",
    "entry": "The index of an entry.",
    "days": "How old is old, how soon is soon.",
    "hours": "Within how many hours.",
    "count": "How many.",
    "seed": "Of a sample.",
    "reveal": "yes: open bodies (needs the right to actors); the log keeps that you did.",
    "from": "A size of the log.",
    "against": "Of a replay: other policies, by their name, to tell what they would have decided.",
}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    parts = [part[1:-1].partition(":")[0] for part in endpoint.path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parts
    ] + [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": _TEXTS[name],
            "schema": {"type": "string"},
        }
        for name in endpoint.parameters
    ]
    content: dict[str, Any] = {
        endpoint.media or "application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}
    }
    if endpoint.forms and "json" not in endpoint.forms:
        content = {MEDIA[one].partition(";")[0]: {"schema": {"type": "string"}} for one in endpoint.forms}
    if endpoint.media:
        content = {endpoint.media: {"schema": {"type": "string"}}}
    problem = {
        "description": "What is wrong.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    status = "202" if endpoint.method == "POST" else "200"
    described = (
        "It is started; Location says where it stands." if endpoint.method == "POST" else "The answer."
    )
    return {
        endpoint.method.lower(): {
            "operationId": endpoint.name,
            "summary": endpoint.summary,
            "parameters": parameters,
            "responses": {status: {"description": described, "content": content}, "default": problem},
        }
    }


def openapi() -> dict[str, Any]:
    """The description of the API (OpenAPI 3.1)."""
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        path = endpoint.path.replace(":path}", "}")
        paths.setdefault(path, {"x-forms": [*endpoint.forms]}).update(_operation(endpoint))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lockgate's trail, for auditors",
            "version": VERSION,
            "description": "Read only, but for jobs, which are started by POST. A path that gives JSON takes .json, .jsonl and .csv behind it, as `x-forms` says. Lines and CSV "
            "are exports, and the log keeps them.",
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Answer": {
                    "type": "object",
                    "description": "A page, a record or an answer, with `asOf`: the log's origin, size and root.",
                },
                "Problem": {
                    "type": "object",
                    "required": ["type", "title", "status"],
                    "properties": {
                        "type": {"type": "string", "format": "uri"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "fault": {"enum": ["invalidCursor", "expiredCursor", "invalidCount"]},
                        "field": {"type": "string"},
                        "where": {"type": "string"},
                    },
                },
            },
        },
    }
