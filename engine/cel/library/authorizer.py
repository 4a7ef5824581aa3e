"""The authorizer (k8s.io/apiserver pkg/cel/library/authz.go): declared, and asked of nobody.

Only a cluster's API server can say what its users may do. What asks is not evaluated, and says so; it never passes.
"""

from typing import Final, final

from lockgate.engine.cel.errors import UnknownError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library.declaring import function, method
from lockgate.engine.cel.types import BOOL, STRING, Type
from lockgate.engine.cel.values import Opaque, Value

_PACKAGE: Final = "kubernetes.authorization"
AUTHORIZER: Final = Type(f"{_PACKAGE}.Authorizer")
PATH_CHECK: Final = Type(f"{_PACKAGE}.PathCheck")
GROUP_CHECK: Final = Type(f"{_PACKAGE}.GroupCheck")
RESOURCE_CHECK: Final = Type(f"{_PACKAGE}.ResourceCheck")
DECISION: Final = Type(f"{_PACKAGE}.Decision")


@final
class Authorizer(Opaque):
    """The value of the variable `authorizer`."""

    __slots__ = ()
    type_name = AUTHORIZER.name


@final
class ResourceCheck(Opaque):
    """The value of the variable `authorizer.requestResource`."""

    __slots__ = ()
    type_name = RESOURCE_CHECK.name


def ask_nobody(*_: Value) -> Value:
    """Raises UnknownError."""
    raise UnknownError("the authorizer of a cluster")


def _asked(name: str, *overloads: tuple[str, tuple[Type, ...], Type]) -> Function:
    return function(
        name, *[method(label, parameters, result, ask_nobody) for label, parameters, result in overloads]
    )


FUNCTIONS: Final[tuple[Function, ...]] = (
    _asked("path", ("authorizer_path", (AUTHORIZER, STRING), PATH_CHECK)),
    _asked("group", ("authorizer_group", (AUTHORIZER, STRING), GROUP_CHECK)),
    _asked("serviceAccount", ("authorizer_serviceaccount", (AUTHORIZER, STRING, STRING), AUTHORIZER)),
    _asked("resource", ("groupcheck_resource", (GROUP_CHECK, STRING), RESOURCE_CHECK)),
    _asked("subresource", ("resourcecheck_subresource", (RESOURCE_CHECK, STRING), RESOURCE_CHECK)),
    _asked("namespace", ("resourcecheck_namespace", (RESOURCE_CHECK, STRING), RESOURCE_CHECK)),
    _asked("name", ("resourcecheck_name", (RESOURCE_CHECK, STRING), RESOURCE_CHECK)),
    _asked("fieldSelector", ("authorizer_fieldselector", (RESOURCE_CHECK, STRING), RESOURCE_CHECK)),
    _asked("labelSelector", ("authorizer_labelselector", (RESOURCE_CHECK, STRING), RESOURCE_CHECK)),
    _asked(
        "check",
        ("pathcheck_check", (PATH_CHECK, STRING), DECISION),
        ("resourcecheck_check", (RESOURCE_CHECK, STRING), DECISION),
    ),
    _asked("errored", ("decision_errored", (DECISION,), BOOL)),
    _asked("error", ("decision_error", (DECISION,), STRING)),
    _asked("allowed", ("decision_allowed", (DECISION,), BOOL)),
    _asked("reason", ("decision_reason", (DECISION,), STRING)),
)
