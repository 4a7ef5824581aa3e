"""Models: which version runs where, one model's history, and running ones whose evidence is no longer valid."""

from typing import Any, Final

from lockgate.audit.errors import FormatError
from lockgate.audit.pages.facts import as_of_value, complete_value, row_value
from lockgate.audit.pages.lineage import step_of
from lockgate.audit.pages.site import Asked, NoPageError, Site, View
from lockgate.audit.query.engine import Asking
from lockgate.audit.query.question import Question
from lockgate.audit.times import parse_time, render_time

DAY_MS: Final = 86_400_000
# How old evidence of a running model may be before somebody should look; PromotionPolicies say what counts at a promotion.
EVIDENCE_DAYS: Final = 30
_ORDER: Final = {"dev": 0, "development": 0, "test": 1, "staging": 2, "prod": 3, "production": 3}
_LATEST: Final = 25


def environments_of(site: Site) -> list[str]:
    """The environments that anything was promoted to, as people order them."""
    found = {one.promoted.environment for one in site.promoted.made()}
    return sorted(found, key=lambda one: (_ORDER.get(one, 2), one))


def matrix(site: Site) -> dict[str, Any]:
    """Each model's version in each environment."""
    promoted = site.promoted
    environments = environments_of(site)
    models = sorted({one.promoted.model for one in promoted.made()})
    rows: list[dict[str, Any]] = []
    for model in models:
        cells: list[dict[str, Any] | None] = []
        for environment in environments:
            made = promoted.history.promotions(model, environment)
            cells.append(None if not made else step_of(promoted, made[-1]))
        rows.append({"model": model, "cells": cells})
    return {"environments": environments, "rows": rows}


def models(site: Site, asked: Asked) -> View:
    """All models."""
    engine = site.engine
    data = {"asOf": as_of_value(engine.as_of(engine.size)), "models": matrix(site)}
    return View("models.html", "Models", data)


def model(site: Site, asked: Asked) -> View:
    """One model's history. Raises NoPageError for one that nothing is known of."""
    name = asked.text("name")
    promoted, engine = site.promoted, site.engine
    made = [one for one in promoted.made() if one.promoted.model == name]
    decisions = engine.ask(Question(kinds=("decision",), model=name), Asking(limit=_LATEST)) if name else None
    pending = [
        one for one in promoted.history.requests() if one.promoted.model == name and one.closed is None
    ]
    if not made and not pending and (decisions is None or not decisions.rows):
        raise NoPageError(f"the log has nothing of a model {name[:80]!r}", hint="see the list of models")
    data = {
        "name": name,
        "asOf": as_of_value(engine.as_of(engine.size)),
        "promotions": [step_of(promoted, one) for one in reversed(made)],
        "current": [
            step_of(promoted, one)
            for environment in environments_of(site)
            if (one := promoted.history.current(name, environment)) is not None
        ],
        "pending": [
            {
                "entry": one.index,
                "time": render_time(promoted.time_ms(one.index)),
                "version": one.promoted.version,
                "environment": one.promoted.environment,
                "approvals": len(one.approvals),
            }
            for one in reversed(pending)
        ],
        "decisions": [] if decisions is None else [row_value(row) for row in decisions.rows],
        "complete": [complete_value(one) for one in promoted.complete],
    }
    return View("model.html", f"Model {name}", data)


def stale(site: Site) -> list[dict[str, Any]]:
    """Models in their highest environment that were revoked, rest on a revoked key, or whose evidence is older than it may be."""
    promoted = site.promoted
    environments = environments_of(site)
    told: list[dict[str, Any]] = []
    if not environments:
        return told
    last = environments[-1]
    for name in sorted({one.promoted.model for one in promoted.made()}):
        made = promoted.history.promotions(name, last)
        if not made:
            continue
        one = made[-1]
        reasons: list[str] = []
        standing = promoted.standing(one)
        if standing != "current":
            reasons.append(f"the promotion is {standing}")
        statement = promoted.statement(one.request, site.opener)
        for evidence in () if statement is None else statement.evidence:
            try:
                days = (site.now_ms - parse_time(evidence.at)) // DAY_MS
            except FormatError:
                reasons.append(f"the time of the evidence {evidence.kind} cannot be read")
                continue
            if days > EVIDENCE_DAYS:
                reasons.append(f"the evidence {evidence.kind} is {days} days old")
        if reasons:
            told.append({**step_of(promoted, one), "reasons": reasons})
    return told


def stale_models(site: Site, asked: Asked) -> View:
    """Running models whose evidence is no longer valid."""
    engine = site.engine
    data = {
        "asOf": as_of_value(engine.as_of(engine.size)),
        "days": EVIDENCE_DAYS,
        "sealed": site.opener is None,
        "models": stale(site),
    }
    return View("stale.html", "Evidence that is no longer valid", data)
