"""What runs: the Deployment, its disruption budget, the Service, the network policy, and SQLite's volume."""

from typing import Any, Final

from lockgate.webhook.install.options import render_options
from lockgate.webhook.install.settings import (
    ASKERS,
    CALLERS,
    CERTIFICATES,
    CLUSTER_NAME,
    DATABASE_PASSWORD,
    EXTERNAL_DATA,
    GATEKEEPER_NAMESPACE,
    NAME,
    PORT,
    PROBES_PORT,
    TOKEN,
    TRAIL,
    USER,
    InstallSettings,
)
from lockgate.webhook.version import VERSION

Json = dict[str, Any]
LABELS: Final = {"app.kubernetes.io/name": NAME}
VERSION_ANNOTATION: Final = "lockgate.dev/version"
OPTIONS_ANNOTATION: Final = "lockgate.dev/install-options"
# Where the server finds the trail's home, and where its TLS files are.
HOME: Final = "/var/lib/lockgate"
RUNTIME: Final = "/run/lockgate"
_MOUNTED_HOME: Final = "/mnt/trail"
_CALLERS: Final = "/mnt/callers"
_TOKEN: Final = "/mnt/token"  # noqa: S105 - a folder
_EXTERNAL_DATA: Final = "/mnt/external-data"
_ASKERS: Final = "/mnt/provider-clients"
_POSTGRES_PORT: Final = 5432
# Longer than the longest answer, and what is being recorded.
_GRACE_S: Final = 40
_DRAIN_S: Final = 5


def deployment(settings: InstallSettings) -> Json:
    """The Deployment."""
    if settings.database == "sqlite":
        # Two at once would be two writers of one file.
        strategy: Json = {"type": "Recreate"}
    else:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    pod = {
        "serviceAccountName": NAME,
        "priorityClassName": "system-cluster-critical",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": _GRACE_S,
        "topologySpreadConstraints": [
            _spread("kubernetes.io/hostname"),
            _spread("topology.kubernetes.io/zone"),
        ],
        "initContainers": [_init_container(settings)],
        "containers": [_server(settings)],
        "volumes": _volumes(settings),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            **_metadata(settings),
            # Of whoever installed it: `lockgate doctor` compares.
            "annotations": {VERSION_ANNOTATION: VERSION, OPTIONS_ANNOTATION: render_options(settings)},
        },
        "spec": {
            "replicas": settings.replicas,
            "strategy": strategy,
            "selector": {"matchLabels": {**LABELS}},
            "template": {"metadata": {"labels": {**LABELS}}, "spec": pod},
        },
    }


def disruption_budget(settings: InstallSettings) -> Json:
    """One at a time; a budget that one replica alone must stay would stop every drain of its node."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {**LABELS}}}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(settings),
        "spec": spec,
    }


def service(settings: InstallSettings) -> Json:
    """What the API server calls, and whoever scrapes."""
    ports = [
        {"name": "webhook", "port": 443, "targetPort": "webhook", "protocol": "TCP"},
        {"name": "metrics", "port": PROBES_PORT, "targetPort": "probes", "protocol": "TCP"},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(settings),
        "spec": {"selector": {**LABELS}, "ports": ports},
    }


def network_policy(settings: InstallSettings) -> Json:
    """Who may call, and whom it may. The API server is no Pod: it can be named by its addresses only."""
    webhook: Json = {"ports": [{"port": PORT, "protocol": "TCP"}]}
    if settings.api_server_ranges:
        webhook["from"] = [{"ipBlock": {"cidr": _network(one)}} for one in settings.api_server_ranges]
    ingress = [webhook, {"ports": [{"port": PROBES_PORT, "protocol": "TCP"}]}]
    if settings.answers_gatekeeper and settings.api_server_ranges:
        labels = {"kubernetes.io/metadata.name": GATEKEEPER_NAMESPACE}
        asking = {"from": [{"namespaceSelector": {"matchLabels": labels}}], "ports": webhook["ports"]}
        ingress.insert(1, asking)
    egress: list[Json] = [
        {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
        # The API server, providers and witnesses.
        {"ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]},
    ]
    if settings.provider_ports:
        egress.append({"ports": [{"port": int(one), "protocol": "TCP"} for one in settings.provider_ports]})
    if settings.database == "postgres":
        rule: Json = {"ports": [{"port": _POSTGRES_PORT, "protocol": "TCP"}]}
        if settings.database_namespace:
            labels = {"kubernetes.io/metadata.name": settings.database_namespace}
            rule["to"] = [{"namespaceSelector": {"matchLabels": labels}}]
        egress.append(rule)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(settings),
        "spec": {
            "podSelector": {"matchLabels": {**LABELS}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    }


def volume_claim(settings: InstallSettings) -> Json:
    """SQLite's volume, which has the keys too."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": settings.storage}}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": _metadata(settings, TRAIL),
        "spec": spec,
    }


