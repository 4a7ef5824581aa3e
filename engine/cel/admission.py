"""Variables of admission policies, and their types.

After k8s.io/apiserver 0.34 (pkg/admission/plugin/cel/compile.go): other fields of a request or a namespace are mistakes.
"""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.cel.types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    AnyType,
    ObjectType,
    Type,
    list_of,
    map_of,
)

_GROUP_VERSION_KIND: Final = ObjectType(
    "kubernetes.GroupVersionKind", (("group", STRING), ("version", STRING), ("kind", STRING))
)
_GROUP_VERSION_RESOURCE: Final = ObjectType(
    "kubernetes.GroupVersionResource", (("group", STRING), ("version", STRING), ("resource", STRING))
)
_USER_INFO: Final = ObjectType(
    "kubernetes.UserInfo",
    (
        ("username", STRING),
        ("uid", STRING),
        ("groups", list_of(STRING)),
        ("extra", map_of(STRING, list_of(STRING))),
    ),
)
ADMISSION_REQUEST: Final = ObjectType(
    "kubernetes.AdmissionRequest",
    (
        ("kind", _GROUP_VERSION_KIND),
        ("resource", _GROUP_VERSION_RESOURCE),
        ("subResource", STRING),
        ("requestKind", _GROUP_VERSION_KIND),
        ("requestResource", _GROUP_VERSION_RESOURCE),
        ("requestSubResource", STRING),
        ("name", STRING),
        ("namespace", STRING),
        ("operation", STRING),
        ("userInfo", _USER_INFO),
        ("dryRun", BOOL),
        ("options", DYN),
    ),
)
_NAMESPACE_METADATA: Final = ObjectType(
    "kubernetes.NamespaceMetadata",
    (
        ("name", STRING),
        ("generateName", STRING),
        ("namespace", STRING),
        ("labels", map_of(STRING, STRING)),
        ("annotations", map_of(STRING, STRING)),
        ("UID", STRING),
        ("creationTimestamp", TIMESTAMP),
        ("deletionGracePeriodSeconds", INT),
        ("deletionTimestamp", TIMESTAMP),
        ("generation", INT),
        ("resourceVersion", STRING),
        ("finalizers", list_of(STRING)),
    ),
)
_NAMESPACE_CONDITION: Final = ObjectType(
    "kubernetes.NamespaceCondition",
    (
        ("status", STRING),
        ("type", STRING),
        ("lastTransitionTime", TIMESTAMP),
        ("message", STRING),
        ("reason", STRING),
    ),
)
NAMESPACE: Final = ObjectType(
    "kubernetes.Namespace",
    (
        ("metadata", _NAMESPACE_METADATA),
        ("spec", ObjectType("kubernetes.NamespaceSpec", (("finalizers", list_of(STRING)),))),
        (
            "status",
            ObjectType(
                "kubernetes.NamespaceStatus",
                (("conditions", list_of(_NAMESPACE_CONDITION)), ("phase", STRING)),
            ),
        ),
    ),
)

AUTHORIZER: Final = Type("kubernetes.authorization.Authorizer")
RESOURCE_CHECK: Final = Type("kubernetes.authorization.ResourceCheck")

_PLAIN: Final = (ANY, BOOL, BYTES, DOUBLE, DURATION, INT, NULL, STRING, TIMESTAMP, UINT)

# What every expression of an admission policy may name. `params` is declared where a policy has a paramKind, `variables` as
# an object with the policy's own.
ADMISSION_VARIABLES: Final[Mapping[str, AnyType]] = {
    "object": DYN,
    "oldObject": DYN,
    "request": ADMISSION_REQUEST,
    "namespaceObject": NAMESPACE,
    "authorizer": AUTHORIZER,
    "authorizer.requestResource": RESOURCE_CHECK,
}


def variables_type(variables: Mapping[str, AnyType]) -> ObjectType:
    """The type of `variables`, whose fields are the variables that a policy has declared so far, by name with the types of
    their expressions. Optional, opaque and object types are `dyn` in there.
    """
    return ObjectType("kubernetes.variables", tuple([(name, _field(one)) for name, one in variables.items()]))


def _field(one: AnyType) -> AnyType:
    if one in _PLAIN:
        return one
    if isinstance(one, Type) and one.name in ("list", "map"):
        return Type(one.name, tuple([_field(part) for part in one.parameters]))
    return DYN
