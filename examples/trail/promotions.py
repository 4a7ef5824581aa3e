"""Promotions of the made-up year: each with its statement, approvals and evidence, signed and recorded as the commands do it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Final

from lockgate.audit.promotions import events
from lockgate.audit.promotions.approval import ApprovalStatement, render_approval
from lockgate.audit.promotions.history import Promoted, Promotion, Request
from lockgate.audit.promotions.statement import (
    EvidenceUsed,
    Happening,
    Place,
    PromotionStatement,
    render_promotion,
    statement_digest,
)
from lockgate.audit.times import render_time
from lockgate.engine.codegen.values import Value
from lockgate.engine.promotions.model_use import Beside

from examples.trail.people import Person
from examples.trail.writer import Writer

DAY_MS: Final = 86_400_000
BELOW: Final = {"staging": "dev", "prod": "staging"}
POLICY: Final = ("models", "sha256:" + sha256(b"PromotionPolicy models").hexdigest())


@dataclass(frozen=True, slots=True)
class Version:
    """A model's version and its bytes (`sha256:<hex>`)."""

    model: str
    version: str

    @property
    def subject(self) -> str:
        """The digest of its bytes."""
        return "sha256:" + sha256(f"{self.model} {self.version}".encode()).hexdigest()

    @property
    def reference(self) -> str:
        """Where they lie."""
        return f"s3://models/{self.model}/{self.version}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for. drift_age_days: of the drift report when it is asked for. own: who asks may approve."""

    version: Version
    environment: str
    requester: Person
    drift_age_days: int = 3
    own: bool = False
    predecessor: Promotion | None = None
    target: Promotion | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in the log: what it is, and the payload of its statement."""

    request: Request
    payload: bytes
    wish: Wish


class Office:
    """Records promotions. `told` collects, of each entry, what is known of it."""

    def __init__(self, writer: Writer, random: Random) -> None:
        self._writer: Final = writer
        self._random: Final = random
        self.told: Final[list[dict[str, Value]]] = []

    def ask(self, wish: Wish, now_ms: int) -> Asked:
        """A request, with the evidence that was verified for it."""
        statement = self._statement(wish, now_ms)
        payload = render_promotion(statement)
        promoted = statement.promoted(statement_digest(payload))
        writer, person = self._writer, wish.requester
        for one in statement.evidence:
            draft = writer.recorder.statement(
                one.envelope, f"https://lockgate.dev/{one.kind}/v1", promoted.subject, person.name
            )
            writer.add(draft, now_ms)
        pseudonym = writer.recorder.pseudonym(person.name)
        event = events.requested(
            promoted,
            pseudonym,
            key=person.fingerprint,
            source=statement.source,
            predecessor=None if wish.predecessor is None else wish.predecessor.index,
            target=None if wish.target is None else wish.target.index,
            own_approval=wish.own,
        )
        index = self._record(event, person, {"envelope": person.envelope(payload)}, now_ms)
        request = Request(
            index,
            promoted,
            pseudonym,
            person.fingerprint,
            statement.source,
            None if wish.predecessor is None else wish.predecessor.index,
            None if wish.target is None else wish.target.index,
            wish.own,
        )
        self._tell(index, "requested", promoted, now_ms, requester=person.name, request=index)
        return Asked(request, payload, wish)

    def approve(self, asked: Asked, approver: Person, now_ms: int) -> int:
        """An approval by somebody's key; its entry."""
        promoted = asked.request.promoted
        payload = render_approval(
            ApprovalStatement(promoted.statement, approver.name, render_time(now_ms - 30_000))
        )
        event = events.approved(
            asked.request, self._writer.recorder.pseudonym(approver.name), "key", approver.fingerprint
        )
        details: dict[str, Value] = {
            "envelope": approver.envelope(payload),
            "identity": f"key {approver.fingerprint}",
            "person": approver.name,
        }
        index = self._record(event, approver, details, now_ms)
        asked.request.approvals[event.fields["approver"]] = index  # type: ignore[index]
        self._tell(index, "approved", promoted, now_ms, approver=approver.name, request=asked.request.index)
        return index

    def make(self, asked: Asked, approvers: Mapping[int, Person], now_ms: int) -> Promotion:
        """The promotion. approvers: by the entries of their approvals."""
        request, requester = asked.request, asked.wish.requester
        listed: list[Value] = [
            {"entry": index, "person": one.name, "groups": ["risk"], "assurance": "key"}
            for index, one in approvers.items()
        ]
        details: dict[str, Value] = {
            "approvals": listed,
            "policy": {"name": POLICY[0], "digest": POLICY[1]},
            "requester": requester.name,
        }
        event = events.made(request, [*approvers], POLICY[1])
        index = self._record(event, requester, details, now_ms)
        request.closed = index
        self._tell(
            index,
            str(event.fields["event"]),
            request.promoted,
            now_ms,
            requester=requester.name,
            approvers=[one.name for one in approvers.values()],
            request=request.index,
            driftAgeDays=asked.wish.drift_age_days,
            predecessor=request.predecessor,
            target=request.target,
        )
        return Promotion(index, request, tuple(approvers), POLICY[1])

    def whole(self, wish: Wish, approvers: Sequence[Person], now_ms: int) -> Promotion:
        """A promotion that is asked for, approved within hours, and made."""
        asked = self.ask(wish, now_ms)
        given: dict[int, Person] = {}
        for one in approvers:
            now_ms += self._random.randrange(5, 90) * 60_000
            given[self.approve(asked, one, now_ms)] = one
        return self.make(asked, given, now_ms + self._random.randrange(1, 20) * 60_000)

    def revoke(self, made: Promotion, by: Person, reason: str, now_ms: int) -> int:
        """A promotion is taken back."""
        event = events.revoked(made.promoted, made.index, reason)
        index = self._record(event, by, {"reason": reason}, now_ms)
        made.revoked = index
        self._tell(index, "revoked", made.promoted, now_ms, promotion=made.index, by=by.name)
        return index

    def _record(
        self, event: events.PromotionEvent, actor: Person, details: Mapping[str, Value], now_ms: int
    ) -> int:
        writer = self._writer
        return writer.append(writer.recorder.promotion(event, actor.name, details), now_ms)

    def _tell(self, index: int, event: str, promoted: Promoted, now_ms: int, **more: Value) -> None:
        self.told.append(
            {
                "entry": index,
                "event": event,
                "model": promoted.model,
                "version": promoted.version,
                "environment": promoted.environment,
                "subject": promoted.subject,
                "time": render_time(now_ms),
                **more,
            }
        )

    def _statement(self, wish: Wish, now_ms: int) -> PromotionStatement:
        version, environment = wish.version, wish.environment
        happening: Happening = "promotion" if wish.predecessor is not None else "introduction"
        if wish.target is not None:
            happening = "rollback"
        evidence = [self._evidence(wish, "facts", now_ms, 1, {})]
        if environment != "dev":
            auc = f"0.{self._random.randrange(905, 970)}"
            evidence.append(self._evidence(wish, "evaluation", now_ms, 2, {"auc": auc}))
        if environment == "prod":
            share = f"0.{self._random.randrange(2, 19):02d}"
            evidence.append(
                self._evidence(wish, "drift", now_ms, wish.drift_age_days, {"driftedShare": share})
            )
        image = sha256(f"server {version.version}".encode()).hexdigest()
        commit = sha256(f"commit {version.model} {version.version}".encode()).hexdigest()[:40]
        source = BELOW[environment] if wish.predecessor is not None else ""
        return PromotionStatement(
            happening,
            version.model,
            version.version,
            version.reference,
            version.subject,
            source,
            Place(environment, "eu-1", f"{version.model}-{environment}"),
            (Beside("image", "registry.example/serving/server", f"sha256:{image}"),),
            (),
            wish.requester.name,
            POLICY,
            tuple(evidence),
            {"commit": commit, "repository": "git.example.com/ml/deploy"},
            None if wish.predecessor is None else (self._writer.origin, wish.predecessor.index),
            None if wish.target is None else (self._writer.origin, wish.target.index),
            render_time(now_ms - 60_000),
            self._random.randbytes(16).hex(),
        )

    def _evidence(
        self, wish: Wish, kind: str, now_ms: int, age_days: int, values: Mapping[str, str]
    ) -> EvidenceUsed:
        envelope = sha256(f"{kind} {wish.version} {wish.environment} {now_ms}".encode()).hexdigest()
        at = render_time(now_ms - age_days * DAY_MS)
        return EvidenceUsed(kind, f"sha256:{envelope}", at, True, values)
