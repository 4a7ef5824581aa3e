"""What `lockgate serve` is given, read once."""

from typing import TYPE_CHECKING

from lockgate.engine.record import record
from lockgate.gatekeeper.template import EngineChoice
from lockgate.webhook.app.logs import Level, LogFormat
from lockgate.webhook.opa_engine import OpaServers
from lockgate.webhook.serving.admitting import Mode

if TYPE_CHECKING:
    # Imported where a cluster is followed.
    from lockgate.webhook.cluster.follower import ClusterAccess
    from lockgate.webhook.model_facts import ModelFacts


@record
class Address:
    """Where something listens. port: 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@record
class TlsOptions:
    """Files of PEM; client_ca: "" where clients show no certificates; client_names: whose of them count.

    asker_ca, asker_names: the same of those who ask providers of external data.
    """

    certificate: str
    key: str
    client_ca: str = ""
    client_names: tuple[str, ...] = ()
    asker_ca: str = ""
    asker_names: tuple[str, ...] = ()


@record
class OwnCertificates:
    """Certificates of an authority of our own. secret: namespace and name; none: they are kept in `folder`.

    folder: of the files that TLS is set up from. names: what they are for. configurations: the webhook configurations
    that are told whom to trust; none: somebody copies `ca.crt`. context, kubeconfig: which cluster has the Secret.
    answers_providers: are Providers of the cluster answered here, so that they are told too?
    """

    folder: str
    names: tuple[str, ...]
    secret: tuple[str, str] | None = None
    configurations: tuple[str, ...] = ()
    answers_providers: bool = False
    context: str = ""
    kubeconfig: str = ""


@record
class ProviderOptions:
    """Providers of external data. answers: files and folders of what they answer in process. certificate, key: files with
    what those over HTTPS are shown; "" for nothing. models: signed facts, by which `lockgate-models` answers. promotions: the home of the trail by which
    `lockgate-promotions` does; "" for none.
    """

    answers: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    models: "ModelFacts | None" = None
    promotions: str = ""


@record
class PromotedOptions:
    """Policies that are promoted as a PolicyBundle: what they are called, and into which environment this server's cluster is."""

    name: str
    environment: str


@record
class LedgerOptions:
    """The quotas' ledger. database: as `open_ledger` takes it; cluster: the name of the cluster in it. ttl_s: how old a reservation is
    before it is looked whether its object came to be."""

    database: str
    cluster: str
    ttl_s: float


@record
class ServeOptions:
    """The options of the command. drain_s: how long answers end their connections before the server stops.

    trail: the home of the trail; "" where nothing is recorded. ledger: that of quotas; none where objects are held to none. break_glass: files and folders of grants, and of the
    policy about them. cluster: which is followed; none where everything is in files. opa: the servers that evaluate Rego;
    none where workers do. sweep_s: from the end of a pass over what lives in the cluster to the next; 0: there is none. cluster_name: as an
    EnvironmentMap calls the cluster.
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
    # Where it is enforced in observe mode too.
    enforced_namespaces: tuple[str, ...] = ()
    # Who may change labels of Namespaces that decide what is judged.
    namespace_editors: tuple[str, ...] = ()
    node_agents: tuple[str, ...] = ()
    guarded_labels: tuple[str, ...] = ()
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
    opa: OpaServers = OpaServers()
    providers: ProviderOptions = ProviderOptions()
    sweep_s: float = 0.0
    ledger: "LedgerOptions | None" = None
    cluster_name: str = ""
    living: bool = False
    # Where only what was promoted is in force: out of the one folder in `policies`.
    promoted: "PromotedOptions | None" = None
