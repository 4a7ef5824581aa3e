"""The first page: what needs somebody's eye, what runs where, and how it went."""

from typing import Any, Final

from lockgate.audit.pages.charts import draw, weekly
from lockgate.audit.pages.facts import as_of_value, row_value
from lockgate.audit.pages.health import gaps
from lockgate.audit.pages.models import matrix, stale
from lockgate.audit.pages.site import Asked, Site, View
from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.answers.catalogue import QUESTIONS
from lockgate.audit.query.answers.exceptions import a2_exemptions
from lockgate.audit.query.engine import Asking
from lockgate.audit.query.question import Question

_WEEKS: Final = 26
_USES: Final = 6
# Somebody who covers has an entry a minute.
_DAYS: Final = 1


def overview(site: Site, asked: Asked) -> View:
    """The first page."""
    engine = site.engine
    glass = engine.ask(Question(kinds=("break-glass",)), Asking(limit=_USES))
    exemptions = a2_exemptions(engine, Given(), site.opener)
    soon = [one for one in exemptions.lines if one.ends_soon == "yes"]
    invalid = stale(site)
    weeks = [] if site.tallies is None else weekly(site.tallies.by_day(engine.size), _WEEKS, site.now_ms)
    uses = engine.stream_end("break-glass", engine.size)
    attention: list[dict[str, Any]] = [
        {"what": "running models whose evidence is no longer valid", "count": len(invalid), "href": "/stale"},
        {"what": "exemptions that end within 30 days", "count": len(soon), "href": "/exemptions"},
        {
            "what": "exemptions that stand",
            "count": sum(one.state == "active" for one in exemptions.lines),
            "href": "/exemptions",
        },
        {"what": "gaps in coverage, the last day", "count": len(gaps(site, _DAYS)), "href": "/health"},
    ]
    if site.opener is None:
        attention = [one for one in attention if one["what"] != "exemptions that end within 30 days"]
    data = {
        "asOf": as_of_value(engine.as_of(engine.size)),
        "breakGlass": {"entries": uses, "latest": [row_value(row) for row in glass.rows]},
        "attention": attention,
        "models": matrix(site),
        "weeks": weeks,
        "chart": None if not weeks else draw(weeks),
        "questions": [{"number": one.number, "text": one.text} for one in QUESTIONS.values()],
    }
    return View("overview.html", "Overview", data)
