"""What `lockgate serve` is given, read once."""

from typing import TYPE_CHECKING

from lockgate.engine.record import record
from lockgate.gatekeeper.template import EngineChoice
from lockgate.webhook.app.logs import Level, LogFormat
from lockgate.webhook.serving.admitting import Mode

if TYPE_CHECKING:
    # Imported where a cluster is followed.
    from lockgate.webhook.cluster.follower import ClusterAccess


@record
class Address:
    """Where something listens. port: 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@record
class TlsOptions:
    """Files of PEM; client_ca: "" where clients show no certificates."""

    certificate: str
    key: str
    client_ca: str = ""


@record
class OwnCertificates:
    """Certificates of an authority of our own. secret: namespace and name; none: they are kept in `folder`.

    folder: of the files that TLS is set up from. names: what they are for. configurations: the webhook configurations
    that are told whom to trust; none: somebody copies `ca.crt`. context, kubeconfig: which cluster has the Secret.
    """

    folder: str
    names: tuple[str, ...]
    secret: tuple[str, str] | None = None
    configurations: tuple[str, ...] = ()
    context: str = ""
    kubeconfig: str = ""


@record
class ServeOptions:
    """The options of the command. drain_s: how long answers end their connections before the server stops.

    trail: the home of the trail; "" where nothing is recorded. break_glass: files and folders of grants, and of the
    policy about them. cluster: which is followed; none where everything is in files.
    """

    policies: tuple[str, ...]
    exemptions: tuple[str, ...]
    cwd: str
    listen: Address
    tls: TlsOptions
    workers: int
    probes: Address | None = None
    mode: Mode = "enforce"
    excluded_namespaces: tuple[str, ...] = ()
    token: str = ""
    break_glass: tuple[str, ...] = ()
    # Of what break-glass lets through while nothing can be recorded; "" for none.
    spool: str = ""
    trail: str = ""
    drain_s: float = 0.0
    engine: EngineChoice = "default"
    cache: str = ""
    log_format: LogFormat = "json"
    log_level: Level = "info"
    certificates: OwnCertificates | None = None
    cluster: "ClusterAccess | None" = None
