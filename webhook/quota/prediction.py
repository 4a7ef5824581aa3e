"""A DeviceQuota of a snapshot as a policy: would what an object asks for, and what follows from it, fit into the quota?

It predicts: the ledger decides, when claims and pods are created. So what will be created later and cannot be counted from here
is told as not evaluated, or warned of; what the object itself would be charged and cannot be counted is denied, as there.
"""

from collections.abc import Sequence
from typing import Final, final

from lockgate.engine.decision import Action, Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.document import Path
from lockgate.engine.errors import EvaluationError
from lockgate.engine.policy import (
    MATCHED,
    EvaluationContext,
    Match,
    MatchError,
    MatchResult,
    NotMatched,
)
from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.outcome import Shortage
from lockgate.engine.quota.telling import tell_dimension
from lockgate.engine.quota.windows import window_of
from lockgate.engine.record import changed, record
from lockgate.engine.review import Review
from lockgate.gatekeeper.fields import render_path
from lockgate.gatekeeper.quotas.device_quota import Ceiling, DeviceQuota
from lockgate.gatekeeper.quotas.scope import Unknown
from lockgate.webhook.claims.asked import Amount, added
from lockgate.webhook.quota.charging import Charger, Charges, Target, target_of
from lockgate.webhook.quota.exceeding import DOCS, exceeded, quota_key
from lockgate.webhook.quota.snapshot import Snapshot

_SECOND_NS: Final = 1_000_000_000
_NOTHING: Final = Charges({}, {}, {}, 0, (), ())
_MOST: Final[Path] = ("spec", "maxReplicas")
_SHAPES: Final = {
    "unbounded": "nothing in it says how many there will be at most, or for how long",
    "unknown": "how many there will be cannot be read from it",
}


@record
class Ask:
    """What one object asks for under a ceiling, and did not have before."""

    review: Review
    key: QuotaKey
    ceiling: Ceiling
    amount: int
    path: Path | None


