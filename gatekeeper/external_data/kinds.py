"""The kinds of external data, told apart without reading them."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import split_api_version

VERSIONS: Final = ("v1beta1", "v1alpha1")
FIXTURES_GROUP: Final = "externaldata.lockgate.dev"
FIXTURES_VERSION: Final = f"{FIXTURES_GROUP}/v1alpha1"
FIXTURES_KIND: Final = "ExternalData"
# The provider that answers from DeviceClasses and ResourceSlices (`external_data.devices`).
DEVICES_PROVIDER: Final = "lockgate-devices"
# The provider that answers from the EnvironmentMap and the PromotionPolicies (`external_data.environments`).
ENVIRONMENTS_PROVIDER: Final = "lockgate-environments"
# The provider that says which promotions a trail has; somebody who reads one has to say it.
PROMOTIONS_PROVIDER: Final = "lockgate-promotions"


def is_fixtures(value: Mapping[str, Value]) -> bool:
    """Does the object say what providers answer?"""
    return (
        value.get("kind") == FIXTURES_KIND and split_api_version(value.get("apiVersion"))[0] == FIXTURES_GROUP
    )
