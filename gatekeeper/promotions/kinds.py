"""The kinds about promotions: told apart before anything that reads them is imported."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import split_api_version

GROUP: Final = "promotion.lockgate.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
PROMOTION_POLICY: Final = "PromotionPolicy"
ENVIRONMENT_MAP: Final = "EnvironmentMap"


def is_promotion_policy(value: Mapping[str, Value]) -> bool:
    """Is the object a PromotionPolicy, of any version?"""
    return split_api_version(value.get("apiVersion"))[0] == GROUP and value.get("kind") == PROMOTION_POLICY


def is_environment_map(value: Mapping[str, Value]) -> bool:
    """Is the object an EnvironmentMap, of any version?"""
    return split_api_version(value.get("apiVersion"))[0] == GROUP and value.get("kind") == ENVIRONMENT_MAP


def is_about_promotions(value: Mapping[str, Value]) -> bool:
    """Is the object one of the two?"""
    return is_promotion_policy(value) or is_environment_map(value)
