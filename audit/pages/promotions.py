"""Promotions: the list, and the page of one with its lineage, evidence, approvals, policy and proof."""

from dataclasses import asdict
from typing import Any, Final

from lockgate.audit.pages.facts import answer_value, as_of_value
from lockgate.audit.pages.lineage import chain_of, picture_of, step_of
from lockgate.audit.pages.models import environments_of
from lockgate.audit.pages.questions import given_of
from lockgate.audit.pages.site import Asked, NoPageError, Site, View
from lockgate.audit.query.answers.promotions import a1_promotions
from lockgate.audit.times import render_time

_PAGE: Final = 50


def promotions(site: Site, asked: Asked) -> View:
    """Promotions that were made, the newest first, and requests that wait."""
    answer = a1_promotions(site.engine, given_of(site, asked), site.opener)
    value = answer_value(answer)
    lines = list(reversed(value["lines"]))
    text = asked.text("page")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    pages = max(1, -(-len(lines) // _PAGE))
    page = max(1, min(page, pages))
    value["lines"] = lines[(page - 1) * _PAGE : page * _PAGE]
    promoted = site.promoted
    data = {
        **value,
        "count": len(lines),
        "page": page,
        "pages": pages,
        "filters": {
            name: asked.text(name)
            for name in ("model", "environment", "requester", "approver", "since", "until")
        },
        "models": sorted({one.promoted.model for one in promoted.made()}),
        "environments": environments_of(site),
        "pending": sum(one.closed is None for one in promoted.history.requests()),
    }
    return View("promotions.html", "Promotions", data)


def promotion(site: Site, index: int) -> View:
    """One promotion. Raises NoPageError where the entry made none."""
    promoted, engine = site.promoted, site.engine
    made = promoted.history.made_by(index)
    if made is None:
        raise NoPageError(f"entry {index} made no promotion", hint=f"see /entries/{index}")
    before, after = chain_of(promoted, made)
    steps = [step_of(promoted, one) for one in before]
    followed = [step_of(promoted, one) for one in after]
    for step, one in zip(steps, before, strict=True):
        step.update(_told(site, one))
    statement = promoted.statement(made.request, site.opener)
    revocation = made.revoked
    proof = engine.standing.prove(index)
    data: dict[str, Any] = {
        **step_of(promoted, made),
        "asOf": as_of_value(engine.as_of(engine.size)),
        "request": {
            "entry": made.request.index,
            "time": render_time(promoted.time_ms(made.request.index)),
            "ownApproval": made.request.own_approval,
            "statement": made.promoted.statement,
        },
        **_told(site, made),
        "steps": steps,
        "after": followed,
        "revokedBy": revocation,
        "change": {} if statement is None else dict(statement.change),
        "serving": [] if statement is None else [one.shown for one in statement.serving],
        "reference": "" if statement is None else statement.reference,
        "policyName": "" if statement is None else statement.policy[0],
        "sealed": statement is None,
        "proof": {
            "state": "self-attested",
            "included": True,
            "path": len(proof.proof.hashes),
            "size": engine.size,
            "href": f"/entries/{index}.tlog-proof",
        },
        "complete": [one.statement for one in promoted.complete],
        "picture": picture_of(steps, followed, index),
    }
    what = made.promoted
    return View("promotion.html", f"{what.model} {what.version} to {what.environment}", data)


def _told(site: Site, made: Any) -> dict[str, Any]:
    promoted = site.promoted
    statement = promoted.statement(made.request, site.opener)
    return {
        "requesterName": "" if statement is None else statement.requester,
        "approvers": [
            {**asdict(one), "time": render_time(one.time_ms)} for one in promoted.approvers(made, site.opener)
        ],
        "evidence": []
        if statement is None
        else [
            {
                "kind": one.kind,
                "at": one.at,
                "passed": one.passed,
                "values": dict(one.values),
                "envelope": one.envelope,
            }
            for one in statement.evidence
        ],
    }
