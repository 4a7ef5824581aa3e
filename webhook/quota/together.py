"""Do all objects of a check fit into the quotas together? Each of them may fit by itself, and not all at once."""

from collections.abc import Sequence

from lockgate.engine.decision import Decision, Violation, decide_verdict
from lockgate.engine.documents.document import Document
from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.review import Review
from lockgate.webhook.gate import Gate
from lockgate.webhook.quota.prediction import Ask, QuotaPolicy


def judge_together(gate: Gate) -> list[tuple[Document, Review, Decision]]:
    """What the objects that the gate has judged exceed together, told of the one that asks for most; exempt and masked as ever."""
    found: list[tuple[Document, Review, Decision]] = []
    for policy in gate.policies.policies:
        if not isinstance(policy, QuotaPolicy):
            continue
        by_key: dict[QuotaKey, list[Ask]] = {}
        for ask in policy.asks:
            by_key.setdefault(ask.key, []).append(ask)
        for _, asks in sorted(by_key.items()):
            largest, violations = _exceeded(policy, asks)
            document = largest.review.document
            if not violations or document is None:
                continue
            decision = Decision(
                decide_verdict(violations), violations, (), (), gate.policies.digest, gate.facts.digest, 1
            )
            found.append((document, largest.review, gate.conclude(largest.review, decision)))
    return found


def _exceeded(policy: QuotaPolicy, asks: Sequence[Ask]) -> tuple[Ask, tuple[Violation, ...]]:
    """The object that asks for most, and what all of them exceed that it is not already told of."""
    largest = max(asks, key=lambda ask: ask.amount)
    if len(asks) == 1:
        return largest, ()
    found = policy.exceeded(largest, sum([ask.amount for ask in asks]), len(asks) - 1)
    if not any("deny" in one.actions for one in found) and any(
        policy.exceeded(ask, ask.amount) for ask in asks
    ):
        return largest, ()
    return largest, tuple(found)
