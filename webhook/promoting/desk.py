"""The desk at which promotions are asked for, approved and made: a trail, what it has of them, and who is who.

Whoever keeps the trail keeps the desk. What people say is in what they signed, and is verified here each time that it counts.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

from lockgate.audit.draft import Draft
from lockgate.audit.errors import RuleError, TrailError, UnverifiableError
from lockgate.audit.promotions import events
from lockgate.audit.promotions.history import Request
from lockgate.audit.promotions.identities import Identities, Identity, Person
from lockgate.audit.promotions.statement import Place
from lockgate.audit.receipt import Receipt
from lockgate.engine.promotions.asking import Approval, Known, Missing
from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.engine.promotions.recognising import Event
from lockgate.engine.promotions.subjects import Holder, Subject
from lockgate.engine.record import record
from lockgate.webhook.promoting.facts import evidence_of
from lockgate.webhook.promoting.notify_options import RecordedEvent
from lockgate.webhook.promoting.promotion_log import Asked, PromotionLog
from lockgate.webhook.promoting.signatures import Signatures
from lockgate.webhook.promotions.judging import PromotionJudge
from lockgate.webhook.promotions.pool_health_file import PoolHealth
from lockgate.webhook.promotions.pool_verdicts import HealthUsed, PoolVerdict, PoolVerdicts
from lockgate.webhook.trail import Trail

_MS_NS: Final = 1_000_000
_ANEW: Final = "ask anew: lockgate promote"
_NOBODY: Final = Missing(
    "requester",
    "nobody knows who asks for it: the key that signed the statement is of nobody, or of somebody else than when they asked",
    "have a person of the identity map ask anew: lockgate promote",
)


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
        self,
        trail: Trail,
        policy: PromotionPolicy,
        identities: Identities,
        judge: PromotionJudge,
        health: tuple[PoolHealth, ...] | None = None,
    ) -> None:
        self.trail: Final = trail
        self.policy: Final = policy
        self.identities: Final = identities
        self._judge: Final = judge
        self.recorder: Final = trail.recorder()
        self._appending = trail.appending()
        self.log: Final = PromotionLog(trail)
        self.signatures: Final = Signatures(self.log, identities, self.recorder.pseudonym)
        self._health: Final = PoolVerdicts(health, self._member_of)
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
            pools=self.pools(asked.statement.to).pools,
        )

    def pools(self, to: Place) -> PoolVerdict:
        """What was given of the devices that have to be healthy for an environment, and its verdict; nothing where none have to be."""
        step = self.policy.step_into(to.environment)
        if step is None or not step.blocked_while_unhealthy:
            return PoolVerdict(None)
        return self._health.judge(to.cluster, step.device_health)

    def _member_of(self, key: str) -> str:
        """Whose key that is, where it is enrolled and was not given up."""
        member = self.identities.member(Identity("key", key))
        good = any(one.name == key and one.ended is None for one in self.log.history.signing_keys())
        return member.name if member is not None and good else ""

    def _person_who_asks(self, asked: Asked) -> Person | None:
        """By the identity map as it is now, if that is who asked, and signed the statement."""
        try:
            return self.signatures.person_who_asks(asked)
        except TrailError:
            return None

    def _approvals(self, asked: Asked) -> tuple[list[Counted], list[tuple[int, str]]]:
        counted: list[Counted] = []
        uncounted: list[tuple[int, str]] = []
        for index in sorted(asked.request.approvals.values()):
            approval = self.log.history.approval(index)
            try:
                self.log.history.check_approval(approval)
                person = self.signatures.person_who_approved(asked, approval)
                counted.append(Counted(index, person, approval.assurance))
            except TrailError as error:
                uncounted.append((index, error.message))
        return counted, uncounted

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
        used = self.pools(statement.to).used
        if used:
            details["poolHealth"] = [_told(one) for one in used]
        return self.record(event, actor, details)


def _told(used: HealthUsed) -> dict[str, Any]:
    """What the entry of a promotion has of the devices that were judged when it was made."""
    return {
        "file": used.health.digest,
        "cluster": used.health.cluster,
        "clusterUid": used.health.uid,
        "observed": used.health.observed,
        "signers": [*used.signers],
        "healthy": used.healthy,
    }
