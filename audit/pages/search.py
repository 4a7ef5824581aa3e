"""One box for everything: an index, a digest, a model, a commit, an object, a person, a policy, an exemption, a grant, a stream."""

import re
from typing import Any, Final

from lockgate.audit.errors import FormatError
from lockgate.audit.pages.facts import as_of_value, body_of, row_value, summary
from lockgate.audit.pages.lineage import step_of
from lockgate.audit.pages.site import Asked, Site, View
from lockgate.audit.query.engine import Asking
from lockgate.audit.query.errors import QuestionError
from lockgate.audit.query.question import Question
from lockgate.audit.streams import check_stream_name

_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")
_PLACE: Final = re.compile(r"([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)/([^/\s]+)")
_POLICY: Final = re.compile(r"[A-Z][A-Za-z0-9]*/[^\s]+")
_ROWS: Final = 25
# Bodies that are opened to find an object, or a commit: the newest.
MAX_OPENED: Final = 500


def search(site: Site, asked: Asked) -> View:
    """What there is of a text. An index leads to its entry at once."""
    text = asked.text("q")
    engine = site.engine
    if text.isascii() and text.isdigit() and len(text) < 16 and int(text) < engine.size:
        return View("search.html", "Search", {}, 303, f"/entries/{int(text)}")
    found: list[dict[str, Any] | None] = []
    notes: list[str] = []
    if text:
        found = [
            _digest(site, text),
            _model(site, text),
            _commit(site, text, notes),
            _person(site, text, notes),
            _policy(site, text),
            _named(site, text),
            _object(site, text, notes),
            _stream(site, text),
        ]
    data = {
        "asOf": as_of_value(engine.as_of(engine.size)),
        "q": text,
        "groups": [one for one in found if one is not None and one["rows"]],
        "notes": notes,
    }
    return View("search.html", f"Search: {text}" if text else "Search", data)


def _group(title: str, rows: list[dict[str, Any]], more: str = "") -> dict[str, Any]:
    return {"title": title, "rows": rows[:_ROWS], "count": len(rows), "more": more}


def _entry(index: int, time: str, what: str) -> dict[str, Any]:
    return {"href": f"/entries/{index}", "entry": index, "time": time, "what": what}


def _steps(site: Site, made: list[Any]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for one in reversed(made):
        step = step_of(site.promoted, one)
        what = f"{step['event']}: {step['model']} {step['version']} to {step['environment']} ({step['standing']})"
        told.append({**_entry(one.index, step["time"], what), "href": f"/promotions/{one.index}"})
    return told


def _asked(site: Site, question: Question) -> list[dict[str, Any]]:
    page = site.engine.ask(question, Asking(limit=_ROWS))
    return [
        _entry(row.index, str(row.entry.value["time"]), summary(row.entry.kind, row.entry.value))
        for row in page.rows
    ]


def _digest(site: Site, text: str) -> dict[str, Any] | None:
    found = _DIGEST.fullmatch(text.lower())
    if found is None:
        return None
    digest = f"sha256:{found[1]}"
    promoted = site.promoted
    made = [
        one for one in promoted.made() if digest in (one.promoted.subject, one.promoted.statement, one.policy)
    ]
    rows = _steps(site, made)
    rows += _asked(site, Question(kinds=("statement",), subject=digest))
    rows += _asked(site, Question(kinds=("decision",), policies=digest))
    return _group("By digest", rows)


def _model(site: Site, text: str) -> dict[str, Any] | None:
    names = sorted({one.promoted.model for one in site.promoted.history.requests()})
    hit = [one for one in names if text.casefold() in one.casefold()]
    if not hit and site.engine.ask(Question(kinds=("decision",), model=text[:200]), Asking(limit=1)).rows:
        hit = [text]
    rows = [{"href": "/model", "name": one, "what": f"model {one}"} for one in hit]
    return _group("Models", rows)


def _commit(site: Site, text: str, notes: list[str]) -> dict[str, Any] | None:
    if _COMMIT.fullmatch(text) is None or text.isdigit():
        return None
    if site.opener is None:
        notes.append("Commits are in sealed statements: show names to search them.")
        return None
    hit: list[Any] = []
    for one in list(reversed(list(site.promoted.made())))[:MAX_OPENED]:
        statement = site.promoted.statement(one.request, site.opener)
        if statement is not None and any(value.startswith(text) for value in statement.change.values()):
            hit.insert(0, one)
    return _group("By commit", _steps(site, hit))


def _person(site: Site, text: str, notes: list[str]) -> dict[str, Any] | None:
    name = text
    if "@" in text or text.startswith("system:"):
        if site.names is None:
            notes.append("People stand in entries by pseudonyms, which you may not look up.")
            return None
        name = site.names.person(text)
    promoted = site.promoted
    hit = [
        one
        for one in promoted.made()
        if name == one.request.requester
        or name in {promoted.history.approval(index).approver for index in one.approvals}
    ]
    return _group("Promotions that they asked for or approved", _steps(site, hit))


def _policy(site: Site, text: str) -> dict[str, Any] | None:
    if _POLICY.fullmatch(text) is None:
        return None
    return _group("Decisions that the policy spoke in", _asked(site, Question(policy=text)))


def _named(site: Site, text: str) -> dict[str, Any] | None:
    rows: list[dict[str, Any]] = []
    for kind, field in (("exemption", "exemption"), ("break-glass", "grant"), ("hold", "hold")):
        links, _ = site.engine.whole(kind, site.engine.size)
        rows += [
            _entry(link.index, str(link.entry.value["time"]), f"{kind} {summary(kind, link.entry.value)}")
            for link in reversed(links)
            if link.entry.value.get(field) == text
        ][:_ROWS]
    return _group("Exemptions, grants and holds of that name", rows)


def _object(site: Site, text: str, notes: list[str]) -> dict[str, Any] | None:
    found = _PLACE.fullmatch(text)
    if found is None:
        return None
    if site.opener is None or site.names is None:
        notes.append("Names of objects are sealed: show names to search them.")
        return None
    stream = site.names.namespace(found[1])
    if stream is None:
        return None
    page = site.engine.ask(Question(stream=stream), Asking(limit=MAX_OPENED))
    rows: list[dict[str, Any]] = []
    for row in page.rows:
        body = body_of(site, row.index, row.raw)
        asked = None if body is None else body.get("input")
        if isinstance(asked, dict) and asked.get("name") == found[2]:
            rows.append(
                _entry(row.index, str(row.entry.value["time"]), summary(row.entry.kind, row.entry.value))
            )
    if page.cursor:
        notes.append(f"Of the namespace {found[1]} the newest {MAX_OPENED} entries were looked at.")
    return _group("Decisions on the object", rows)


def _stream(site: Site, text: str) -> dict[str, Any] | None:
    try:
        check_stream_name(text)
        question = Question(stream=text)
    except (FormatError, QuestionError):
        return None
    if not site.engine.index.stream_length(text):
        return None
    rows = [row_value(row) for row in site.engine.ask(question, Asking(limit=_ROWS)).rows]
    return _group(
        f"The stream {text}, its newest entries",
        [_entry(row["entry"], row["time"], summary(row["kind"], row["fields"])) for row in rows],
    )
