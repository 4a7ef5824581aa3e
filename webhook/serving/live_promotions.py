"""The PromotionPolicies and the EnvironmentMap in force, and what is wrong with those that are not."""

from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.promotions.mapping import ENVIRONMENT_LABEL, Placed
from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.engine.record import record
from lockgate.gatekeeper.memo import Memo
from lockgate.gatekeeper.promotions.environment_map import EnvironmentMap, parse_environment_map
from lockgate.gatekeeper.promotions.heads import spec_digest
from lockgate.gatekeeper.promotions.kinds import ENVIRONMENT_MAP
from lockgate.gatekeeper.promotions.loading import contradiction
from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy
from lockgate.webhook.serving.live_problems import LiveProblem, problems_of
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.policy_kinds import is_promoting

Object = Mapping[str, Value]


@record
class PromotionsNow:
    """What is in force about promotions. policies: sorted by name. map: None where there is none, or a wrong one.

    wrong: objects that cannot be read, and what is wrong with them. Whoever asks what a promotion takes has to look at it
    first: what those would have asked for is not known. cluster: as the map calls this cluster; "" where nobody said.
    """

    policies: tuple[PromotionPolicy, ...] = ()
    map: EnvironmentMap | None = None
    cluster: str = ""
    wrong: Mapping[ObjectKey, tuple[LiveProblem, ...]] = field(default_factory=dict)

    def environment_of(self, namespace: str, found: Object | None, value: Object) -> Placed:
        """In which environment an object is, or would be. namespace: its own, "" for an object of the cluster.

        found: the Namespace, None where it is not known, so that neither is what its label says. For a Namespace both are
        its own. Unknown for everything while there is no map, or a wrong one.
        """
        if self.map is None:
            broken = any(key.kind.kind == ENVIRONMENT_MAP for key in self.wrong)
            return Placed("", "the EnvironmentMap is wrong" if broken else "there is no EnvironmentMap")
        if namespace and found is None:
            return Placed("", f"the labels of the namespace {namespace} are not known")
        labels = [label for one in (found or {}, value) if (label := _label(one)) is not None]
        return self.map.mapping.place([self.cluster], [namespace], labels)


def _label(value: Object) -> str | None:
    """The environment that a label says, None where there is none; what is no text is no environment."""
    metadata = value.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    if not isinstance(labels, dict) or ENVIRONMENT_LABEL not in labels:
        return None
    label = labels[ENVIRONMENT_LABEL]
    return label if isinstance(label, str) else ""


def promotions_now(documents: Mapping[ObjectKey, Document], memo: Memo, cluster: str) -> PromotionsNow:
    """What objects about promotions come to; each is read once."""
    found: EnvironmentMap | None = None
    policies: dict[ObjectKey, PromotionPolicy] = {}
    wrong: dict[ObjectKey, tuple[LiveProblem, ...]] = {}
    for key, document in sorted(documents.items()):
        try:
            if key.kind.kind == ENVIRONMENT_MAP:
                # Those of other names are refused, so that there is one.
                found = memo.get("environments", (document,), partial(parse_environment_map, document))
            else:
                policies[key] = memo.get("promotion", (document,), partial(parse_promotion_policy, document))
        except PolicyError as error:
            wrong[key] = problems_of(error, document)
    for key, policy in [*policies.items()]:
        against = contradiction(policy, documents[key], found)
        if against is not None:
            wrong[key] = problems_of(against, documents[key])
            del policies[key]
    return PromotionsNow(tuple(policies.values()), found, cluster, wrong)


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
        (f"{key.kind.kind}/{key.name}", spec_digest(key.name, document.value.get("spec")))
        for key, document in sorted(documents.items())
    ]
