"""PromotionPolicies for the tests."""

from typing import Any

from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.gatekeeper.promotions.kinds import API_VERSION
from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy

from tests.gatekeeper.exemptions.making import read


def promotion_policy(*steps: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A PromotionPolicy for dev, staging and prod."""
    return {
        "apiVersion": API_VERSION,
        "kind": "PromotionPolicy",
        "metadata": {"name": "models"},
        "spec": {"environments": ["dev", "staging", "prod"], "steps": [*steps], **spec},
    }


def parsed(*steps: dict[str, Any], **spec: Any) -> PromotionPolicy:
    return parse_promotion_policy(read(promotion_policy(*steps, **spec), "promotion.yaml"))


def environment_map(*environments: dict[str, Any], name: str = "cluster") -> dict[str, Any]:
    """An EnvironmentMap."""
    return {
        "apiVersion": API_VERSION,
        "kind": "EnvironmentMap",
        "metadata": {"name": name},
        "spec": {"environments": [*environments]},
    }
