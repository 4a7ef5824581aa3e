"""What an installation is made of, as the command line says it, checked."""

import ipaddress
import re
from typing import Final, Literal

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record

Mode = Literal["observe", "enforce"]
Database = Literal["sqlite", "postgres"]
CertificateSource = Literal["own", "cert-manager"]

# One name for all of it; an installation is one to a cluster, since its webhooks and definitions are the cluster's.
NAME: Final = "lockgate"
NAMESPACE: Final = "lockgate-system"
# The configuration of the webhooks; the server writes their `caBundle` and `rules`.
CONFIGURATION: Final = "lockgate"
CERTIFICATES: Final = "lockgate-certificates"
TRAIL: Final = "lockgate-trail"
DATABASE_PASSWORD: Final = "lockgate-database"  # noqa: S105 - the name of the Secret
LEASE: Final = "lockgate"
PORT: Final = 8443
PROBES_PORT: Final = 8080
# Nobody's; a cluster may ask for another by kustomize.
USER: Final = 65532
MAX_REPLICAS: Final = 100
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
# After the reference grammar of distribution images, as far as a manifest is made wrong by something else.
_IMAGE: Final = re.compile(r"[a-z0-9][A-Za-z0-9._:/-]{0,254}(@sha256:[0-9a-f]{64})?", re.ASCII)


@record
class InstallSettings:
    """One installation.

    excluded_namespaces: whose objects are not sent, besides the fixed ones. api_server_ranges: from where the API server
    calls (CIDR); empty: from anywhere. has_monitoring: with what Prometheus and Grafana need. storage: the size of SQLite's volume.
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
    for name in (settings.namespace, *settings.excluded_namespaces):
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
    if settings.database == "sqlite" and settings.database_namespace:
        raise UsageError(
            "--database-namespace is for PostgreSQL in the cluster", hint="use --database postgres with it"
        )
    for one in settings.api_server_ranges:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            raise UsageError(
                f"{one!r} is no range of addresses", hint="such as 10.1.0.0/24, or one address"
            ) from None
    if not re.fullmatch(r"[1-9][0-9]{0,5}[KMGT]i", settings.storage, re.ASCII):
        raise UsageError(f"{settings.storage!r} is no size of a volume", hint="such as 10Gi")


def _check_namespace(name: str) -> None:
    if not _LABEL.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a namespace", hint="lower-case letters, digits and '-'")
