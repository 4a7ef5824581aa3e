"""What CI and the cluster ask for in the made-up year, and the server's coverage."""

from functools import partial
from random import Random
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.recorder import Subject, digest_text
from lockgate.audit.seen import seen_drafts
from lockgate.audit.times import render_time
from lockgate.engine.decision import Decision, Exempted

from examples.trail.decisions import (
    EXEMPTIONS,
    FAILURE,
    Object,
    decide,
    digest_of,
    review_of,
    some_object,
    violation,
)
from examples.trail.people import DEPLOYER, REQUESTERS, Person
from examples.trail.plan import DAYS, INSTANCE, MINUTE_MS, Known, Plan
from examples.trail.promotions import DAY_MS
from examples.trail.writer import Writer


class Traffic:
    """Plans requests. people: by what they do. coverage_days: since when the server has run, before the end."""

    def __init__(
        self,
        writer: Writer,
        random: Random,
        plan: Plan,
        people: dict[str, Person],
        known: Known,
        coverage_days: int,
    ) -> None:
        self._writer: Final = writer
        self._recorder: Final = writer.recorder
        self._random: Final = random
        self._plan: Final = plan
        self._people: Final = people
        self._known: Final = known
        self._live_ms: Final = plan.end_ms - coverage_days * DAY_MS

    def _add(self, draft: Draft, now_ms: int) -> None:
        self._writer.add(draft, now_ms)

    def plan_coverage(self) -> None:
        """The entries of the server, ten minutes each, but for the outage."""
        step = 10 * MINUTE_MS
        first = self._live_ms
        gap = range(self._plan.day(360, 10, 20), self._plan.day(360, 11))
        self._known.more["gaps"] = [{"from": render_time(gap.start), "to": render_time(gap.stop)}]
        self._known.more["coverage"] = {"from": render_time(first), "instance": INSTANCE}
        for start in range(first, self._plan.end_ms - step, step):
            if start not in gap:
                self._plan.at(start + step, partial(self._cover, start))

    def _cover(self, start_ms: int, now_ms: int) -> None:
        fields: dict[str, Json] = {
            "instance": INSTANCE,
            "from": render_time(start_ms),
            "to": render_time(start_ms + 10 * MINUTE_MS),
            "policies": digest_text(self._known.policies_digest),
            "configuration": digest_text(digest_of("configuration")),
            "evaluator": self._recorder.evaluator,
            "judged": self._random.randrange(0, 40),
            "unmatched": self._random.randrange(0, 90),
            "refused": 0,
        }
        self._add(Draft("coverage", fields, (f"coverage/{INSTANCE}",)), now_ms)

    def plan_decisions(self, left: int) -> None:
        """So many Decisions, in bursts, most of them in working hours."""
        while left > 0:
            count = min(left, self._random.choice((1, 1, 2, 5, 12, 40)))
            day = self._random.randrange(DAYS)
            hour = self._random.choices(range(24), [1] * 7 + [6, 9, 9, 8, 8, 5, 7, 9, 9, 7, 5] + [1] * 6)[0]
            moment = self._plan.day(day, hour, self._random.randrange(60))
            self._plan.at(moment, partial(self._burst, count))
            left -= count

    def _burst(self, count: int, now_ms: int) -> None:
        """So many objects of one change."""
        user = DEPLOYER if self._random.random() < 0.7 else self._people[self._random.choice(REQUESTERS)].name
        live = now_ms >= self._live_ms
        seen: list[int] = []
        for _ in range(count):
            made = some_object(self._random)
            index = self.judge(
                made, self._verdict(made, now_ms), user, "CREATE", now_ms, live=live, seen=seen
            )
            if made.environment == "prod" and self._random.random() < 0.03 and index in seen:
                # It was let through, and never came.
                seen.remove(index)
        if seen:
            self._plan.at(now_ms + MINUTE_MS, partial(self._see, seen))

    def _see(self, seen: list[int], now_ms: int) -> None:
        """The objects came to the cluster."""
        for one in seen_drafts(INSTANCE, seen):
            self._add(one, now_ms)

    def _verdict(self, made: Object, now_ms: int) -> Decision:
        chance = self._random.random()
        if chance < 0.06:
            return decide("deny", self._known.policies_digest, (violation(self._random, made, "deny"),))
        if chance < 0.09:
            return decide("warn", self._known.policies_digest, (violation(self._random, made, "warn"),))
        if chance < 0.092:
            return decide("error", self._known.policies_digest, failures=(FAILURE,))
        if chance < 0.105:
            for name, policy, granted, expires, revoked in EXEMPTIONS:
                if name.startswith(made.model.split("-")[0]) and self._plan.day(
                    granted, 11
                ) < now_ms < self._plan.day(revoked or expires, 11):
                    breach = violation(self._random, made, "deny", policy)
                    owner = self._people["platform-lead"].name
                    until = self._plan.day(expires, 11) * 1_000_000
                    used = Exempted(breach, name, owner, "RISK-100", until)
                    return decide("allow", self._known.policies_digest, exempted=(used,))
        return decide("allow", self._known.policies_digest)

    def judge(
        self,
        made: Object,
        decision: Decision,
        user: str,
        operation: str,
        now_ms: int,
        live: bool = False,
        seen: list[int] | None = None,
    ) -> int:
        """A Decision is recorded, and the exemptions that it used; its entry."""
        uid = f"{self._random.getrandbits(64):016x}"
        review = review_of(made, user, operation, uid)
        subject = Subject(made.model, made.environment)
        draft = self._recorder.decision(review, decision, subject, uid, "mtls" if live else None)
        index = self._writer.add(draft, now_ms)
        self._known.decisions[decision.verdict] = self._known.decisions.get(decision.verdict, 0) + 1
        for use in self._recorder.exemption_uses(review, decision):
            name = str(use.fields["exemption"])
            count = self._known.exemptions[name]["used"]
            assert isinstance(count, int)
            self._known.exemptions[name]["used"] = count + 1
            self._writer.add(use, now_ms)
        if live and seen is not None and decision.verdict in ("allow", "warn"):
            seen.append(index)
        return index

    def outage(self, now_ms: int) -> None:
        """A provider does not answer, and then nobody judges for forty minutes (see `plan_coverage`)."""
        for number in range(12):
            self._plan.at(now_ms + number * MINUTE_MS, self._fail)

    def _fail(self, now_ms: int) -> None:
        decision = decide("error", self._known.policies_digest, failures=(FAILURE,))
        self._known.errors.append(self.judge(some_object(self._random), decision, DEPLOYER, "CREATE", now_ms))

    def turn(self, model: str, now_ms: int) -> None:
        """Denied for want of a label, and allowed forty minutes later with it."""
        made = Object(("batch", "v1", "Job"), f"{model}-prod", f"{model}-retrain", model, "prod")
        breach = violation(self._random, made, "deny", "queue-name")
        first = self.judge(
            made, decide("deny", self._known.policies_digest, (breach,)), DEPLOYER, "CREATE", now_ms
        )

        def allow(now: int) -> None:
            label = ("kueue.x-k8s.io/queue-name", "research")
            again = Object(made.kind, made.namespace, made.name, model, "prod", (label,))
            second = self.judge(again, decide("allow", self._known.policies_digest), DEPLOYER, "CREATE", now)
            self._known.turned.append({"denied": first, "allowed": second, "model": model})

        self._plan.at(now_ms + 40 * MINUTE_MS, allow)
