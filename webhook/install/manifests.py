"""All manifests of an installation, in the order in which they are applied."""

from collections.abc import Sequence
from typing import Any, Final

from lockgate.engine.record import record
from lockgate.webhook.break_glass_definitions import break_glass_definitions
from lockgate.webhook.install.definitions import own_definitions
from lockgate.webhook.install.rights import rights, role_rules
from lockgate.webhook.install.settings import CERTIFICATES, LEASE, NAME, InstallSettings
from lockgate.webhook.install.webhooks import webhook_configuration
from lockgate.webhook.install.workload import (
    LABELS,
    deployment,
    disruption_budget,
    network_policy,
    service,
    volume_claim,
)
from lockgate.webhook.monitoring.objects import Watched, monitoring_objects

Json = dict[str, Any]
# The label by which ClusterRoles of others are added to what may be read for policies.
READER_LABEL: Final = "rbac.lockgate.dev/inventory"
_RBAC: Final = "rbac.authorization.k8s.io"


@record
class ManifestFile:
    """Objects that belong together, and the name of their file."""

    name: str
    objects: tuple[Json, ...]


def manifest_files(
    settings: InstallSettings,
    *,
    rules: Sequence[Json] = (),
    node_rules: Sequence[Json] = (),
    token: str = "",
    definitions: Sequence[Json] = (),
) -> tuple[ManifestFile, ...]:
    """Everything. rules, node_rules: of the webhooks; empty: the server writes them. definitions: further CRDs, first of all."""
    table = rights(settings)
    certificates: tuple[Json, ...] = (_certificate_secret(settings),)
    if settings.certificates == "cert-manager":
        certificates = _cert_manager(settings)
    workload = [
        deployment(settings),
        disruption_budget(settings),
        service(settings),
        network_policy(settings),
    ]
    if settings.database == "sqlite":
        workload.insert(0, volume_claim(settings))
    return (
        ManifestFile("definitions.yaml", (*definitions, *own_definitions(), *break_glass_definitions())),
        ManifestFile("namespace.yaml", (_namespace(settings),)),
        ManifestFile(
            "access.yaml",
            (
                _named(settings, "v1", "ServiceAccount"),
                _cluster_role(NAME, role_rules(table, "cluster")),
                _inventory_role(),
                _binding(settings, NAME),
                _binding(settings, f"{NAME}-inventory"),
                {
                    **_named(settings, f"{_RBAC}/v1", "Role"),
                    "rules": role_rules(table, "namespace"),
                },
                {
                    **_named(settings, f"{_RBAC}/v1", "RoleBinding"),
                    "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": NAME},
                    "subjects": [_subject(settings)],
                },
            ),
        ),
        ManifestFile(
            "state.yaml",
            (*certificates, _named(settings, "coordination.k8s.io/v1", "Lease", LEASE)),
        ),
        ManifestFile("workload.yaml", tuple(workload)),
        *_monitoring(settings),
        # The last: what it asks for is there by then.
        ManifestFile("webhooks.yaml", (webhook_configuration(settings, rules, node_rules, token),)),
    )


def _monitoring(settings: InstallSettings) -> tuple[ManifestFile, ...]:
    """What watches the server; its kinds are those of Prometheus' operator."""
    if not settings.has_monitoring:
        return ()
    watched = Watched(settings.namespace, {**LABELS}, {**LABELS}, "metrics")
    return (ManifestFile("monitoring.yaml", monitoring_objects(watched)),)


def kustomization(files: Sequence[ManifestFile]) -> Json:
    """What makes the folder of the files a base."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [one.name for one in files],
    }


def _namespace(settings: InstallSettings) -> Json:
    labels = {
        **LABELS,
        # What runs here has the strictest of Kubernetes' own standards.
        "pod-security.kubernetes.io/enforce": "restricted",
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": settings.namespace, "labels": labels},
    }


def _named(settings: InstallSettings, api_version: str, kind: str, name: str = NAME) -> Json:
    metadata = {"name": name, "namespace": settings.namespace, "labels": {**LABELS}}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _cluster_role(name: str, rules: Sequence[Json]) -> Json:
    metadata = {"name": name, "labels": {**LABELS}}
    return {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": [*rules]}


def _inventory_role() -> Json:
    """Gathers the ClusterRoles that say which kinds policies may read: that depends on the policies."""
    selector = {"clusterRoleSelectors": [{"matchLabels": {READER_LABEL: "true"}}]}
    role = _cluster_role(f"{NAME}-inventory", [])
    # The cluster fills in the rules; to apply any would take them away each time.
    del role["rules"]
    return {**role, "aggregationRule": selector}


def _binding(settings: InstallSettings, role: str) -> Json:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": role, "labels": {**LABELS}},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [_subject(settings)],
    }


def _subject(settings: InstallSettings) -> Json:
    return {"kind": "ServiceAccount", "name": NAME, "namespace": settings.namespace}


def _certificate_secret(settings: InstallSettings) -> Json:
    """Empty: the server fills it, and applying it again takes nothing away."""
    return {**_named(settings, "v1", "Secret", CERTIFICATES), "type": "Opaque"}


def _cert_manager(settings: InstallSettings) -> tuple[Json, ...]:
    """A certificate of cert-manager's; its injector tells the API server of the authority.

    The authority is one that lasts, so that the API server trusts the next certificate before it is shown.
    """
    group = "cert-manager.io/v1"
    own, authority = f"{NAME}-selfsigned", f"{NAME}-ca"
    inside = f"{NAME}.{settings.namespace}.svc"
    key = {"algorithm": "ECDSA", "size": 256}
    root = {
        "isCA": True,
        "commonName": f"Lockgate CA of {settings.namespace}",
        "duration": "87600h",
        "secretName": authority,
        "issuerRef": {"kind": "Issuer", "name": own},
        "privateKey": key,
    }
    leaf = {
        "secretName": CERTIFICATES,
        "dnsNames": [inside, f"{inside}.cluster.local"],
        "issuerRef": {"kind": "Issuer", "name": NAME},
        "privateKey": {**key, "rotationPolicy": "Always"},
    }
    return (
        {**_named(settings, group, "Issuer", own), "spec": {"selfSigned": {}}},
        {**_named(settings, group, "Certificate", authority), "spec": root},
        {**_named(settings, group, "Issuer"), "spec": {"ca": {"secretName": authority}}},
        {**_named(settings, group, "Certificate"), "spec": leaf},
    )
