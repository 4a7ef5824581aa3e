"""All that a log has of promotions, read without a gap: what questions about them start from."""

from dataclasses import dataclass

from lockgate.audit.dsse import envelope_of
from lockgate.audit.errors import TrailError
from lockgate.audit.promotions.history import (
    KEY_STREAM,
    STREAM,
    Promotion,
    PromotionHistory,
    Request,
)
from lockgate.audit.promotions.statement import PromotionStatement, parse_promotion, statement_digest
from lockgate.audit.query.answers.answer import Opener
from lockgate.audit.query.answers.people import actor_of, details_of
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.page import Completeness, Link


@dataclass(frozen=True, slots=True)
class Approver:
    """Who approved: a pseudonym, a name where it may be shown, how it is known, and the entry."""

    person: str
    name: str
    assurance: str
    entry: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class Promoted:
    """The promotions of a log as of a size."""

    history: PromotionHistory
    links: dict[int, Link]
    complete: tuple[Completeness, ...]

    def time_ms(self, index: int) -> int:
        """When an entry was made."""
        return self.links[index].entry.time_ms

    def made(self) -> list[Promotion]:
        """Those that were made, the first one first."""
        return [*self.history.made()]

    def standing(self, made: Promotion) -> str:
        """What became of a promotion: `current`, `superseded`, `revoked` or `unsound` (a key that it rests on was revoked)."""
        if made.revoked is not None:
            return "revoked"
        if not self.history.is_sound(made):
            return "unsound"
        one = made.promoted
        return "current" if self.history.current(one.model, one.environment) is made else "superseded"

    def approvers(self, made: Promotion, opener: Opener | None) -> tuple[Approver, ...]:
        """Who approved a promotion that was made."""
        told: list[Approver] = []
        for index in made.approvals:
            one = self.history.approval(index)
            link = self.links[index]
            name = actor_of(opener, index, link.raw)
            told.append(Approver(one.approver, name, one.assurance, index, link.entry.time_ms))
        return tuple(told)

    def entries(self, made: Promotion) -> tuple[int, ...]:
        """What a promotion rests on, itself included."""
        return (made.index, made.request.index, *made.approvals)

    def statement(self, request: Request, opener: Opener | None) -> PromotionStatement | None:
        """What was asked for, as it was signed; None where it is not opened, or was erased. Raises TrailError where it is another's."""
        details = details_of(opener, request.index, self.links[request.index].raw)
        if "envelope" not in details:
            return None
        payload = envelope_of(details["envelope"]).payload
        if statement_digest(payload) != request.promoted.statement:
            raise TrailError(f"the body of entry {request.index} has another statement than its entry names")
        return parse_promotion(payload)


def read_promoted(engine: Engine, size: int) -> Promoted:
    """Reads them, once for each checkpoint. Raises VerificationError where an entry is missing or contradicts another."""
    if size != engine.size:
        return _read(engine, size)
    return engine.remember("promoted", lambda: _read(engine, size))


def _read(engine: Engine, size: int) -> Promoted:
    links: dict[int, Link] = {}
    complete: list[Completeness] = []
    for name in (STREAM, KEY_STREAM):
        found, told = engine.whole(name, size)
        links.update({one.index: one for one in found})
        complete.append(told)
    history = PromotionHistory()
    for index in sorted(links):
        entry = links[index].entry
        history.take(index, entry.kind, entry.value, [link.name for link in entry.links])
    return Promoted(history, links, tuple(complete))
