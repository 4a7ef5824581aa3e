"""Decisions over time, by policy, and as a list."""

from typing import Any, Final

from lockgate.audit.pages.charts import draw, weekly
from lockgate.audit.pages.facts import as_of_value, row_value
from lockgate.audit.pages.questions import time_of
from lockgate.audit.pages.site import Asked, Site, View
from lockgate.audit.query.engine import Asking
from lockgate.audit.query.question import OUTCOMES, Question

_WEEKS: Final = 53
_ROWS: Final = 50
_POLICIES: Final = 200
_PREFIX: Final = "policy/"
_FILTERS: Final = ("outcome", "model", "environment", "policy", "since", "until")


def decisions(site: Site, asked: Asked) -> View:
    """The page. Raises QuestionError or CursorError."""
    engine = site.engine
    outcome = asked.text("outcome")
    question = Question(
        kinds=("decision",),
        outcomes=(outcome,) if outcome else (),
        model=asked.text("model"),
        environment=asked.text("environment"),
        policy=asked.text("policy"),
        since_ms=time_of(asked, "since"),
        until_ms=time_of(asked, "until"),
    )
    page = engine.ask(question, Asking(limit=_ROWS, cursor=asked.text("cursor")))
    weeks = [] if site.tallies is None else weekly(site.tallies.by_day(engine.size), _WEEKS, site.now_ms)
    data: dict[str, Any] = {
        "asOf": as_of_value(page.as_of),
        "filters": {name: asked.text(name) for name in _FILTERS},
        "outcomes": list(OUTCOMES),
        "rows": [row_value(row) for row in page.rows],
        "plan": page.plan,
        "complete": None if page.completeness is None else page.completeness.statement,
        "lookedAt": page.looked_at,
        "next": page.cursor,
        "weeks": weeks,
        "chart": draw(weeks) if weeks else None,
        "policies": by_policy(site),
    }
    return View("decisions.html", "Decisions", data)


def by_policy(site: Site) -> list[dict[str, Any]]:
    """How many Decisions spoke of each policy: as long as its stream is."""
    index = site.engine.index
    found = [
        {"policy": name.removeprefix(_PREFIX), "decisions": index.stream_length(name)}
        for name in index.streams_named(_PREFIX, "", _POLICIES)
    ]
    found.sort(key=lambda one: (-int(str(one["decisions"])), str(one["policy"])))
    most = max([1, *[int(str(one["decisions"])) for one in found]])
    return [{**one, "share": round(100 * int(str(one["decisions"])) / most)} for one in found]
