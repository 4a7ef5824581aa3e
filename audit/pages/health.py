"""Coverage and the trail's health, and the offline verifier."""

import base64
from typing import Any, Final

from lockgate.audit.pages.facts import answer_value, as_of_value, row_value
from lockgate.audit.pages.site import Asked, Site, View
from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.answers.coverage import Degraded, a6_degraded
from lockgate.audit.query.answers.health import a15_health
from lockgate.audit.query.engine import Asking
from lockgate.audit.query.question import Question

DAY_MS: Final = 86_400_000
# Ten thousand entries of an instance that covers minute by minute.
_DAYS: Final = 7
_LATEST: Final = 50


def gaps(site: Site, days: int) -> list[Degraded]:
    """Minutes that nobody covered, of the last days."""
    found = a6_degraded(site.engine, Given(since_ms=max(0, site.now_ms - days * DAY_MS)), site.opener)
    return [one for one in found.lines if one.what == "gap"]


def health(site: Site, asked: Asked) -> View:
    """Whether the trail is well, and when less was judged."""
    engine = site.engine
    since = max(0, site.now_ms - _DAYS * DAY_MS)
    data = {
        "asOf": as_of_value(engine.as_of(engine.size)),
        "health": answer_value(a15_health(engine, Given(), site.opener)),
        "coverage": answer_value(a6_degraded(engine, Given(since_ms=since), site.opener)),
        "days": _DAYS,
        "instances": [
            {"instance": name.removeprefix("coverage/"), "entries": engine.index.stream_length(name)}
            for name in engine.index.streams_named("coverage/", "", 100)
        ],
    }
    return View("health.html", "Coverage and health", data)


def break_glass(site: Site, asked: Asked) -> View:
    """Grants of break-glass, and what they let through."""
    engine = site.engine
    page = engine.ask(
        Question(kinds=("break-glass",), walk="complete"), Asking(limit=_LATEST, cursor=asked.text("cursor"))
    )
    data: dict[str, Any] = {
        "asOf": as_of_value(page.as_of),
        "rows": [row_value(row) for row in page.rows],
        "complete": None if page.completeness is None else page.completeness.statement,
        "next": page.cursor,
    }
    return View("break_glass.html", "Break-glass", data)


def verify(site: Site, asked: Asked) -> View:
    """How to verify what is shown without this server."""
    checkpoint = site.engine.standing.note.decode("utf-8", "replace")
    engine = site.engine
    data = {
        "asOf": as_of_value(engine.as_of(engine.size)),
        "checkpoint": checkpoint,
        "rootHex": base64.b16encode(engine.standing.checkpoint.root).decode().lower(),
    }
    return View("verify.html", "Verify it yourself", data)