@final
class QuotaPolicy:
    """One quota. `asks`: what was asked for and fits by itself, for the question whether all of it fits together."""

    def __init__(self, quota: DeviceQuota, snapshot: Snapshot, charger: Charger, digest: str) -> None:
        self.quota: Final = quota
        self.asks: Final[list[Ask]] = []
        self._snapshot = snapshot
        self._charger = charger
        self._digest = digest

    @property
    def key(self) -> PolicyKey:
        """The kind of quotas, and this one's name."""
        return quota_key(self.quota.name)

    @property
    def digest(self) -> str:
        """Over the quota and what was used at the time."""
        return self._digest

    @property
    def is_momentary(self) -> bool:
        """Does it look at the clock, to tell which window it is?"""
        return any(one.period is not None for one in self.quota.ceilings)

    def match(self, review: Review) -> MatchResult:
        """Is the object in the quota's scope?"""
        if review.object is None:
            return NotMatched("operation", "nothing is asked for")
        if review.source == "Generated":
            return NotMatched("source", "what follows from an object is predicted with it")
        namespace = _namespace(review)
        if not namespace:
            return NotMatched("scope", "the object is in no namespace")
        part = self._part(namespace, review)
        if isinstance(part, Unknown):
            return MatchError(f"quota {self.quota.name} needs {part.needs}", part.needs)
        return (
            MATCHED
            if part is not None
            else NotMatched("scope", f"the quota is not for namespace {namespace}")
        )

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        """Every kind may ask for devices."""
        return self.match

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        """What would exceed the quota, and what cannot be told."""
        namespace = _namespace(review)
        part = self._part(namespace, review)
        if review.object is None or part is None or isinstance(part, Unknown):
            return ()
        user = _user(review)
        target = target_of(review.object)
        if target is not None:
            return self._scaled(target, part, review, namespace, context.now_ns)
        try:
            now = self._charger.charge(review.object, namespace, self.quota, user)
            before = (
                _NOTHING
                if review.old_object is None
                else self._charger.charge(review.old_object, namespace, self.quota, user)
            )
        except EvaluationError as error:
            return [Failure(self.key, error.message)]
        found: list[Violation | Failure | NotEvaluated] = [
            self._violation(
                f"quota {self.quota.name} cannot count it: {one.what} at {render_path(one.path)}",
                "deny",
                one.path,
                one.fix,
            )
            for one in now.refused
        ]
        found += [
            NotEvaluated(self.key, f"the ResourceClaimTemplate {namespace}/{name}") for name in now.missing
        ]
        for ceiling in self.quota.ceilings:
            found += self._judge(ceiling, self._key(ceiling, part, context.now_ns), now, before, review)
        return found

    def _scaled(
        self, target: Target, part: str, review: Review, namespace: str, now_ns: int
    ) -> list[Violation | Failure | NotEvaluated]:
        """What an autoscaler's target may ask for beside what it asks for by itself, or by the autoscaler before."""
        former = None if review.old_object is None else target_of(review.old_object)
        least = None if former is None else former.most
        try:
            now = self._charger.charge_scaled(target, target.most, namespace, self.quota)
            before = self._charger.charge_scaled(target, least, namespace, self.quota)
        except EvaluationError as error:
            return [Failure(self.key, error.message)]
        if now is None or before is None:
            return [NotEvaluated(self.key, f"the {target.kind} {namespace}/{target.name}, which it scales")]
        now = changed(now, places=dict.fromkeys(now.places, _MOST))
        return [
            one
            for ceiling in self.quota.ceilings
            for one in self._judge(ceiling, self._key(ceiling, part, now_ns), now, before, review)
        ]

    def _judge(
        self, ceiling: Ceiling, key: QuotaKey, now: Charges, before: Charges, review: Review
    ) -> list[Violation | Failure | NotEvaluated]:
        dimension = ceiling.dimension
        family = dimension.partition("/")[0]
        found: list[Violation | Failure | NotEvaluated] = []
        if family in ("drivers", "products") and _amount(now, f"{family}/") != 0:
            needs = f"the DeviceClasses and ResourceSlices that say which {family} the requests can reach"
            found.append(NotEvaluated(self.key, needs))
        own, total = now.own.get(dimension, 0), _amount(now, dimension)
        path = now.places.get(dimension)
        if isinstance(total, int):
            return [
                *found,
                *self._weigh(Ask(review, key, ceiling, _more(total, _amount(before, dimension)), path)),
            ]
        if isinstance(own, int):
            # What is known of it counts in any case.
            found += self._weigh(Ask(review, key, ceiling, _more(own, before.own.get(dimension, 0)), path))
        told = f"{tell_dimension(key)}: {_SHAPES[total]}"
        if not isinstance(own, int) and ceiling.period is None:
            if not now.refused:
                # Else the request that cannot be counted is told.
                found.append(self._violation(f"quota {self.quota.name} cannot count {told}", "deny", path))
        elif total == "unknown":
            found.append(NotEvaluated(self.key, f"the number of {told}"))
        else:
            # The ledger holds the rest of the window for such a one, and refuses what is too much once it is there.
            fix = (
                "set activeDeadlineSeconds, or maxRunTime in the quota" if ceiling.period else "set a maximum"
            )
            message = f"quota {self.quota.name} cannot tell how many it will ask for: {told}"
            found.append(self._violation(message, "warn", path, fix))
        return found

    def _weigh(self, ask: Ask) -> list[Violation]:
        """What an amount exceeds. What asks for no more than before is never refused."""
        if ask.amount <= 0:
            return []
        found = self.exceeded(ask, ask.amount)
        if not any("deny" in one.actions for one in found):
            self.asks.append(ask)
        return found

    def exceeded(self, ask: Ask, amount: int, others: int = 0) -> list[Violation]:
        """The ceilings that an amount would exceed. others: how many other objects ask for part of it."""
        key, ceiling = ask.key, ask.ceiling
        use = self._snapshot.use_of(key.scope, key.dimension, key.window)
        limits: tuple[tuple[int | None, Action], ...] = ((ceiling.hard, "deny"), (ceiling.soft, "warn"))
        for limit, action in limits:
            if limit is not None and use.total + amount > limit:
                shortage = Shortage(key, limit, use.used, use.reserved, use.spent, amount)
                return [exceeded(self.quota.name, shortage, use.holders, action, ask.path, others)]
        return []

    def _violation(
        self,
        message: str,
        action: Action,
        path: Path | None,
        fix: str = "",
    ) -> Violation:
        return Violation(self.key, message, (action,), {}, path, fix, DOCS)

    def _part(self, namespace: str, review: Review) -> str | Unknown | None:
        # What the cluster said of its namespaces goes before what a change says.
        labelled = self._snapshot.namespaces.get(namespace) or review.namespace
        return self.quota.scope.part(namespace, labelled)

    def _key(self, ceiling: Ceiling, part: str, now_ns: int) -> QuotaKey:
        start = 0 if ceiling.period is None else max(window_of(ceiling.period, now_ns // _SECOND_NS)[0], 1)
        return QuotaKey(self._snapshot.cluster, self.quota.holder(part), ceiling.dimension, start)


def _amount(charges: Charges, dimension: str) -> Amount:
    """What the object and what follows from it ask for."""
    return added(charges.own.get(dimension, 0), charges.predicted.get(dimension, 0))


def _more(now: int, before: Amount) -> int:
    """What is asked for beside what the object had before."""
    return now - before if isinstance(before, int) else now


def _namespace(review: Review) -> str:
    namespace = review.request.get("namespace")
    return namespace if isinstance(namespace, str) else ""


def _user(review: Review) -> str:
    info = review.request.get("userInfo")
    name = info.get("username") if isinstance(info, dict) else None
    return name if isinstance(name, str) else ""