def _server(settings: InstallSettings) -> Json:
    arguments = [
        "serve",
        f"--listen=0.0.0.0:{PORT}",
        f"--probes=0.0.0.0:{PROBES_PORT}",
        f"--mode={settings.mode}",
    ]
    if settings.workers:
        # Else as many as the limit on memory has room for.
        arguments.append(f"--workers={settings.workers}")
    if settings.certificates == "own":
        arguments.append(f"--certificates=secret:{settings.namespace}/{CERTIFICATES}")
    else:
        arguments += [f"--tls-cert={RUNTIME}/tls/tls.crt", f"--tls-key={RUNTIME}/tls/tls.key"]
    if settings.client_names:
        arguments.append(f"--client-ca={_CALLERS}/ca.crt")
        arguments += [f"--client-name={one}" for one in settings.client_names]
    if settings.has_token:
        arguments.append(f"--token-file={_TOKEN}/token")
    if settings.has_external_data:
        # The file by its name: beside it there is what a mounted ConfigMap has of its own.
        arguments.append(f"--external-data={_EXTERNAL_DATA}/external-data.yaml")
    if settings.answers_gatekeeper:
        arguments.append(f"--provider-client-ca={_ASKERS}/ca.crt")
    # SQLite has one writer: what is held and what is recorded do not wait for each other in two files.
    ledger = "trail" if settings.database == "postgres" else f"{HOME}/ledger.db"
    arguments += [
        f"--trail={HOME}/trail",
        f"--ledger={ledger}",
        f"--sweep-interval={settings.sweep_s}",
    ]
    if settings.reads_promotions:
        arguments.append(f"--promotions={HOME}/trail")
    if settings.judges_raised:
        arguments.append("--judge-raised-namespaces")
    if settings.cluster_name != CLUSTER_NAME:
        arguments.append(f"--cluster-name={settings.cluster_name}")
    arguments += [f"--exclude-namespace={one}" for one in settings.fixed_namespaces]
    arguments += [f"--enforce-namespace={one}" for one in settings.enforced_namespaces]
    arguments += [f"--namespace-editor={one}" for one in settings.namespace_editors]
    arguments += [f"--guarded-label={one}" for one in settings.guarded_labels]
    arguments += [f"--node-agent={one}" for one in settings.node_agents]
    mounts: list[Json] = [
        {"name": "home", "mountPath": HOME},
        {"name": "runtime", "mountPath": RUNTIME},
        {"name": "temporary", "mountPath": "/tmp"},  # noqa: S108 - in the container
    ]
    if settings.certificates == "cert-manager":
        mounts.append({"name": "certificate", "mountPath": f"{RUNTIME}/tls", "readOnly": True})
    if settings.client_names:
        mounts.append({"name": "callers", "mountPath": _CALLERS, "readOnly": True})
    if settings.has_token:
        mounts.append({"name": "token", "mountPath": _TOKEN, "readOnly": True})
    if settings.has_external_data:
        mounts.append({"name": "external-data", "mountPath": _EXTERNAL_DATA, "readOnly": True})
    if settings.answers_gatekeeper:
        mounts.append({"name": "provider-clients", "mountPath": _ASKERS, "readOnly": True})
    environment: list[Json] = [
        {"name": "XDG_CACHE_HOME", "value": f"{RUNTIME}/cache"},
        # Where the files of certificates are put.
        {"name": "TMPDIR", "value": RUNTIME},
    ]
    if settings.database == "postgres":
        secret = {"name": DATABASE_PASSWORD, "key": "password"}
        environment.append({"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": secret}})
    return {
        "name": "server",
        "image": settings.image,
        "args": arguments,
        "env": environment,
        "ports": [
            {"name": "webhook", "containerPort": PORT, "protocol": "TCP"},
            {"name": "probes", "containerPort": PROBES_PORT, "protocol": "TCP"},
        ],
        # Large policies take a while to compile; until then no probe kills it.
        "startupProbe": _probe("/healthz", 2, 90),
        "livenessProbe": _probe("/healthz", 10, 3),
        "readinessProbe": _probe("/readyz", 2, 2),
        # Until every node knows that the Pod is no endpoint any more.
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_S}}},
        "resources": _resources("500m", "256Mi", settings.memory),
        "securityContext": _security(),
        "volumeMounts": mounts,
    }


