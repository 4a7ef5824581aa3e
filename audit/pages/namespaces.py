"""Pages of one namespace: its entries, whatever else the log has, for whom may see no other."""

from typing import Any, Final
from urllib.parse import quote

from lockgate.audit.pages.facts import as_of_value, body_of, row_value
from lockgate.audit.pages.questions import time_of
from lockgate.audit.pages.site import Asked, ForbiddenError, NoPageError, Scope, Site, View
from lockgate.audit.query.engine import Asking
from lockgate.audit.query.page import Page, Row
from lockgate.audit.query.question import OUTCOMES, Question

_ROWS: Final = 50
_LATEST: Final = 10
# Of the namespace's entries, for the first page.
_LOOKED_AT: Final = 1_000
# Bodies that are opened to find an object: of the newest entries.
_MAX_OPENED: Final = 500
_FILTERS: Final = ("outcome", "resource", "model", "environment", "policy", "since", "until")


def scope_of(site: Site) -> Scope:
    """The namespace whose pages they are. Raises ForbiddenError where there is none."""
    if site.scope is None:
        raise ForbiddenError("that page is of one namespace", hint="name it: ?namespace=NAME")
    return site.scope


def is_within(scope: Scope | None, row: Row) -> bool:
    """May an entry be shown?"""
    return scope is None or any(link.name == scope.stream for link in row.entry.links)


def overview(site: Site, asked: Asked) -> View:
    """The namespace at a glance: break-glass and exemptions that were used, and what was denied last."""
    scope = scope_of(site)
    page = site.engine.ask(Question(stream=scope.stream), Asking(limit=_LOOKED_AT))
    rows = [row for row in page.rows if is_within(scope, row)]

    def latest(*kinds: str, outcomes: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        found = [
            row
            for row in rows
            if row.entry.kind in kinds and (not outcomes or row.entry.value.get("outcome") in outcomes)
        ]
        return [row_value(row) for row in found[:_LATEST]]

    decided = [str(row.entry.value["outcome"]) for row in rows if row.entry.kind == "decision"]
    data = {
        **_told(page, scope),
        "outcomes": [{"outcome": one, "count": decided.count(one)} for one in OUTCOMES],
        "breakGlass": latest("break-glass"),
        "exemptions": latest("exemption"),
        "denied": latest("decision", outcomes=("deny", "error")),
    }
    return View("namespace.html", f"Namespace {scope.namespace}", data)


def decisions(site: Site, asked: Asked) -> View:
    """Decisions on what is in the namespace."""
    scope = scope_of(site)
    outcome = asked.text("outcome")
    question = Question(
        kinds=("decision",),
        outcomes=(outcome,) if outcome else (),
        resource=asked.text("resource"),
        model=asked.text("model"),
        environment=asked.text("environment"),
        policy=asked.text("policy"),
        stream=scope.stream,
        since_ms=time_of(asked, "since"),
        until_ms=time_of(asked, "until"),
    )
    return _listed(site, asked, question, "Decisions")


def break_glass(site: Site, asked: Asked) -> View:
    """Uses of break-glass in the namespace."""
    question = Question(kinds=("break-glass",), stream=scope_of(site).stream)
    return _listed(site, asked, question, "Break-glass")


def exemptions(site: Site, asked: Asked) -> View:
    """Uses of exemptions in the namespace."""
    question = Question(kinds=("exemption",), stream=scope_of(site).stream)
    return _listed(site, asked, question, "Exemptions used")


def _listed(site: Site, asked: Asked, question: Question, title: str) -> View:
    scope = scope_of(site)
    page = site.engine.ask(question, Asking(limit=_ROWS, cursor=asked.text("cursor")))
    data: dict[str, Any] = {
        **_told(page, scope),
        "filters": {name: asked.text(name) for name in _FILTERS} if title == "Decisions" else {},
        "outcomes": list(OUTCOMES),
        "rows": [row_value(row) for row in page.rows if is_within(scope, row)],
    }
    return View("namespace_entries.html", f"{title} in {scope.namespace}", data)


def search(site: Site, asked: Asked) -> View:
    """An entry by its index, the decisions of a policy, or those on an object. Raises NoPageError for an entry of elsewhere."""
    scope = scope_of(site)
    text = asked.text("q")
    if text.isascii() and text.isdigit() and len(text) < 16:
        index = int(text)
        if index >= site.engine.size or not is_within(scope, site.engine.row(index)):
            raise not_within(index, scope)
        return View("search.html", "Search", {}, 303, f"/entries/{index}?namespace={quote(scope.namespace)}")
    rows: list[Row] = []
    notes: list[str] = []
    if "/" in text and text[:1].isupper():
        question = Question(kinds=("decision",), policy=text, stream=scope.stream)
        rows = [*site.engine.ask(question, Asking(limit=_ROWS)).rows]
    elif text and site.opener is None:
        notes.append("Names of objects are sealed: show names to search them.")
    elif text:
        page = site.engine.ask(Question(stream=scope.stream), Asking(limit=_MAX_OPENED))
        rows = [row for row in page.rows if _is_named(site, row, text)][:_ROWS]
        notes.append(f"The newest {len(page.rows)} entries of the namespace were looked at.")
    data = {
        "asOf": as_of_value(site.engine.as_of(site.engine.size)),
        "namespace": scope.namespace,
        "q": text,
        "rows": [row_value(row) for row in rows if is_within(scope, row)],
        "notes": notes,
    }
    return View("namespace_search.html", f"Search: {text}" if text else "Search", data)


def _is_named(site: Site, row: Row, text: str) -> bool:
    if not is_within(site.scope, row):
        return False
    body = body_of(site, row.index, row.raw)
    told = None if body is None else body.get("input")
    assert site.scope is not None
    return isinstance(told, dict) and told.get("name") == text.removeprefix(f"{site.scope.namespace}/")


def not_within(index: int, scope: Scope) -> NoPageError:
    """As if it were not there: that it is of another namespace is not theirs to know."""
    return NoPageError(f"no entry {index} is of the namespace {scope.namespace}")


def _told(page: Page, scope: Scope) -> dict[str, Any]:
    return {
        "asOf": as_of_value(page.as_of),
        "namespace": scope.namespace,
        "complete": None if page.completeness is None else page.completeness.statement,
        "lookedAt": page.looked_at,
        "next": page.cursor,
    }
