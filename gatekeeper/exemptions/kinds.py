"""The kinds about exemptions: told apart before anything that reads them is imported."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import split_api_version

GROUP: Final = "exemptions.lockgate.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
EXEMPTION: Final = "Exemption"
EXEMPTION_POLICY: Final = "ExemptionPolicy"


def is_exemption(value: Mapping[str, Value]) -> bool:
    """Is the object an Exemption, of any version?"""
    return split_api_version(value.get("apiVersion"))[0] == GROUP and value.get("kind") == EXEMPTION


def is_exemption_policy(value: Mapping[str, Value]) -> bool:
    """Is the object an ExemptionPolicy, of any version?"""
    return split_api_version(value.get("apiVersion"))[0] == GROUP and value.get("kind") == EXEMPTION_POLICY


def is_about_exemptions(value: Mapping[str, Value]) -> bool:
    """Is the object one of the two?"""
    return is_exemption(value) or is_exemption_policy(value)
