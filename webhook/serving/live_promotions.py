"""The PromotionPolicies in force, and what is wrong with those that are not."""

from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.engine.record import record
from lockgate.gatekeeper.memo import Memo
from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy, spec_digest
from lockgate.webhook.serving.live_problems import LiveProblem, problems_of
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.policy_kinds import is_promoting


@record
class PromotionsNow:
    """What is in force about promotions. policies: sorted by name. wrong: objects that cannot be read, and what is wrong with them.

    Whoever asks what a promotion takes has to look at `wrong` first: what those would have asked for is not known.
    """

    policies: tuple[PromotionPolicy, ...] = ()
    wrong: Mapping[ObjectKey, tuple[LiveProblem, ...]] = field(default_factory=dict)


def promotions_now(documents: Mapping[ObjectKey, Document], memo: Memo) -> PromotionsNow:
    """What objects about promotions come to; each is read once."""
    policies: list[PromotionPolicy] = []
    wrong: dict[ObjectKey, tuple[LiveProblem, ...]] = {}
    for key, document in sorted(documents.items()):
        try:
            policies.append(memo.get("promotion", (document,), partial(parse_promotion_policy, document)))
        except PolicyError as error:
            wrong[key] = problems_of(error, document)
    return PromotionsNow(tuple(policies), wrong)


def with_unreadable(
    now: PromotionsNow | None, unreadable: Mapping[ObjectKey, LiveProblem]
) -> PromotionsNow | None:
    """The same with objects that are no objects at all: they count as wrong, and not as gone."""
    wrong = {key: (problem,) for key, problem in unreadable.items() if is_promoting(key.kind)}
    if not wrong:
        return now
    known = PromotionsNow() if now is None else now
    return replace(known, wrong={**known.wrong, **wrong})


def promotion_digests(documents: Mapping[ObjectKey, Document]) -> list[tuple[str, str]]:
    """Names and digests of them, of those too that are wrong: these have an effect as well."""
    return [
        (f"{key.kind.kind}/{key.name}", spec_digest(key.name, _spec(document.value)))
        for key, document in sorted(documents.items())
    ]


def _spec(value: Mapping[str, Value]) -> Value:
    return value.get("spec")
