"""The API: rights first, then the answer; what opens bodies or takes entries away is in the log before it is shown."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from lockgate.audit.errors import TrailError
from lockgate.audit.note import encode_base64
from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.answers.catalogue import QUESTIONS, answer
from lockgate.audit.query.answers.sample import sample
from lockgate.audit.query.engine import MAX_ROWS, Engine
from lockgate.audit.query.parameters import (
    FILTERS,
    GIVEN,
    NOWHERE,
    PAGING,
    Names,
    parse_asking,
    parse_given,
    parse_question,
)
from lockgate.audit.query.question import Question
from lockgate.audit.query.render import (
    answer_csv,
    answer_value,
    as_of_value,
    page_csv,
    page_value,
    plain,
    render_json,
    render_json_lines,
    row_value,
)
from lockgate.audit.tiles import parse_tile_path
from lockgate.audit.tlog_proof import render_tlog_proof
from lockgate.audit.web.backend import Backend
from lockgate.audit.web.call import MEDIA, Call, Form, Reply, index_of, tag_of
from lockgate.audit.web.caller import EVERYWHERE, Caller, Resource, Rights
from lockgate.audit.web.exports import EXPORT_PAGING, MAX_EXPORTS, Slots
from lockgate.audit.web.jobs import Jobs, Work
from lockgate.audit.web.problems import ProblemError, forbidden, not_found

# A caller who reads the entries' tiles takes the log away: that is in the log once an hour, and not for each tile.
_TAKEN_FOR_MS: Final = 3_600_000
_MOST_TAKERS: Final = 4_096
_PLAIN: Final = "text/plain; charset=utf-8"
_OCTETS: Final = "application/octet-stream"


class Api:
    """Answers calls. Every method is safe in several threads."""

    def __init__(self, backend: Backend, rights: Rights, work: Work | None = None) -> None:
        self._backend: Final = backend
        self._work: Final = work
        self.exports: Final = Slots(MAX_EXPORTS, lambda: time.monotonic_ns() // 1_000_000)
        self._rights: Final = rights
        self._taken: dict[str, int] = {}
        self._lock: Final = threading.Lock()

    # For the long answers (long.py)

    @property
    def names(self) -> Names:
        """How names are found in entries."""
        return self._backend.names

    @property
    def policies(self) -> Sequence[str]:
        """Names of policies that a replay may be asked for."""
        return () if self._work is None else self._work.policies

    @property
    def jobs(self) -> Jobs:
        """What has jobs done. Raises ProblemError where nothing does."""
        if self._work is None:
            raise ProblemError(422, "unanswered", "it cannot be answered so", "no jobs are done here")
        return self._work.jobs

    def engine(self, call: Call) -> Engine:
        """The engine as of the latest checkpoint, for whoever calls."""
        return self._backend.engine(call.caller.name)

    def only(self, call: Call, names: Sequence[str]) -> None:
        """Refuses any other parameter. Raises ProblemError."""
        _only(call, names)

    # Rights

    def demand(self, caller: Caller, resource: Resource, namespace: str = EVERYWHERE) -> None:
        """Refuses whoever may not. Raises ProblemError."""
        try:
            is_allowed = self._rights.allows(caller, resource, namespace)
        except TrailError as error:
            raise ProblemError(
                503, "rights", "nobody can say whether that is allowed to you", error.message
            ) from None
        if not is_allowed:
            raise forbidden(resource, namespace)

    def scope(self, call: Call, resource: Resource = "records") -> str:
        """The stream that a caller is kept in; "" where they may see everything. Raises ProblemError."""
        namespaces = call.told.get("namespace", ())
        namespace = namespaces[0] if len(namespaces) == 1 else EVERYWHERE
        if not namespace:
            self.demand(call.caller, resource)
            return ""
        self.demand(call.caller, resource, namespace)
        return self._backend.names.namespace(namespace) or NOWHERE

    def named(self, call: Call, told: Mapping[str, Sequence[str]]) -> None:
        """Who looks for somebody by name learns their pseudonym: that is a look at an identity."""
        named = [
            name
            for name in ("approver", "requester")
            for one in told.get(name, ())
            if not one.startswith("pseudonym:")
        ]
        if named:
            self.demand(call.caller, "actors")
            self._backend.record("reveal", 0, call.caller.name, {"lookedFor": named})

    # Records

    def records(self, call: Call) -> Reply:
        """A page of entries."""
        return self._page(call, {})

    def decisions(self, call: Call) -> Reply:
        """A page of decisions."""
        return self._page(call, {"kind": ["decision"]})

    def policy(self, call: Call) -> Reply:
        """A page of the decisions under a set of policies."""
        return self._page(call, {"kind": ["decision"], "policies": [call.parts["digest"]]})

    def stream(self, call: Call) -> Reply:
        """A page of a stream, without a gap."""
        return self._page(call, {"stream": [call.parts["name"]], "walk": ["complete"]})

    def _page(self, call: Call, fixed: Mapping[str, Sequence[str]]) -> Reply:
        twice = sorted(fixed.keys() & call.told.keys())
        if twice:
            raise ProblemError(
                400, "question", "that cannot be asked", f"{twice[0]} is said by the path", field=twice[0]
            )
        told = {**call.told, **fixed}
        if "namespace" in told and "stream" in fixed:
            self.scope(call)
            raise ProblemError(
                400, "question", "that cannot be asked", "a stream is asked for everywhere", field="namespace"
            )
        self.scope(call)
        if call.form != "json":
            self.scope(call, "exports")
        self.named(call, told)
        paging = {name: told[name] for name in PAGING if name in told}
        filters = {name: values for name, values in told.items() if name not in PAGING}
        question = parse_question(filters, self._backend.names)
        engine = self._backend.engine(call.caller.name)
        how = parse_asking(paging, MAX_ROWS)
        tag = tag_of(engine.standing.note, question.digest, how, call.form)
        if call.form == "json" and call.matching == tag:
            return Reply(b"", status=304, headers={"ETag": tag})
        page = engine.ask(question, how)
        headers = {"ETag": tag}
        if page.cursor:
            query = {
                **{name: values for name, values in call.told.items() if name != "cursor"},
                "cursor": [page.cursor],
            }
            headers["Link"] = f'<?{urlencode(query, doseq=True)}>; rel="next"'
        if call.form != "json":
            self.keep_export(call, len(page.rows), filters)
        match call.form:
            case "json":
                text = render_json(page_value(engine, page))
            case "jsonl":
                text = render_json_lines([row_value(engine, row) for row in page.rows])
            case "csv":
                text = page_csv(engine, page)
        return _reply(text, call.form, headers, "records")

    def keep_export(self, call: Call, entries: int, question: Mapping[str, Sequence[str]]) -> None:
        """Has the log keep an export, before anything of it is sent. Raises TrailError."""
        asked = {name: [*values] for name, values in sorted(question.items())}
        self._backend.record("export", entries, call.caller.name, {"form": call.form, "question": asked})

    def record(self, call: Call) -> Reply:
        """One entry with its proof: a permalink."""
        _only(call, ("namespace",))
        scope = self.scope(call)
        engine = self._backend.engine(call.caller.name)
        index = index_of(call.parts["index"])
        if index >= engine.size:
            raise not_found(f"the latest checkpoint covers {engine.size} entries")
        row = engine.row(index)
        if scope and scope not in [link.name for link in row.entry.links]:
            # As if it were not there: that it is of another namespace is not theirs to know.
            raise not_found(f"no entry {index} is of that namespace")
        tag = tag_of(engine.standing.note, index, scope)
        if call.matching == tag:
            return Reply(b"", status=304, headers={"ETag": tag})
        value = {
            "schemaVersion": 1,
            "asOf": as_of_value(engine.as_of(engine.size)),
            "row": row_value(engine, row),
        }
        return _reply(render_json(value), "json", {"ETag": tag}, "record")

    def permalink(self, call: Call) -> Reply:
        """Where an entry of this log is, by the log's origin and its index."""
        _only(call, ("namespace",))
        self.scope(call)
        engine = self._backend.engine(call.caller.name)
        if call.parts["origin"] != engine.standing.checkpoint.origin:
            raise not_found("this is the log of another origin")
        index = index_of(call.parts["index"])
        return Reply(b"", status=303, headers={"Location": f"/v1/records/{index}"})

    # Questions

    def questions(self, call: Call) -> Reply:
        """The fifteen questions."""
        _only(call, ())
        made = [
            {"number": one.number, "text": one.text, "parameters": [*one.needs], "opens": one.opens}
            for one in QUESTIONS.values()
        ]
        return Reply(render_json({"schemaVersion": 1, "questions": made}).encode())

    def question(self, call: Call) -> Reply:
        """The answer to one of them."""
        return self._answer(call, call.parts["number"], {})

    def promotions(self, call: Call) -> Reply:
        """A1."""
        return self._answer(call, "a1", {})

    def exceptions(self, call: Call) -> Reply:
        """A2."""
        return self._answer(call, "a2", {})

    def history(self, call: Call) -> Reply:
        """A4, of a model."""
        return self._answer(call, "a4", {"model": [call.parts["model"]]})

    def health(self, call: Call) -> Reply:
        """A15."""
        return self._answer(call, "a15", {})

    def _answer(self, call: Call, number: str, fixed: Mapping[str, Sequence[str]]) -> Reply:
        if number not in QUESTIONS:
            raise not_found(f"there is no question {number[:20]!r}: a1 to a15")
        told = {name: values for name, values in {**call.told, **fixed}.items() if name != "reveal"}
        reveal = call.told.get("reveal", ("no",))
        if list(reveal) not in (["yes"], ["no"]):
            raise ProblemError(400, "question", "that cannot be asked", "reveal is yes or no", field="reveal")
        # An answer is of the whole log.
        self.demand(call.caller, "records")
        if call.form != "json":
            self.demand(call.caller, "exports")
        is_revealed = list(reveal) == ["yes"]
        if is_revealed:
            self.demand(call.caller, "actors")
        self.named(call, told)
        given = parse_given(told, self._backend.names)
        engine = self._backend.engine(call.caller.name)
        tag = tag_of(engine.standing.note, number, given, call.form)
        is_kept = call.form == "json" and not is_revealed
        if is_kept and call.matching == tag:
            return Reply(b"", status=304, headers={"ETag": tag})
        looking = self._backend.looking() if is_revealed else None
        found = answer(number, engine, given, looking)
        if looking is not None and looking.opened:
            asked = {"question": number, "entries": [*looking.opened[:256]]}
            self._backend.record("reveal", len(looking.opened), call.caller.name, asked)
        if call.form != "json":
            self.keep_export(call, len(found.lines), {"question": [number], **told})
        match call.form:
            case "json":
                text = render_json(answer_value(found))
            case "jsonl":
                text = render_json_lines([plain(line) for line in found.lines])
            case "csv":
                text = answer_csv(found)
        return _reply(text, call.form, {"ETag": tag} if is_kept else {}, number)

    def sample(self, call: Call) -> Reply:
        """A sample of what fits a question."""
        own = {name: call.told[name] for name in ("count", "seed", "as_of") if name in call.told}
        filters = {name: values for name, values in call.told.items() if name not in own}
        self.scope(call)
        if call.form != "json":
            self.scope(call, "exports")
        self.named(call, filters)
        given: Given = parse_given(own, self._backend.names)
        question: Question = parse_question({**filters, "order": ["oldest"]}, self._backend.names)
        if "seed" not in own:
            raise ProblemError(400, "question", "that cannot be asked", "a sample has a seed", field="seed")
        found = sample(self._backend.engine(call.caller.name), question, given)
        if call.form != "json":
            self.keep_export(call, len(found.lines), call.told)
        match call.form:
            case "json":
                text = render_json(answer_value(found))
            case "jsonl":
                text = render_json_lines([plain(line) for line in found.lines])
            case "csv":
                text = answer_csv(found)
        return _reply(text, call.form, {}, "sample")

    # The log, for foreign tools (C2SP tlog-tiles)

    def checkpoint(self, call: Call) -> Reply:
        """The latest checkpoint."""
        _only(call, ())
        self.demand(call.caller, "log")
        note = self._backend.checkpoint()
        if note is None:
            raise not_found("the log has no checkpoint yet")
        return Reply(note, _PLAIN)

    def tile(self, call: Call) -> Reply:
        """A tile of hashes, or a bundle of entries, which is to take entries away."""
        _only(call, ())
        try:
            tile = parse_tile_path(f"tile/{call.parts['path']}")
        except TrailError as error:
            raise not_found(error.message) from None
        self.demand(call.caller, "log")
        engine = self._backend.engine(call.caller.name)
        if tile.level < 0:
            self.demand(call.caller, "exports")
            self._take(call.caller, engine)
        level = max(tile.level, 0)
        if (tile.index * 256 + tile.width) << (8 * level) > engine.size:
            raise not_found("the latest checkpoint does not cover that tile")
        return Reply(self._backend.tile(tile), _OCTETS)

    def _take(self, caller: Caller, engine: Engine) -> None:
        with self._lock:
            before = self._taken.get(caller.name)
            if before is not None and engine.now_ms < before + _TAKEN_FOR_MS:
                return
            self._backend.record("export", engine.size, caller.name, {"form": "tiles"})
            if len(self._taken) >= _MOST_TAKERS:
                self._taken.clear()
            self._taken[caller.name] = engine.now_ms

    def proof(self, call: Call) -> Reply:
        """The proof that an entry is in the log, without the entry."""
        _only(call, ())
        self.demand(call.caller, "log")
        engine = self._backend.engine(call.caller.name)
        index = index_of(call.parts["index"])
        if index >= engine.size:
            raise not_found(f"the latest checkpoint covers {engine.size} entries")
        return Reply(render_tlog_proof(engine.standing.prove(index).proof), _PLAIN)

    def consistency(self, call: Call) -> Reply:
        """The proof that the latest checkpoint continues the log of a size."""
        _only(call, ("from",))
        self.demand(call.caller, "log")
        engine = self._backend.engine(call.caller.name)
        sizes = call.told.get("from", ())
        if len(sizes) != 1:
            raise ProblemError(400, "question", "that cannot be asked", "say from which size", field="from")
        size = index_of(sizes[0])
        if size > engine.size:
            raise not_found(f"the latest checkpoint covers {engine.size} entries")
        value = {
            "from": as_of_value(engine.as_of(size)),
            "to": as_of_value(engine.as_of(engine.size)),
            "proof": [encode_base64(one) for one in engine.standing.consistency(size)],
        }
        return Reply((json.dumps(value, indent=2) + "\n").encode())


def _only(call: Call, names: Sequence[str]) -> None:
    foreign = sorted(call.told.keys() - {*names})
    if foreign:
        name = foreign[0][:40]
        raise ProblemError(
            400, "question", "that cannot be asked", f"there is no {name!r} to ask by", field=name
        )


def _reply(text: str, form: Form, headers: Mapping[str, str], name: str) -> Reply:
    made: dict[str, Any] = dict(headers)
    if form != "json":
        made["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return Reply(text.encode(), MEDIA[form], headers=made)


RECORD_PARAMETERS: Final = (*sorted(FILTERS), *sorted(PAGING))
ANSWER_PARAMETERS: Final = (*sorted(GIVEN), "reveal")
EXPORT_PARAMETERS: Final = (*sorted(FILTERS), *EXPORT_PAGING)
SAMPLE_PARAMETERS: Final = (*sorted(FILTERS - {"order"}), "as_of", "count", "seed")
