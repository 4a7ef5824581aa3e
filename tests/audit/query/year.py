"""A year of a trail whose answers are known: what is put in, day by day, and what each question has to find."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.coverage import Coverage, InForce
from lockgate.audit.draft import Draft
from lockgate.audit.grant_use import GrantUse
from lockgate.audit.promotions import events
from lockgate.audit.promotions.history import Promoted, PromotionHistory
from lockgate.audit.promotions.statement import (
    EvidenceUsed,
    Place,
    PromotionStatement,
    render_promotion,
    statement_digest,
)
from lockgate.audit.recorder import Subject
from lockgate.audit.store.append import BatchAppender
from lockgate.audit.store.batch import Appended
from lockgate.audit.streams import model_stream
from lockgate.audit.times import render_time
from lockgate.audit.vault import NO_NAMESPACE
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Decision, PolicyKey, Violation
from lockgate.webhook.bodies import open_body
from sqlalchemy import Connection

from tests.audit.trails import POLICIES, Clock, Trail, make_trail, pod, reopen_trail, review

DAY_MS: Final = 24 * 3_600_000
# 2026-01-01T00:00:00Z
FIRST_MS: Final = 1_767_225_600_000
DAYS: Final = 364
MODELS: Final = ("fraud", "churn", "ranking", "s3:models/vision")
DEVICES: Final = PolicyKey("LockgateApprovedDeviceClasses", "gpus")
RULE: Final = PolicyKey("K8sRequired", "labels")
PROMOTION_POLICY: Final = "sha256:" + "9" * 64


@dataclass
class Known:
    """What was put in: entries by what they are."""

    promotions: list[tuple[int, str, str, int]] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    single: list[int] = field(default_factory=list)
    old_drift: list[int] = field(default_factory=list)
    denied: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    observed: list[int] = field(default_factory=list)
    exemption_uses: dict[str, list[int]] = field(default_factory=dict)
    glass_uses: list[int] = field(default_factory=list)
    policy_changes: list[int] = field(default_factory=list)
    accesses: list[int] = field(default_factory=list)
    retried: list[tuple[int, int]] = field(default_factory=list)
    gap_minutes: int = 0
    refused: int = 0


class Year:
    """Makes it. decisions: how many a day. opened: opens the trail of a home, in place of one of its own in the folder."""

    def __init__(self, folder: Path, decisions: int, opened: Callable[[Clock], Trail] | None = None) -> None:
        self.known: Final = Known()
        self._decisions: Final = decisions
        self.clock: Final = Clock(FIRST_MS - 1000)
        self.url: Final = f"sqlite:///{folder / 'trail.db'}"
        self._opened: Final = opened or (lambda clock: reopen_trail(self.url, clock=clock))
        self.trail: Trail = make_trail(self.url, clock=self.clock) if opened is None else opened(self.clock)
        self.trail.appender.close()
        self._batches: BatchAppender = self.trail.store.batch_appender(self.trail.vault.master.seal_key)
        self._history = PromotionHistory()
        self._current: dict[tuple[str, str], int] = {}
        self._serial = 0
        recorder = self.trail.recorder
        for name in (NO_NAMESPACE, *[f"team-{number}" for number in range(5)]):
            # Before a transaction has the database for itself.
            self.trail.vault.key_of(name)
        self._pool: list[Draft] = []
        for number in range(400):
            model = MODELS[number % len(MODELS)]
            environment = ("dev", "staging", "prod")[number % 3]
            name = f"pod-{number}"
            made = recorder.decision(
                review(pod(name, f"team-{number % 5}")),
                Decision("allow", (), (), (), POLICIES, "", matched=1),
                Subject(model, environment),
            )
            self._pool.append(made)

    def build(self) -> Trail:
        """All days; the trail is closed for appending then."""
        for day in range(DAYS):
            self.clock.now_ms = FIRST_MS + day * DAY_MS
            with self.trail.store.write() as connection:
                self._day(connection, day)
        self.trail.store.close()
        self.trail = self._opened(self.clock)
        self.trail.appender.close()
        return self.trail

    def _add(self, connection: Connection, draft: Draft) -> int:
        (made,) = self._batches.append(connection, [draft], self.clock())
        assert isinstance(made, Appended), made
        return made.index

    def _day(self, connection: Connection, day: int) -> None:
        known, recorder = self.known, self.trail.recorder
        usual = [self._pool[(day * 7 + number) % len(self._pool)] for number in range(self._decisions)]
        for start in range(0, len(usual), 500):
            self._batches.append(connection, usual[start : start + 500], self.clock())
        known.denied.append(self._add(connection, self._denial(day, RULE, "deny")))
        if day % 11 == 0:
            known.errors.append(self._add(connection, self._denial(day, RULE, "error")))
        if day % 13 == 0:
            known.observed.append(self._add(connection, self._denial(day, DEVICES, "deny", mode="observe")))
            known.denied.append(known.observed[-1])
        if day % 17 == 0:
            self._retry(connection, day)
        if day % 7 == 0:
            for number, model in enumerate(MODELS):
                self._chain(connection, model, day, number)
        if day % 30 == 0:
            name = f"x-{day // 30}"
            details: dict[str, Value] = {
                "expiresAt": render_time(FIRST_MS + (day + 60) * DAY_MS)[:19] + "Z",
                "owner": "risk",
                "ticket": f"T-{day}",
                "policies": ["LockgateApprovedDeviceClasses/*"],
            }
            self._add(
                connection, recorder.exemption("granted", name, POLICIES, actor="owner", details=details)
            )
            known.exemption_uses[name] = [
                self._add(
                    connection,
                    recorder.exemption(
                        "used",
                        name,
                        POLICIES,
                        namespace="team-1",
                        subject=f"/v1/Pod/team-1/ex-{day}-{use}/u{day}-{use}",
                    ),
                )
                for use in range(3)
            ]
            before, after = f"{day:064x}", f"{day + 30:064x}"
            known.policy_changes.append(
                self._add(
                    connection,
                    recorder.policy_change(
                        "changed", after, before=before, policy=str(RULE), actor="platform"
                    ),
                )
            )
        if day % 90 == 45:
            self._glass(connection, day)
        if day % 14 == 3:
            known.accesses.append(
                self._add(connection, recorder.access("export", 10, "auditor", {"why": day}))
            )
        if day in (100, 200):
            self._cover(connection)

    def _denial(self, day: int, policy: PolicyKey, verdict: str, mode: str = "enforce") -> Draft:
        decision = Decision(
            verdict,  # type: ignore[arg-type]
            (Violation(policy, "it is breached", ("deny",)),),
            (),
            (),
            POLICIES,
            "",
            matched=1,
        )
        obj = pod(f"denied-{day}", "team-2")
        return self.trail.recorder.decision(
            review(obj),
            decision,
            Subject("fraud", "prod"),
            mode="observe" if mode == "observe" else "enforce",
        )

    def _retry(self, connection: Connection, day: int) -> None:
        obj = pod(f"retried-{day}", "team-3")
        decision = Decision(
            "deny", (Violation(RULE, "it is breached", ("deny",)),), (), (), POLICIES, "", matched=1
        )
        recorder = self.trail.recorder
        denied = self._add(connection, recorder.decision(review(obj), decision, Subject("churn", "prod")))
        meta = obj["metadata"]
        assert isinstance(meta, dict)
        labelled: dict[str, Value] = {**obj, "metadata": {**meta, "labels": {"team": "other"}}}
        allowed = Decision("allow", (), (), (), POLICIES, "", matched=1)
        self.clock.now_ms += 3_600_000
        let = self._add(connection, recorder.decision(review(labelled), allowed, Subject("churn", "prod")))
        self.known.denied.append(denied)
        self.known.retried.append((denied, let))

    def _chain(self, connection: Connection, model: str, day: int, number: int) -> None:
        subject = f"sha256:{day * 10 + number:064x}"
        before: int | None = None
        source = ""
        for environment in ("dev", "staging", "prod"):
            before = self._promote(connection, model, day, subject, environment, source, before)
            source = environment

    def _promote(
        self,
        connection: Connection,
        model: str,
        day: int,
        subject: str,
        environment: str,
        source: str,
        before: int | None,
    ) -> int:
        self._serial += 1
        recorder = self.trail.recorder
        age = 45 if self._serial % 9 == 0 else 5
        now = self.clock.now_ms
        drift = EvidenceUsed(
            "drift", "sha256:" + "a" * 64, render_time(now - age * DAY_MS), True, {"share": "0.1"}
        )
        statement = PromotionStatement(
            "introduction" if before is None else "promotion",
            model,
            str(day),
            f"s3://models/{number_of(model)}/{day}",
            subject,
            source,
            Place(environment),
            (),
            (),
            "asker",
            ("models", PROMOTION_POLICY),
            (drift,),
            {},
            None if before is None else (self.trail.store.origin, before),
            None,
            render_time(now),
            f"nonce-{self._serial}",
        )
        payload = render_promotion(statement)
        promoted: Promoted = statement.promoted(statement_digest(payload))
        envelope: dict[str, Value] = {
            "payloadType": "application/vnd.in-toto+json",
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": "k", "sig": base64.b64encode(b"s" * 64).decode()}],
        }
        asker, *others = [recorder.pseudonym(one) for one in ("asker", "risk-1", "risk-2")]
        is_own = self._serial % 10 == 0
        asked = events.requested(promoted, asker, source=source, predecessor=before, own_approval=is_own)
        request_index = self._add(connection, recorder.promotion(asked, "asker", {"envelope": envelope}))
        self._take(request_index, asked.fields, model, environment)
        request = self._history.request_of(promoted.statement)
        assert request is not None
        people = [asker, others[0]] if is_own else others[:1] if self._serial % 6 == 0 else others
        names = {asker: "asker", others[0]: "risk-1", others[1]: "risk-2"}
        approvals: list[int] = []
        for one in people:
            event = events.approved(request, one, "token")
            index = self._add(connection, recorder.promotion(event, names[one], {}))
            self._take(index, event.fields, model, environment)
            approvals.append(index)
        made = events.made(request, approvals, PROMOTION_POLICY)
        index = self._add(connection, recorder.promotion(made, "asker", {}))
        self._take(index, made.fields, model, environment)
        self.known.promotions.append((index, model, environment, now))
        if is_own:
            self.known.own.append(index)
        elif len(people) == 1:
            self.known.single.append(index)
        if age > 30:
            self.known.old_drift.append(index)
        return index

    def _take(self, index: int, fields: Mapping[str, Json], model: str, environment: str) -> None:
        self._history.take(index, "promotion", fields, ["promotion", model_stream(model, environment)])

    def _glass(self, connection: Connection, day: int) -> None:
        recorder = self.trail.recorder
        terms = {
            "reason": "outage",
            "ticket": f"INC-{day}",
            "from": render_time(self.clock.now_ms),
            "until": render_time(self.clock.now_ms + DAY_MS),
        }
        self._add(connection, recorder.grant_event("granted", f"glass-{day}", terms=terms, actor="lead"))
        use = GrantUse(
            "deny",
            "CREATE",
            "v1/Pod",
            f"/v1/Pod/team-1/glass-{day}/u",
            "team-1",
            "cd",
            POLICIES,
            (str(DEVICES),),
        )
        self.known.glass_uses.append(self._add(connection, recorder.grant_use(f"glass-{day}", use)))

    def _cover(self, connection: Connection) -> None:
        start = self.clock.now_ms - self.clock.now_ms % 60_000 + 60_000
        coverage = Coverage("server-1", InForce(POLICIES, POLICIES, "lockgate/test"), start)
        for minute in range(1, 61):
            if minute == 30:
                coverage.count_refused()
                self.known.refused += 1
            if 40 <= minute < 50:
                # It stood still.
                if minute == 40:
                    self.known.gap_minutes += 10
                continue
            if minute == 50:
                coverage = Coverage(
                    "server-1", InForce(POLICIES, POLICIES, "lockgate/test"), start + 49 * 60_000
                )
            for draft in coverage.tick(start + minute * 60_000):
                self._add(connection, draft)


def number_of(model: str) -> int:
    """Which of the models it is."""
    return MODELS.index(model)


class Opening:
    """Opens, and counts what was opened."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self.opened: list[int] = []

    def __call__(self, index: int, raw: bytes) -> Mapping[str, object] | None:
        self.opened.append(index)
        for body in self._trail.store.bodies(index, index + 1):
            if body.sealed is not None:
                found: Mapping[str, object] = json.loads(open_body(self._trail.vault, index, raw, body))
                return found
        return None
