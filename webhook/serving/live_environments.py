"""What a server knows of environments, as its provider answers: by the EnvironmentMap, PromotionPolicies and Namespaces."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.promotions.mapping import ENVIRONMENT_LABEL, Placed
from lockgate.gatekeeper.external_data.environments import KnownEnvironments
from lockgate.webhook.serving.live_promotions import PromotionsNow
from lockgate.webhook.terminal import some_of

# Objects that an error names.
_MOST_NAMED: Final = 5


def known_environments(
    promotions: PromotionsNow, namespaces: Mapping[str, dict[str, Value]]
) -> KnownEnvironments:
    """What is known, for as long as nothing of it changes."""

    def place(namespace: str, label: str) -> Placed:
        labels: Value = {ENVIRONMENT_LABEL: label} if label else {}
        return promotions.environment_of(
            namespace, namespaces.get(namespace), {"metadata": {"labels": labels}}
        )

    required = frozenset([step.to for policy in promotions.policies for step in policy.steps])
    return KnownEnvironments(promotions.cluster, place, required, _wrong(promotions))


def _wrong(promotions: PromotionsNow) -> str:
    if not promotions.wrong:
        return ""
    named = sorted([f"{key.kind.kind} {key.name}" for key in promotions.wrong])
    return (
        f"what takes a promotion is not known, since {some_of(named, _MOST_NAMED)} cannot be used: "
        "what is wrong stands in the log of the server, and in the status"
    )