def _init_container(settings: InstallSettings) -> Json:
    """Makes SQLite's trail where there is none; for PostgreSQL copies its keys to where only the server reads them."""
    if settings.database == "sqlite":
        origin = f"{NAME}.{settings.namespace}.svc/trail"
        script = f"test -e {HOME}/trail/trail.toml || lockgate audit init {HOME}/trail --origin={origin}"
    else:
        # A Secret's files are readable for a group, and keys have to be their owner's alone.
        script = f"umask 077 && mkdir -p {HOME}/trail/keys && cd {_MOUNTED_HOME} && cp *.toml {HOME}/trail/ && cp log.key master.key log.vkey {HOME}/trail/keys/"
    mounts: list[Json] = [{"name": "home", "mountPath": HOME}]
    if settings.database == "postgres":
        mounts.append({"name": "trail", "mountPath": _MOUNTED_HOME, "readOnly": True})
    return {
        "name": "trail",
        "image": settings.image,
        "command": ["/bin/sh", "-ec", script],
        "resources": _resources("50m", "128Mi", "512Mi"),
        "securityContext": _security(),
        "volumeMounts": mounts,
    }


def _volumes(settings: InstallSettings) -> list[Json]:
    if settings.database == "sqlite":
        made: list[Json] = [{"name": "home", "persistentVolumeClaim": {"claimName": TRAIL}}]
    else:
        made = [
            {"name": "home", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
            {"name": "trail", "secret": {"secretName": TRAIL, "defaultMode": 0o440}},
        ]
    # Private keys are in memory only.
    made += [
        {"name": "runtime", "emptyDir": {"medium": "Memory", "sizeLimit": "128Mi"}},
        {"name": "temporary", "emptyDir": {"sizeLimit": "256Mi"}},
    ]
    if settings.certificates == "cert-manager":
        made.append({"name": "certificate", "secret": {"secretName": CERTIFICATES, "defaultMode": 0o440}})
    if settings.client_names:
        made.append({"name": "callers", "configMap": {"name": CALLERS}})
    if settings.has_token:
        made.append({"name": "token", "secret": {"secretName": TOKEN, "defaultMode": 0o440}})
    if settings.has_external_data:
        made.append({"name": "external-data", "configMap": {"name": EXTERNAL_DATA}})
    if settings.answers_gatekeeper:
        made.append({"name": "provider-clients", "configMap": {"name": ASKERS}})
    return made


def _metadata(settings: InstallSettings, name: str = NAME) -> Json:
    return {"name": name, "namespace": settings.namespace, "labels": {**LABELS}}


def _spread(key: str) -> Json:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        # A cluster of one node, or what is left of one, has to be able to start it.
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {**LABELS}},
    }


def _probe(path: str, period_s: int, failures: int) -> Json:
    return {
        "httpGet": {"path": path, "port": "probes"},
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def _resources(cpu: str, memory: str, most: str) -> Json:
    # No limit on processors: one that is throttled answers late, and a late answer denies.
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": most}}


def _security() -> Json:
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
    }


def _network(text: str) -> str:
    import ipaddress

    return str(ipaddress.ip_network(text))
