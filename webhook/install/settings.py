"""What an installation is made of, as the command line says it, checked."""

import ipaddress
import re
from typing import Final, Literal

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.gatekeeper.labels import is_label_key
from lockgate.webhook.serving.worker_count import MAX_WORKERS

Mode = Literal["observe", "enforce"]
Database = Literal["sqlite", "postgres"]
CertificateSource = Literal["own", "cert-manager"]

# One name for all of it; an installation is one to a cluster, since its webhooks and definitions are the cluster's.
NAME: Final = "lockgate"
NAMESPACE: Final = "lockgate-system"
# The configuration of the webhooks; the server writes their `caBundle` and `rules`.
CONFIGURATION: Final = "lockgate"
# How an option that takes users names a group.
GROUP: Final = "group:"
CERTIFICATES: Final = "lockgate-certificates"
# The ConfigMap with the CA of the API server's client certificate, `ca.crt`; made by whoever installs.
CALLERS: Final = "lockgate-callers"
# The Secret with the token that the webhooks' paths end in, `token`; made by whoever installs.
TOKEN: Final = "lockgate-token"  # noqa: S105 - the name of the Secret
# ConfigMaps of whoever installs: `external-data.yaml`, what providers answer; `ca.crt`, of Gatekeeper's webhook.
EXTERNAL_DATA: Final = "lockgate-external-data"
ASKERS: Final = "lockgate-provider-clients"
# Where Gatekeeper runs, which asks providers.
GATEKEEPER_NAMESPACE: Final = "gatekeeper-system"
TRAIL: Final = "lockgate-trail"
DATABASE_PASSWORD: Final = "lockgate-database"  # noqa: S105 - the name of the Secret
LEASE: Final = "lockgate"
# As `lockgate serve` calls the cluster where nobody says.
CLUSTER_NAME: Final = "cluster"
PORT: Final = 8443
PROBES_PORT: Final = 8080
# Nobody's; a cluster may ask for another by kustomize.
USER: Final = 65532
MAX_REPLICAS: Final = 100
# Main, a sweep and a worker.
MIN_MEMORY: Final = 512 << 20
# The alert on a sweep that is late goes by it.
MAX_SWEEP_S: Final = 3_600
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
# After the reference grammar of distribution images, as far as a manifest is made wrong by something else.
_IMAGE: Final = re.compile(r"[a-z0-9][A-Za-z0-9._:/-]{0,254}(@sha256:[0-9a-f]{64})?", re.ASCII)

_PORT: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_LAST_PORT: Final = 65_535
# Printable, and without what shells and YAML would take for something else.
_CLUSTER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/@_-]{0,252}", re.ASCII)
_CLIENT: Final = re.compile(r"[A-Za-z0-9*][A-Za-z0-9*.:/@_-]{0,252}", re.ASCII)


@record
class InstallSettings:
    """One installation.

    excluded_namespaces: whose objects are not sent, besides the fixed ones. api_server_ranges: from where the API server
    calls (CIDR); empty: from anywhere. has_monitoring: with what Prometheus and Grafana need. storage: the size of SQLite's volume. sweep_s: from one pass over what lives
    in the cluster to the next; 0: there is none. client_names: whose certificates, of the CA in a ConfigMap, count; empty: nobody shows any. enforced_namespaces:
    where an installation that observes enforces all the same. namespace_editors: users, or `group:NAME`, who may change
    labels of Namespaces that decide what is judged. has_external_data: what providers answer is in a ConfigMap;
    answers_gatekeeper: Gatekeeper is answered by it. provider_ports: where Pods of other providers listen. node_agents:
    users, or `group:NAME`, by whom nodes come up, besides kubelets and kube-system. has_token: the webhooks' paths end in a
    token, which is in a Secret. memory: the server's limit. workers: processes that judge; 0: as many as there is room for.
    guarded_labels: of Namespaces, which policies read in their code. cluster_name: in the ledger of quotas and the EnvironmentMap.
    reads_promotions: what takes a promotion goes by the trail. judges_raised: a Namespace whose environment rises is judged
    by what runs in it.
    """

    image: str
    namespace: str = NAMESPACE
    mode: Mode = "observe"
    replicas: int = 1
    database: Database = "sqlite"
    database_namespace: str = ""
    excluded_namespaces: tuple[str, ...] = ()
    api_server_ranges: tuple[str, ...] = ()
    certificates: CertificateSource = "own"
    beside_gatekeeper: bool = False
    storage: str = "10Gi"
    has_monitoring: bool = False
    sweep_s: int = 60
    client_names: tuple[str, ...] = ()
    enforced_namespaces: tuple[str, ...] = ()
    namespace_editors: tuple[str, ...] = ()
    has_external_data: bool = False
    answers_gatekeeper: bool = False
    provider_ports: tuple[str, ...] = ()
    node_agents: tuple[str, ...] = ()
    has_token: bool = False
    memory: str = "1Gi"
    workers: int = 0
    guarded_labels: tuple[str, ...] = ()
    cluster_name: str = CLUSTER_NAME
    reads_promotions: bool = False
    judges_raised: bool = False

    @property
    def fixed_namespaces(self) -> tuple[str, ...]:
        """The namespaces whose objects are sent to no webhook of ours, sorted.

        Without its own and that of its database Lockgate could never be started again once it is down; kube-system
        has what every node needs before anything else runs.
        """
        own = {"kube-system", self.namespace, self.database_namespace, *self.excluded_namespaces}
        return tuple(sorted(own - {""}))


