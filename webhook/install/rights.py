"""What the server may do in a cluster, and what for: one table, of which `install` makes roles and `doctor` asks.

Nothing may be created that is known by name when Lockgate is installed: the Secret and the Lease come with the
manifests, so that rights on them need no `create`, which RBAC cannot limit to a name.
"""

from collections.abc import Sequence
from typing import Final, Literal

from lockgate.engine.record import record
from lockgate.webhook.install.settings import CERTIFICATES, CONFIGURATION, LEASE, InstallSettings

Where = Literal["cluster", "namespace"]
_READ: Final = ("get", "list", "watch")
_STATUS: Final = ("patch",)


@record
class Right:
    """Verbs on resources of a group, everywhere or in Lockgate's namespace. names: only on these; empty: on all."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    reason: str
    where: Where = "cluster"
    names: tuple[str, ...] = ()


_ALWAYS: Final = (
    Right("templates.gatekeeper.sh", ("constrainttemplates",), _READ, "policies"),
    Right(
        "templates.gatekeeper.sh", ("constrainttemplates/status",), _STATUS, "errors of policies, for people"
    ),
    Right("constraints.gatekeeper.sh", ("*",), _READ, "policies; each template makes a kind"),
    Right("constraints.gatekeeper.sh", ("*/status",), _STATUS, "errors of policies, for people"),
    Right("config.gatekeeper.sh", ("configs",), _READ, "what is synced and excluded"),
    Right("syncset.gatekeeper.sh", ("syncsets",), _READ, "what is synced"),
    Right("expansion.gatekeeper.sh", ("expansiontemplate",), _READ, "what objects imply"),
    Right("externaldata.gatekeeper.sh", ("providers",), _READ, "who answers for external data"),
    Right("config.gatekeeper.sh", ("configs/status",), _STATUS, "errors of policies, for people"),
    Right("syncset.gatekeeper.sh", ("syncsets/status",), _STATUS, "errors of policies, for people"),
    Right(
        "expansion.gatekeeper.sh", ("expansiontemplate/status",), _STATUS, "errors of policies, for people"
    ),
    Right("externaldata.gatekeeper.sh", ("providers/status",), _STATUS, "errors of policies, for people"),
    Right("exemptions.lockgate.dev", ("exemptions", "exemptionpolicies"), _READ, "exemptions"),
    Right(
        "exemptions.lockgate.dev", ("exemptions/status", "exemptionpolicies/status"), _STATUS, "their errors"
    ),
    Right("breakglass.lockgate.dev", ("breakglasses", "breakglasspolicies"), _READ, "break-glass"),
    Right(
        "apiextensions.k8s.io",
        ("customresourcedefinitions",),
        _READ,
        "which kinds there are, and their scope",
    ),
    Right("", ("namespaces",), _READ, "labels that policies select by"),
    Right("resource.k8s.io", ("deviceclasses", "resourceslices"), _READ, "the devices of the cluster"),
    Right(
        "admissionregistration.k8s.io",
        ("validatingwebhookconfigurations",),
        ("get", "update"),
        "its own webhooks: whom to trust, and which kinds are sent",
        names=(CONFIGURATION,),
    ),
    Right("", ("secrets",), ("get", "update"), "its certificates", "namespace", (CERTIFICATES,)),
    Right("coordination.k8s.io", ("leases",), ("get", "update"), "one leader", "namespace", (LEASE,)),
)
_DEFINITIONS: Final = Right(
    "apiextensions.k8s.io",
    ("customresourcedefinitions",),
    ("create", "update", "patch", "delete"),
    "the kinds of constraints, where no Gatekeeper makes them",
)


def rights(settings: InstallSettings) -> tuple[Right, ...]:
    """Every right of an installation."""
    return _ALWAYS if settings.beside_gatekeeper else (*_ALWAYS, _DEFINITIONS)


def role_rules(table: Sequence[Right], where: Where) -> list[dict[str, list[str]]]:
    """The `rules` of a Role or ClusterRole."""
    made: list[dict[str, list[str]]] = []
    for one in table:
        if one.where == where:
            rule = {"apiGroups": [one.group], "resources": [*one.resources]}
            if one.names:
                rule["resourceNames"] = [*one.names]
            made.append({**rule, "verbs": [*one.verbs]})
    return made
