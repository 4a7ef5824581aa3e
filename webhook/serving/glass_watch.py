"""Break-glass over time: what has to be recorded and told when grants begin, end, or are not what they say they are."""

from typing import Final, Literal, final

from lockgate.engine.decision import Decision
from lockgate.engine.record import record
from lockgate.gatekeeper.break_glass.grant import Grant
from lockgate.gatekeeper.break_glass.grants import Grants, GrantStanding, stopped_by
from lockgate.gatekeeper.exemptions.exemption import Signature
from lockgate.gatekeeper.exemptions.moments import render_moment
from lockgate.webhook.terminal import some_of

Event = Literal["granted", "revoked", "expired", "refused"]
# Policies that a warning names: the API server cuts warnings, and the trail has all of them.
MAX_NAMED: Final = 3
# Refused grants that one look tells of: who makes thousands does not fill the trail in a moment.
MAX_REFUSED: Final = 20


_Identity = tuple[str, tuple[Signature, ...]]


@record
class GlassEvent:
    """What became of a grant. signer: whose signature counts; why: of one that is refused."""

    event: Event
    grant: Grant
    signer: str = ""
    why: str = ""


@final
class GlassWatch:
    """Tells each thing that becomes of a grant once; what could not be recorded is told again."""

    __slots__ = ("_active", "_told")

    def __init__(self) -> None:
        # What was told of grants that are there; and those that are in force. Of the same terms there may be one that is
        # signed, and one that is not.
        self._told: dict[_Identity, set[str]] = {}
        self._active: dict[_Identity, Grant] = {}

    def look(self, grants: Grants, now_ns: int) -> tuple[GlassEvent, ...]:
        """What has become of grants since the last look."""
        made: list[GlassEvent] = []
        standings = grants.standings(now_ns)
        there = {_identity(one.grant) for one in standings}
        for identity, grant in [*self._active.items()]:
            if identity not in there:
                made.append(GlassEvent("revoked", grant))
        refused = 0
        for one in standings:
            event = _event(one)
            if event is None or _mark(event) in self._told.get(_identity(one.grant), ()):
                continue
            refused += event.event == "refused"
            if event.event != "refused" or refused <= MAX_REFUSED:
                made.append(event)
        for identity in [*self._told]:
            if identity not in there and identity not in self._active:
                del self._told[identity]
        return tuple(made)

    def confirm(self, event: GlassEvent) -> None:
        """The event is recorded, or there is no trail: it is not told again."""
        identity = _identity(event.grant)
        if event.event == "revoked":
            self._active.pop(identity, None)
            self._told.pop(identity, None)
            return
        self._told.setdefault(identity, set()).add(_mark(event))
        if event.event == "granted":
            self._active[identity] = event.grant
        else:
            self._active.pop(identity, None)


def _identity(grant: Grant) -> _Identity:
    return grant.digest, grant.signatures


def _mark(event: GlassEvent) -> str:
    return f"{event.event} {event.why}"


def _event(standing: GrantStanding) -> GlassEvent | None:
    grant, signer = standing.grant, standing.signer
    match standing.state:
        case "active":
            return GlassEvent("granted", grant, signer)
        case "expired":
            return GlassEvent("expired", grant, signer)
        case "refused":
            return GlassEvent("refused", grant, "", standing.why)
        case "not_yet":
            return None


def count_states(grants: Grants, now_ns: int) -> dict[str, int]:
    """How many grants are in each state, for the metrics."""
    counts: dict[str, int] = {}
    for one in grants.standings(now_ns):
        counts[one.state] = counts.get(one.state, 0) + 1
    return counts


def grant_warning(grant: Grant, decision: Decision | None) -> str:
    """What the user is told of what was let through; decision: None where nothing could be judged."""
    said = f"[break-glass] {grant.name} ({grant.terms.ticket}) until {render_moment(grant.terms.until_ns)} lets through"
    keys = () if decision is None else stopped_by(decision)
    if not keys:
        return f"{said} what could not be judged"
    return f"{said} what {some_of([str(key) for key in keys], MAX_NAMED)} {'denies' if len(keys) == 1 else 'deny'}"
