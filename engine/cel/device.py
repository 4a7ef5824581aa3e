"""The variable `device` of selectors in resource.k8s.io (k8s.io/dynamic-resource-allocation 0.34, cel/compile.go)."""

from typing import Final

from lockgate.engine.cel.environment import Environment
from lockgate.engine.cel.types import ANY, BOOL, QUANTITY, STRING, ObjectType, map_of

DEVICE: Final = ObjectType(
    "kubernetes.DRADevice",
    (
        ("allowMultipleAllocations", BOOL),
        ("driver", STRING),
        ("attributes", map_of(STRING, map_of(STRING, ANY))),
        ("capacity", map_of(STRING, map_of(STRING, QUANTITY))),
    ),
)


def device_environment(base: Environment) -> Environment:
    """What a selector may name: `device`, and `cel.bind` beside what Kubernetes has everywhere."""
    return base.extended(variables={"device": DEVICE}, macros=["bind"])
