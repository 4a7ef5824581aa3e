"""What the server may do in a cluster, and what for: one table, of which `install` makes roles and `doctor` asks.

Nothing may be created that is known by name when Lockgate is installed: the Secret and the Lease come with the
manifests, so that rights on them need no `create`, which RBAC cannot limit to a name.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from lockgate.engine.record import record
from lockgate.webhook.install.settings import CERTIFICATES, CONFIGURATION, LEASE, InstallSettings
from lockgate.webhook.serving.policy_reports import GROUP as REPORTS
from lockgate.webhook.serving.policy_reports import NAMES as REPORT_NAMES

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
    Right("promotion.lockgate.dev", ("promotionpolicies", "environmentmaps"), _READ, "promotions"),
    Right(
        "promotion.lockgate.dev",
        ("promotionpolicies/status", "environmentmaps/status"),
        _STATUS,
        "their errors",
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
    Right("quota.lockgate.dev", ("devicequotas",), _READ, "quotas of devices"),
    Right("", ("pods",), _READ, "what quotas charge"),
    Right("resource.k8s.io", ("resourceclaims",), _READ, "what quotas charge"),
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
# The watch tells that what records claim came to be; the list is for the sweep and for what runs in Namespaces that rise.
_LIVING: Final = ("list", "watch")
_LIVES: Final = "the sweep, and what records claim: objects that live in the cluster"
# Groups of machine-learning workloads, in which everything is one.
_WORKLOADS: Final = (
    "argoproj.io",
    "batch.volcano.sh",
    "jobset.x-k8s.io",
    "kubeflow.org",
    "leaderworkerset.x-k8s.io",
    "machinelearning.seldon.io",
    "ray.io",
    "serving.knative.dev",
    "serving.kserve.io",
    "sparkoperator.k8s.io",
    "tekton.dev",
    "trainer.kubeflow.org",
    "workload.codeflare.dev",
)
# What policies are about mostly; no Secrets and no ConfigMaps. Further kinds are granted as those of the inventory are.
_SWEEP: Final = (
    Right(
        "",
        (
            "pods",
            "podtemplates",
            "replicationcontrollers",
            "services",
            "serviceaccounts",
            "persistentvolumeclaims",
        ),
        _LIVING,
        _LIVES,
    ),
    Right("apps", ("daemonsets", "deployments", "replicasets", "statefulsets"), _LIVING, _LIVES),
    Right("autoscaling", ("horizontalpodautoscalers",), _LIVING, _LIVES),
    Right("batch", ("cronjobs", "jobs"), _LIVING, _LIVES),
    Right("networking.k8s.io", ("ingresses", "networkpolicies"), _LIVING, _LIVES),
    Right("policy", ("poddisruptionbudgets",), _LIVING, _LIVES),
    Right(
        "rbac.authorization.k8s.io",
        ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
        _LIVING,
        _LIVES,
    ),
    Right("resource.k8s.io", ("resourceclaims", "resourceclaimtemplates"), _LIVING, _LIVES),
    *[Right(group, ("*",), _LIVING, _LIVES) for group in _WORKLOADS],
    # What is created cannot be limited to a name.
    Right(REPORTS, ("clusterpolicyreports", "policyreports"), ("list", "create"), "the sweep: its reports"),
    Right(
        REPORTS,
        ("clusterpolicyreports", "policyreports"),
        ("get", "patch", "delete"),
        "the sweep: its reports",
        names=REPORT_NAMES,
    ),
)
_DEFINITIONS: Final = Right(
    "apiextensions.k8s.io",
    ("customresourcedefinitions",),
    ("create", "update", "patch", "delete"),
    "the kinds of constraints, where no Gatekeeper makes them",
)
# Their names are whoever's who applies them.
_PROVIDERS: Final = Right(
    "externaldata.gatekeeper.sh",
    ("providers",),
    ("update",),
    "Providers that it answers for itself: whom Gatekeeper trusts",
)


def rights(settings: InstallSettings) -> tuple[Right, ...]:
    """Every right of an installation."""
    living = [one for one in _SWEEP if one.reason == _LIVES]
    if settings.sweep_s:
        sweep = _SWEEP
    elif settings.judges_raised:
        sweep = tuple(living)
    else:
        sweep = tuple([replace(one, verbs=("watch",)) for one in living])
    definitions = () if settings.beside_gatekeeper else (_DEFINITIONS,)
    own = settings.certificates == "own"
    providers = (_PROVIDERS,) if settings.answers_gatekeeper and own else ()
    return (*_ALWAYS, *sweep, *definitions, *providers)


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