def check_settings(settings: InstallSettings) -> None:
    """Raises UsageError where the settings do not fit together."""
    for name in (settings.namespace, *settings.excluded_namespaces, *settings.enforced_namespaces):
        _check_namespace(name)
    if settings.database_namespace:
        _check_namespace(settings.database_namespace)
    if not _IMAGE.fullmatch(settings.image):
        raise UsageError(
            f"{settings.image!r} is no image", hint="such as registry.example.com/lockgate@sha256:…"
        )
    if not 0 < settings.replicas <= MAX_REPLICAS:
        raise UsageError(f"{settings.replicas} replicas", hint=f"give 1 to {MAX_REPLICAS}")
    if settings.database == "sqlite" and settings.replicas > 1:
        raise UsageError(
            f"SQLite has one writer, and there would be {settings.replicas} replicas",
            hint="use --database postgres, or --replicas 1",
        )
    if settings.database == "sqlite" and settings.reads_promotions:
        raise UsageError(
            "SQLite has one writer, the server, and nobody could record a promotion beside it",
            hint="use --database postgres, or lockgate serve --promotions with a trail of its own",
        )
    if settings.judges_raised and not settings.reads_promotions:
        raise UsageError(
            "--with raised-namespaces alone: without promotions no Namespace has an environment",
            hint="give --with promotions too",
        )
    if settings.database == "sqlite" and settings.database_namespace:
        raise UsageError(
            "--database-namespace is for PostgreSQL in the cluster", hint="use --database postgres with it"
        )
    if settings.enforced_namespaces and settings.mode == "enforce":
        raise UsageError("--enforce-namespace is for --mode observe", hint="in enforce mode leave it out")
    both = sorted(set(settings.enforced_namespaces) & set(settings.fixed_namespaces))
    if both:
        raise UsageError(f"{', '.join(both)} is left out, and cannot be enforced")
    if not all(map(_CLIENT.fullmatch, settings.namespace_editors)):
        raise UsageError("--namespace-editor is no user and no group:NAME", hint="such as group:platform")
    if not all(map(is_label_key, settings.guarded_labels)):
        raise UsageError("--guarded-label is no label's key", hint="such as example.com/tier")
    if not all(map(_CLIENT.fullmatch, settings.node_agents)):
        raise UsageError(
            "--node-agent is no user and no group:NAME",
            hint="such as system:serviceaccount:karpenter:karpenter",
        )
    if not _CLUSTER.fullmatch(settings.cluster_name):
        raise UsageError("--cluster-name is no name of a cluster", hint="such as prod-eu")
    if settings.has_token and not settings.api_server_ranges:
        raise UsageError(
            "--token-file alone: whoever may read webhook configurations has the token",
            hint="say from where the API server calls with --api-server, so that nobody else can",
        )
    if not all(map(_CLIENT.fullmatch, settings.client_names)):
        raise UsageError("--client-name is no name of a certificate", hint="such as kube-apiserver")
    for one in settings.provider_ports:
        if not _PORT.fullmatch(one) or int(one) > _LAST_PORT:
            raise UsageError(f"{one[:20]!r} is no port", hint="such as 8090")
    for one in settings.api_server_ranges:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            raise UsageError(
                f"{one!r} is no range of addresses", hint="such as 10.1.0.0/24, or one address"
            ) from None
    if not 0 <= settings.sweep_s <= MAX_SWEEP_S:
        raise UsageError(
            f"a sweep every {settings.sweep_s} seconds", hint=f"give 1 to {MAX_SWEEP_S}, or 0 for none"
        )
    if _bytes_of(settings.memory) < MIN_MEMORY:
        raise UsageError(
            f"{settings.memory!r} is no size of a server's memory",
            hint="such as 1Gi, and 512Mi at least: docs/install.md says what it is for",
        )
    if not 0 <= settings.workers <= MAX_WORKERS:
        raise UsageError(f"{settings.workers} workers", hint=f"give 1 to {MAX_WORKERS}, or 0 for auto")
    if not re.fullmatch(r"[1-9][0-9]{0,5}[KMGT]i", settings.storage, re.ASCII):
        raise UsageError(f"{settings.storage!r} is no size of a volume", hint="such as 10Gi")


def _bytes_of(size: str) -> int:
    """A size as Kubernetes writes it, with a binary unit; 0 for anything else."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([MG])i", size, re.ASCII)
    return 0 if found is None else int(found[1]) << {"M": 20, "G": 30}[found[2]]


def _check_namespace(name: str) -> None:
    if not _LABEL.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a namespace", hint="lower-case letters, digits and '-'")
