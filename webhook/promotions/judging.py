"""What is missing for an event under a PromotionPolicy, as `policies/lib/promotion.rego` judges it."""

from typing import Final, Literal, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.promotions.asking import Known, Missing
from lockgate.engine.promotions.policy import PromotionPolicy, Step
from lockgate.engine.promotions.recognising import Event
from lockgate.engine.promotions.subjects import Subject
from lockgate.webhook.claims.asked import read_objects, read_text
from lockgate.webhook.claims.library import ClaimsLibrary


@final
class PromotionJudge:
    """Judges events one after the other. library: opened for the answer `promotion`."""

    def __init__(self, library: ClaimsLibrary, policy: PromotionPolicy) -> None:
        self._library: Final = library
        self._policy: Final[dict[str, Value]] = {
            "environments": [*policy.environments.names],
            "steps": [_step(step) for step in policy.steps],
        }

    def judge(self, event: Event, known: Known, scope: Literal["all", "way"] = "all") -> tuple[Missing, ...]:
        """What is missing, sorted; nothing where it may go on. Raises EvaluationError where that is too large to be judged.

        scope: `way` asks only from where to where, as of what is no model and runs none.
        """
        told = self._library.answer({"promotion": self._document(event, known, scope == "all")})
        found = [
            Missing(read_text(one["what"]), read_text(one["message"]), read_text(one["fix"]))
            for one in read_objects(told["missing"])
        ]
        return tuple(sorted(found, key=lambda one: (one.what, one.message)))

    def _document(self, event: Event, known: Known, model: bool) -> dict[str, Value]:
        return {
            "happening": event.happening,
            "from": event.source,
            "was_there": event.was_there,
            "to": event.environment,
            "digest": digest_of(event.subject),
            "model": model,
            "requester": known.requester,
            "now_ns": known.now_ns,
            "evidence": [
                {
                    "kind": one.kind,
                    "digest": one.digest,
                    "made_ns": one.made_ns,
                    "passed": one.passed,
                    "values": dict(one.values),
                }
                for one in known.evidence
            ],
            "approvals": [
                {"person": one.person, "groups": [*one.groups], "assurance": one.assurance}
                for one in known.approvals
            ],
            "below_since_ns": known.below_since_ns,
            "pools": None
            if known.pools is None
            else [{"name": one.name, "healthy": one.healthy, "why": one.why} for one in known.pools],
            "policy": self._policy,
        }


def digest_of(subject: Subject) -> str:
    """Of the bytes: as it was resolved, or as the version is pinned to it; "" where nobody said."""
    if subject.digest:
        return subject.digest
    return subject.version if subject.pin == "content" and subject.version.startswith("sha256:") else ""


def _step(step: Step) -> dict[str, Value]:
    return {
        "to": step.to,
        "evidence": [
            {
                "kind": one.kind,
                "name": one.name,
                "max_age_ns": one.max_age_ns,
                "metric": one.metric,
                "minimum": one.minimum,
                "maximum": one.maximum,
            }
            for one in step.evidence
        ],
        "approvals": [
            {"group": one.group, "count": one.count, "assurance": one.assurance} for one in step.approvals
        ],
        "separation_of_duties": step.separation_of_duties,
        "soak_ns": step.soak_ns,
        "blocked_while_unhealthy": step.blocked_while_unhealthy,
    }
