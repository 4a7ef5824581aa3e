"""The desk at which promotions are asked for, approved and made: a trail, what it has of them, and who is who.

Whoever keeps the trail keeps the desk. What people say is in what they signed, and is verified here each time that it counts.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

from lockgate.audit.draft import Draft
from lockgate.audit.dsse import IN_TOTO, Envelope, envelope_of, verify_envelope
from lockgate.audit.errors import FormatError, RuleError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.promotions import events
from lockgate.audit.promotions.approval import parse_approval
from lockgate.audit.promotions.history import Approval as RecordedApproval
from lockgate.audit.promotions.history import Assurance, Request
from lockgate.audit.promotions.identities import Identities, Identity, IdentityKind, Person
from lockgate.audit.promotions.statement import parse_promotion
from lockgate.audit.promotions.token import verify_token
from lockgate.audit.receipt import Receipt
from lockgate.engine.promotions.asking import Approval, Known, Missing
from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.engine.promotions.recognising import Event
from lockgate.engine.promotions.subjects import Holder, Subject
from lockgate.engine.record import record
from lockgate.webhook.promoting.asking_options import ON_BEHALF
from lockgate.webhook.promoting.facts import evidence_of
from lockgate.webhook.promoting.given_approvals import reviewing_account
from lockgate.webhook.promoting.notify_options import RecordedEvent
from lockgate.webhook.promoting.promotion_log import Asked, PromotionLog
from lockgate.webhook.promotions.judging import PromotionJudge
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import Trail

_MS_NS: Final = 1_000_000
_ANEW: Final = "ask anew: lockgate promote"
_NOBODY: Final = Missing(
    "requester",
    "nobody knows who asks for it: the key that signed the statement is of nobody, or of somebody else than when they asked",
    "have a person of the identity map ask anew: lockgate promote",
)
# What an approval is worth, by how its person is known.
ASSURANCES: Final[Mapping[IdentityKind, Assurance]] = {"key": "key", "token": "token", "account": "imported"}


@record
class Counted:
    """An approval that counts, and its entry."""

    index: int
    person: Person
    assurance: str


@record
class Standing:
    """Where a request stands. uncounted: approvals that do not count, by entry, with the reason."""

    missing: tuple[Missing, ...]
    counted: tuple[Counted, ...]
    uncounted: tuple[tuple[int, str], ...]


class Desk:
    """Judges requests, and appends what becomes of them through one appender. Close it."""

    def __init__(
        self, trail: Trail, policy: PromotionPolicy, identities: Identities, judge: PromotionJudge
    ) -> None:
        self.trail: Final = trail
        self.policy: Final = policy
        self.identities: Final = identities
        self._judge: Final = judge
        self.recorder: Final = trail.recorder()
        self._appending = trail.appending()
        self.log: Final = PromotionLog(trail)
        self.recorded: Final[list[RecordedEvent]] = []

    @property
    def unreached(self) -> tuple[tuple[str, str], ...]:
        """Anchors that were not reached, behind `close`."""
        return self._appending.unreached

    def close(self) -> None:
        """Sends the newest checkpoint to the anchors."""
        self._appending.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def append(self, draft: Draft) -> Receipt:
        """An entry more. Raises TrailError."""
        receipt = self._appending.appender.append(draft)
        self.log.take(receipt)
        return receipt

    def record(self, event: events.PromotionEvent, actor: str, details: Mapping[str, Any]) -> Receipt:
        """An entry more about a promotion, which `recorded` has then. Raises TrailError."""
        receipt = self.append(self.recorder.promotion(event, actor, details))
        if not receipt.repeated:
            self.recorded.append(RecordedEvent(event, receipt.index, self.log.time_ms(receipt.index)))
        return receipt

    def promoted_statement(self, statement: str) -> Request:
        """The request of a statement. Raises UnverifiableError where it was never recorded."""
        request = self.log.history.request_of(statement)
        if request is None:
            raise UnverifiableError(
                "the statement is in no request of this trail", hint="lockgate promote records it"
            )
        return request

    def stand(self, asked: Asked) -> Standing:
        """What a request has and lacks now. Raises TrailError or EvaluationError."""
        statement = asked.statement
        if statement.policy != (self.policy.name, f"sha256:{self.policy.digest}"):
            missing = Missing(
                "policy",
                f"the PromotionPolicy is another one than the statement names ({statement.policy[0]})",
                _ANEW,
            )
            return Standing((missing,), (), ())
        person = self._person_who_asks(asked)
        counted, uncounted = self._approvals(asked)
        found = self._judge.judge(self._event(asked), self._known(asked, person, counted))
        lacking = [*self._fallen(asked), *found]
        if person is None:
            # Also where the policy asks for nobody else.
            lacking = [_NOBODY, *[one for one in lacking if one.what != _NOBODY.what]]
        return Standing(tuple(lacking), tuple(counted), tuple(uncounted))

    def _fallen(self, asked: Asked) -> Iterator[Missing]:
        """What it rests on, and was taken back since it was asked for."""
        try:
            self.log.history.check_request(asked.request)
        except RuleError as error:
            yield Missing("request", error.message, error.hint or _ANEW)

    def _event(self, asked: Asked) -> Event:
        statement = asked.statement
        subject = Subject("model", statement.model, statement.version, "content", digest=statement.subject)
        place = statement.to
        holder = Holder("", "", place.namespace, "", place.environment, (subject,))
        return Event(
            statement.happening,
            place.environment,
            subject,
            holder,
            None,
            statement.source,
            was_there=asked.request.target is not None,
        )

    def _known(self, asked: Asked, person: Person | None, counted: Sequence[Counted]) -> Known:
        before = asked.request.predecessor
        return Known(
            now_ns=time.time_ns(),
            requester="" if person is None else person.name,
            evidence=evidence_of(asked.statement.subject, asked.statement.evidence),
            approvals=tuple([Approval(one.person.name, one.person.groups, one.assurance) for one in counted]),
            below_since_ns=None if before is None else self.log.time_ms(before) * _MS_NS,
        )

    def _person_who_asks(self, asked: Asked) -> Person | None:
        """By the identity map as it is now, if that is who asked, and signed the statement."""
        name = asked.request.key
        key = self.identities.key(name)
        person = self.identities.asker(name, asked.statement.change.get(ON_BEHALF, ""))
        if key is None or person is None or self.recorder.pseudonym(person.name) != asked.request.requester:
            return None
        try:
            verify_envelope(envelope_of(asked.envelope), {name: key}, IN_TOTO)
        except VerificationError:
            return None
        return person if person.name == asked.statement.requester else None

    def _approvals(self, asked: Asked) -> tuple[list[Counted], list[tuple[int, str]]]:
        counted: list[Counted] = []
        uncounted: list[tuple[int, str]] = []
        for index in sorted(asked.request.approvals.values()):
            approval = self.log.history.approval(index)
            try:
                self.log.history.check_approval(approval)
                person = self._person_who_approved(asked, approval)
                counted.append(Counted(index, person, approval.assurance))
            except TrailError as error:
                uncounted.append((index, error.message))
        return counted, uncounted

    def _person_who_approved(self, asked: Asked, approval: RecordedApproval) -> Person:
        """Verified again: who approved, by the map as it is now. Raises TrailError where that is nobody, or somebody else."""
        details = self.log.details(approval.index)
        identity = self.verify_approval(
            details, asked.payload, asked.request.promoted.statement, self.log.time_ms(approval.index)
        )
        if ASSURANCES.get(identity.kind) != approval.assurance:
            raise VerificationError(
                f"the entry says that it was by {approval.assurance}, and what it shows is {identity.shown}"
            )
        if identity.kind == "key" and identity.value != approval.key:
            raise VerificationError("the key that signed the approval is another one than its entry names")
        person = self.identities.approver(identity)
        if person is None or self.recorder.pseudonym(person.name) != approval.approver:
            raise UnverifiableError(
                f"{identity.shown} is no person of the identity map, or another one than when it approved"
            )
        asked_by = self.identities.requester(Identity("key", asked.request.key))
        if asked_by is not None and asked_by.name == person.name and not asked.request.own_approval:
            # Also where it asked on behalf of somebody else: whoever answers for a bot could have it ask for anybody.
            raise UnverifiableError(f"{person.name} answers for the key that asked, and does not approve it")
        return person

    def verify_approval(
        self, details: Mapping[str, Any], payload: bytes, statement: str, moment_ms: int
    ) -> Identity:
        """Who approves a statement by what is shown: an `envelope`, a `token` or an `account`. Raises TrailError."""
        if "envelope" in details:
            return Identity("key", self.approving_key(envelope_of(details["envelope"]), statement))
        if "token" in details:
            token = verify_token(str(details["token"]).encode(), self.identities.issuers, payload, moment_ms)
            return Identity("token", f"{token.issuer} {token.subject}")
        if "account" in details:
            return reviewing_account(details, parse_promotion(payload), self.identities)
        raise UnverifiableError("the approval shows nothing that could be verified")

    def approving_key(self, envelope: Envelope, statement: str) -> str:
        """The fingerprint of the key that signed an approval of this very statement. Raises TrailError."""
        if envelope.payload_type != IN_TOTO:
            raise FormatError(f"the approval holds {printable(envelope.payload_type[:80])}, not {IN_TOTO}")
        try:
            (signer, *_) = verify_envelope(envelope, self.identities.keys(), IN_TOTO)
        except VerificationError:
            raise UnverifiableError(
                "nobody of the identity map signed the approval",
                hint="it was changed, or the key is of somebody who is not in the map",
            ) from None
        if parse_approval(envelope.payload).statement != statement:
            raise UnverifiableError(
                "the approval is of another statement", hint="approve this one: lockgate approve"
            )
        return signer

    def make(self, asked: Asked, standing: Standing, actor: str) -> Receipt:
        """Makes a promotion that lacks nothing. Raises TrailError."""
        assert not standing.missing
        statement = asked.statement
        event = events.made(
            asked.request, [one.index for one in standing.counted], f"sha256:{self.policy.digest}"
        )
        details: dict[str, Any] = {
            "approvals": [
                {
                    "entry": one.index,
                    "person": one.person.name,
                    "groups": [*one.person.groups],
                    "assurance": one.assurance,
                }
                for one in standing.counted
            ],
            "policy": {"name": statement.policy[0], "digest": statement.policy[1]},
            "requester": statement.requester,
        }
        return self.record(event, actor, details)
