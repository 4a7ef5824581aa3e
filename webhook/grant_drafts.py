"""Drafts about break-glass grants. Several replicas, and an import, name the same thing alike: the log has it once."""

from typing import Final

from lockgate.audit.draft import Draft
from lockgate.audit.grant_use import GrantUse
from lockgate.audit.recorder import Recorder
from lockgate.audit.times import render_time
from lockgate.engine.codegen.values import Value
from lockgate.gatekeeper.break_glass.grant import Grant
from lockgate.webhook.serving.glass_watch import GlassEvent

_MS_NS: Final = 1_000_000


def granted_draft(recorder: Recorder, grant: Grant, signer: str, claimed: str = "") -> Draft:
    """A grant is in force. claimed: when, of one that is told afterwards."""
    terms = grant.terms
    said: dict[str, Value] = {
        "signer": signer,
        "digest": grant.digest,
        "audience": terms.audience,
        "nonce": terms.nonce,
        "namespaces": [*terms.namespaces],
        "policies": [str(one) for one in terms.policies],
        "signed": grant.signed.decode("utf-8", "replace"),
    }
    times = {"from": render_time(terms.from_ns // _MS_NS), "until": render_time(terms.until_ns // _MS_NS)}
    return recorder.grant_event(
        "granted",
        grant.name,
        terms={"reason": terms.reason, "ticket": terms.ticket, **times},
        actor=signer,
        details=said,
        claimed=claimed,
        request_key=f"break-glass granted {grant.digest}",
    )


def event_draft(recorder: Recorder, told: GlassEvent) -> Draft:
    """What became of a grant."""
    grant = told.grant
    if told.event == "granted":
        return granted_draft(recorder, grant, told.signer)
    return recorder.grant_event(
        told.event,
        grant.name,
        terms={"reason": told.why} if told.event == "refused" else None,
        details={"digest": grant.digest},
        request_key=f"break-glass {told.event} {grant.digest} {told.why}",
    )


def use_draft(recorder: Recorder, grant: str, use: GrantUse, key: str) -> Draft:
    """Something was let through. key: names the request."""
    return recorder.grant_use(grant, use, request_key=f"break-glass used {key}")
