"""Releases of models in the made-up year: from dev to staging to prod, some of them left behind, and a few odd ones."""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Final

from lockgate.audit.promotions.history import Promotion

from examples.trail.decisions import MODELS, Object, decide
from examples.trail.people import DEPLOYER, REQUESTERS, Person
from examples.trail.plan import HOUR_MS, MINUTE_MS, Known, Plan
from examples.trail.promotions import DAY_MS, Asked, Office, Version, Wish
from examples.trail.traffic import Traffic

Then = Callable[[Promotion, int], None]
_LAST: Final = 352
# A few are as an auditor would not have them: approved by who asks, by one person alone, and with a drift report that was too old.
_ODD: Final = {"pricing 4": "own", "ranking 7": "single", "churn 9": "drift"}


class Releases:
    """Plans them. people: by what they do."""

    def __init__(
        self,
        office: Office,
        random: Random,
        plan: Plan,
        people: dict[str, Person],
        traffic: Traffic,
        known: Known,
    ) -> None:
        self._office: Final = office
        self._random: Final = random
        self._plan: Final = plan
        self._people: Final = people
        self._traffic: Final = traffic
        self._known: Final = known
        self._standing: Final[dict[tuple[str, str], list[Promotion]]] = {}

    def plan(self) -> None:
        """All of them, the rollback and the revocation too."""
        self._plan_releases()
        self._plan.at(self._plan.day(300, 14), self._roll_back)
        self._plan.at(self._plan.day(330, 16), self._revoke)

    def _plan_releases(self) -> None:
        for place, model in enumerate(MODELS):
            day, number = 3 + 4 * place, 1
            while day < _LAST:
                version = Version(model, str(number))
                self._plan.at(
                    self._plan.day(day, 9 + place % 4, 7 * place),
                    partial(self._release, version),
                )
                day += self._random.randrange(24, 38)
                number += 1

    def _release(self, version: Version, now_ms: int) -> None:
        requester = self._people[self._random.choice(REQUESTERS)]
        fate = self._random.choices(("prod", "staging", "pending"), (76, 12, 12))[0]
        dev = Wish(version, "dev", requester)
        self._promote(dev, (), now_ms, partial(self._stage, version, fate))

    def _stage(self, version: Version, fate: str, dev: Promotion, now_ms: int) -> None:
        requester = self._people[self._random.choice(REQUESTERS)]
        wish = Wish(version, "staging", requester, predecessor=dev)
        after = now_ms + 2 * DAY_MS
        then = None if fate == "staging" else partial(self._produce, version, fate)
        self._plan.at(after, lambda now: self._promote(wish, ("platform-lead",), now, then))

    def _produce(self, version: Version, fate: str, staged: Promotion, now_ms: int) -> None:
        odd = _ODD.get(f"{version.model} {version.version}", "")
        requester = self._people[self._random.choice(REQUESTERS)]
        approvers: tuple[str, ...] = ("risk-1", "risk-2")
        if odd == "own":
            approvers = (next(one for one in REQUESTERS if self._people[one] is requester), "risk-2")
        elif odd == "single":
            approvers = ("risk-1",)
        wish = Wish(
            version,
            "prod",
            requester,
            drift_age_days=41 if odd == "drift" else self._random.randrange(1, 20),
            own=odd == "own",
            predecessor=staged,
        )
        is_made = odd or fate == "prod"
        self._plan.at(
            now_ms + 4 * DAY_MS,
            lambda now: self._promote(wish, approvers, now) if is_made else self._leave_pending(wish, now),
        )

    def _leave_pending(self, wish: Wish, now_ms: int) -> None:
        asked = self._office.ask(wish, now_ms)
        self._plan.at(now_ms + 3 * HOUR_MS, lambda now: self._approve(asked, "risk-2", now))

    def _approve(self, asked: Asked, approver: str, now_ms: int) -> None:
        self._office.approve(asked, self._people[approver], now_ms)

    def _promote(
        self,
        wish: Wish,
        approvers: Sequence[str],
        now_ms: int,
        then: Then | None = None,
    ) -> None:
        """Asks now, has it approved within hours, and makes it; `then` is told."""
        asked = self._office.ask(wish, now_ms)
        given: dict[int, str] = {}
        after = now_ms
        for one in approvers:
            after += self._random.randrange(5, 90) * MINUTE_MS

            def approve(now: int, one: str = one) -> None:
                given[self._office.approve(asked, self._people[one], now)] = one

            self._plan.at(after, approve)

        def make(now: int) -> None:
            made = self._office.make(asked, {index: self._people[one] for index, one in given.items()}, now)
            key = (wish.version.model, wish.environment)
            self._standing.setdefault(key, []).append(made)
            self._deploy(wish, now)
            if then is not None:
                then(made, now)

        self._plan.at(after + self._random.randrange(1, 20) * MINUTE_MS, make)

    def _deploy(self, wish: Wish, now_ms: int) -> None:
        """What was promoted comes to its environment."""
        model, environment = wish.version.model, wish.environment
        made = Object(("apps", "v1", "Deployment"), f"{model}-{environment}", model, model, environment)
        self._traffic.judge(made, decide("allow", self._known.policies_digest), DEPLOYER, "UPDATE", now_ms)

    def _roll_back(self, now_ms: int) -> None:
        before = self._standing[("fraud", "prod")][-2]
        version = Version("fraud", before.promoted.version)
        wish = Wish(version, "prod", self._people["ml-engineer-1"], target=before)
        self._promote(wish, ("risk-1", "risk-2"), now_ms)

    def _revoke(self, now_ms: int) -> None:
        made = self._standing[("vision-inspect", "prod")][-1]
        self._office.revoke(made, self._people["risk-2"], "the training data were withdrawn", now_ms)
