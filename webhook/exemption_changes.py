"""What of the exemptions changed since an instance last recorded: `exemption` entries, once a change."""

from collections.abc import Mapping
from typing import Final, Literal

from lockgate.audit.draft import Draft
from lockgate.engine.codegen.values import Value
from lockgate.gatekeeper.exemptions.exemption import Exemption
from lockgate.gatekeeper.exemptions.moments import render_moment
from lockgate.gatekeeper.exemptions.resolver import Exemptions
from lockgate.webhook.in_force import last_in_force
from lockgate.webhook.trail import Trail

_STREAM: Final = "exemption-change"
_EXPIRED: Final = "expired "

Event = Literal["granted", "revoked", "expired"]


def exemption_changes(
    trail: Trail, exemptions: Exemptions | None, policies: str, actor: str, now_ns: int
) -> list[Draft]:
    """The entries that say which exemptions were granted, changed, revoked, or expired since.

    policies: the digest of those in force. A changed exemption is granted anew. Raises TrailError for a log that was
    tampered with.
    """
    instance = trail.config.instance
    known = {} if exemptions is None else {one.name: one for one in exemptions.all}
    now = {name: _mark(one, now_ns) for name, one in known.items()}
    found = last_in_force(trail, _STREAM, instance)
    before = {} if found is None else found.parts
    events = _events(before, now)
    recorder = trail.recorder()
    made: list[Draft] = []
    for place, (event, name) in enumerate(events, 1):
        details: dict[str, Value] = {"instance": instance}
        if name in known:
            details.update(_described(known[name]))
        if place == len(events):
            # Only the last one says what is in force: a change that was recorded in part is recorded again.
            details["inForce"] = {**now}
        made.append(recorder.exemption(event, name, policies, actor=actor, details=details))
    return made


def _mark(one: Exemption, now_ns: int) -> str:
    return f"{_EXPIRED if now_ns >= one.expires_ns else ''}{one.digest}"


def _events(before: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[Event, str]]:
    made: list[tuple[Event, str]] = []
    for name in sorted({*before, *now}):
        old, new = before.get(name, ""), now.get(name, "")
        if old == new:
            continue
        if not new:
            made.append(("revoked", name))
            continue
        if old.removeprefix(_EXPIRED) != new.removeprefix(_EXPIRED):
            made.append(("granted", name))
        if new.startswith(_EXPIRED):
            made.append(("expired", name))
    return made


def _described(one: Exemption) -> dict[str, Value]:
    return {
        "digest": one.digest,
        "policies": [str(selection) for selection in one.policies],
        "reason": one.reason,
        "owner": one.owner,
        "ticket": one.ticket,
        "issuedAt": render_moment(one.issued_ns),
        "expiresAt": render_moment(one.expires_ns),
        "signers": [signature.signer for signature in one.signatures],
    }
