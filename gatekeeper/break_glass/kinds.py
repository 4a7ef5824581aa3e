"""The kinds of break-glass: told apart before anything that reads them is imported."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import split_api_version

GROUP: Final = "breakglass.lockgate.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
GRANT: Final = "BreakGlass"
POLICY: Final = "BreakGlassPolicy"


def is_grant(value: Mapping[str, Value]) -> bool:
    """Is the object a BreakGlass, of any version?"""
    return split_api_version(value.get("apiVersion"))[0] == GROUP and value.get("kind") == GRANT


def is_grant_policy(value: Mapping[str, Value]) -> bool:
    """Is the object a BreakGlassPolicy, of any version?"""
    return split_api_version(value.get("apiVersion"))[0] == GROUP and value.get("kind") == POLICY
