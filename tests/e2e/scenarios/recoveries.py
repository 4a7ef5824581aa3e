"""Scenarios in which everything is lost: the leader, the database, the whole cluster; and what comes back by itself."""

from pathlib import Path
from tempfile import mkdtemp

from lockgate.webhook.cli import run
from lockgate.webhook.install.settings import LEASE, NAMESPACE, InstallSettings
from lockgate.webhook.install.workload import deployment

from tests.e2e.cluster import kubectl
from tests.e2e.postgres import Postgres, running_postgres
from tests.e2e.scenarios import nodes
from tests.e2e.scenarios.installation import DATABASES, Installation
from tests.e2e.scenarios.objects import OWNED, config_map, pod
from tests.e2e.scenarios.policies import rule
from tests.e2e.scenarios.scenario import WEBHOOK, Scenario, Step, denied
from tests.e2e.scenarios.users import KUBELET, NODES_ACCOUNT, VOLUMES_ACCOUNT
from tests.e2e.serving_cluster import CONFIGURATION, IMAGE, until
from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.server_processes import ADDRESS, Server, running_server

Json = dict[str, object]

CREATED = "configmap/settings created\n"
UNREACHABLE = (
    'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling '
    f'webhook "{WEBHOOK}": failed to call webhook: Post "https://127.0.0.1:PORT/v1/admit?timeout=8s": '
    "dial tcp 127.0.0.1:PORT: connect: connection refused\n"
)
UNRECORDED = (
    f'Error from server: error when creating "STDIN": admission webhook "{WEBHOOK}" denied the request: the decision could '
    "not be recorded: the record was not acknowledged by the database: connection failed: connection to server at "
    '"127.0.0.1", port PORT failed: Connection refused\n'
)
CONFIG_MAPS = "/api/v1/namespaces/cluster-lost/configmaps"
LEADS = "lockgate_sweep_leader 1.0"


def _own_pod() -> Json:
    """One that the Deployment makes."""
    spec = deployment(InstallSettings(IMAGE))["spec"]["template"]["spec"]
    return {
        **manifest("Pod", "lockgate-5d9c-x1", labels={"app.kubernetes.io/name": "lockgate"}),
        "spec": spec,
    }


def _attachment(name: str) -> Json:
    """What brings a volume to the node that Lockgate's Pod is moved to."""
    spec = {"attacher": "csi.example", "nodeName": name, "source": {"persistentVolumeName": "trail"}}
    return {**manifest("VolumeAttachment", f"trail-{name}", group="storage.k8s.io/v1"), "spec": spec}


def _taint(installation: Installation) -> None:
    """As the controller does that sees a node for the first time."""
    done = kubectl(
        installation.cluster, "taint", "node", "later", "not-ready=:NoSchedule", user=NODES_ACCOUNT
    )
    assert done.returncode == 0, done.stderr


# What a cluster needs before Lockgate can run: none of it asks Lockgate.
STARTING = (
    Step(
        "create -f -",
        "node/later created\ncsinode.storage.k8s.io/later created\n",
        given=[
            manifest("Node", "later"),
            {**manifest("CSINode", "later", group="storage.k8s.io/v1"), "spec": {"drivers": []}},
        ],
        user=KUBELET,
    ),
    Step(
        "create -f -",
        "volumeattachment.storage.k8s.io/trail-later created\n",
        given=_attachment("later"),
        user=VOLUMES_ACCOUNT,
    ),
    Step("taint node later not-ready-", "node/later untainted\n", first=_taint, user=NODES_ACCOUNT),
    # A policy is about nodes: whoever is none of these waits.
    Step(
        "label node later owner=team",
        UNREACHABLE.replace(f'"{WEBHOOK}"', f'"{nodes.WEBHOOK}"').replace(
            'error when creating "STDIN": ', ""
        ),
        1,
    ),
    Step("--namespace=kube-system create -f -", "pod/dns created\n", given=pod("dns")),
    Step(f"--namespace={NAMESPACE} create -f -", "pod/lockgate-5d9c-x1 created\n", given=_own_pod()),
    Step(
        f"--namespace={NAMESPACE} label lease {LEASE} started=now",
        f"lease.coordination.k8s.io/{LEASE} labeled\n",
    ),
    Step(f"--namespace={DATABASES} create -f -", "pod/postgres-0 created\n", given=pod("postgres-0")),
)


def _lose_cluster(installation: Installation) -> None:
    """Everything is down; then etcd and the API server start, and nothing else does."""
    cluster = installation.cluster
    installation.serving.kill()
    # Whatever becomes of the scenario, the next one has its server.
    installation.beside.callback(_come_back, installation)
    cluster.server.kill()
    cluster.store.kill()
    cluster.store.start()
    cluster.server.start()


def _come_back(installation: Installation) -> None:
    installation.serving.stop()
    installation.serving.start(installation.home)


def _start_again(installation: Installation) -> None:
    installation.serving.start(installation.home)


class _Database:
    """A PostgreSQL with a trail in it, for one scenario."""

    def __init__(self) -> None:
        self._postgres: Postgres | None = None
        self._home = Path()

    def lose_all(self, installation: Installation) -> None:
        """It is there when the whole cluster is lost, and lost too."""
        self._postgres = installation.beside.enter_context(running_postgres())
        self._home = Path(mkdtemp(dir=installation.folder), "home")
        origin = ["--origin", "lockgate.test/database", "--store", self._postgres.url]
        assert run(["audit", "init", str(self._home), *origin]) == 0
        self._postgres.stop_immediate()
        _lose_cluster(installation)

    def serve(self, installation: Installation) -> None:
        """It is there again, and the server has its trail in it, until the scenario's end."""
        assert self._postgres is not None
        self._postgres.start()
        installation.serving.stop()
        installation.serving.start(self._home)

    def lose(self, installation: Installation) -> None:
        """It is gone, and the server is there."""
        assert self._postgres is not None
        self._postgres.stop_immediate()

        def told() -> str:
            value = installation.cluster.ask("POST", CONFIG_MAPS, config_map("lost", labels=OWNED))[1]
            return str(value.get("message"))

        # What it is told first is how a connection ended.
        until(lambda: told().endswith("Connection refused"), told)

    def find(self, installation: Installation) -> None:
        """It is there again, and the server finds it by itself."""
        assert self._postgres is not None
        self._postgres.start()

        def told() -> int:
            return installation.cluster.ask("POST", CONFIG_MAPS, config_map("found", labels=OWNED))[0]

        until(lambda: told() in (201, 409))


def _lead(server: Server) -> bool:
    return LEADS in server.probe("/metrics")[1].splitlines()


def _route(installation: Installation, port: int) -> None:
    """The webhooks' address is another replica's, as a Service sees to that."""
    status, value = installation.cluster.ask("GET", CONFIGURATION)
    assert status == 200, value
    for one in value["webhooks"]:
        path = one["clientConfig"]["url"].partition("/v1/")[2]
        one["clientConfig"]["url"] = f"https://{ADDRESS}:{port}/v1/{path}"
    status, said = installation.cluster.ask("PUT", CONFIGURATION, value)
    assert status == 200, said


def _change_leader(installation: Installation) -> None:
    """Another replica follows; the one that leads is killed, and the other leads."""
    serving, beside = installation.serving, installation.beside
    folder = Path(mkdtemp(dir=installation.folder))
    until(lambda: _lead(serving.server), lambda: serving.server.log.read_text()[-3000:])
    port = serving.server.port
    starting = running_server(folder, None, serving.options, identity=serving.identity)
    other = beside.enter_context(starting)
    assert not _lead(other)
    serving.kill()
    # The last is called first: the other one lets the installed one lead when it ends.
    beside.callback(_route, installation, port)
    beside.callback(_come_back, installation)
    _route(installation, other.port)
    until(lambda: _lead(other), lambda: other.log.read_text()[-3000:])


def _until_kept(installation: Installation) -> None:
    """Until the API server sends what nobody asked for before."""
    path = "/api/v1/namespaces/leader-lost/services/app?dryRun=All"
    until(lambda: installation.cluster.ask("DELETE", path)[0] == 403)


def _until_status(installation: Installation) -> None:
    path = "/apis/constraints.gatekeeper.sh/v1beta1/kept/kept-by-another"
    until(lambda: "byPod" in installation.cluster.ask("GET", path)[1].get("status", {}))


ONE_GO = [
    template(kind="OneGo"),
    constraint(
        {"match": {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}], "namespaces": ["one-go"]}},
        kind="OneGo",
        name="at-once",
    ),
]


def _until_served(installation: Installation) -> None:
    until(lambda: installation.cluster.ask("GET", "/apis/constraints.gatekeeper.sh/v1beta1/onego")[0] == 200)


def _until_at_once(installation: Installation) -> None:
    installation.until_in_force("OneGo", "at-once")


def _cluster_lost() -> Scenario:
    """On SQLite; then, on PostgreSQL, the database alone is lost."""
    database = _Database()
    return Scenario(
        "cluster-lost",
        [
            Step("create -f -", UNREACHABLE, 1, config_map(labels=OWNED), first=database.lose_all),
            *STARTING,
            Step(
                "create -f -",
                denied("[cold] ConfigMap settings has no owner"),
                1,
                config_map(),
                first=_start_again,
            ),
            Step("create -f -", CREATED, given=config_map(labels=OWNED)),
            Step(
                "create -f -",
                denied("[cold] ConfigMap later has no owner"),
                1,
                config_map("later"),
                first=database.serve,
            ),
            Step("create -f -", UNRECORDED, 1, config_map("later", labels=OWNED), first=database.lose),
            Step(f"--namespace={DATABASES} create -f -", "pod/postgres-1 created\n", given=pod("postgres-1")),
            Step(
                "create -f -",
                "configmap/later created\n",
                given=config_map("later", labels=OWNED),
                first=database.find,
            ),
        ],
        in_force=[rule("NeedsOwner", "cold", "cluster-lost", "ConfigMap")],
        trail=["deny CREATE v1/ConfigMap", "allow CREATE v1/ConfigMap"],
    )


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "one-go",
        [
            Step(
                "apply -f -",
                'error: resource mapping not found for name: "at-once" namespace: "" from "STDIN": no matches for kind '
                '"OneGo" in version "constraints.gatekeeper.sh/v1beta1"\nensure CRDs are installed first\n'
                "constrainttemplate.templates.gatekeeper.sh/onego created\n",
                1,
                ONE_GO,
            ),
            Step(
                "apply -f -",
                "constrainttemplate.templates.gatekeeper.sh/onego unchanged\n"
                "onego.constraints.gatekeeper.sh/at-once created\n",
                given=ONE_GO,
                first=_until_served,
            ),
            Step("create -f -", denied("[at-once] hit"), 1, config_map(), first=_until_at_once),
        ],
        trail=["deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "leader-lost",
        [
            Step(
                "create -f -",
                "kept.constraints.gatekeeper.sh/kept-by-another created\n",
                given=rule("Kept", "kept-by-another", "leader-lost", "Service"),
                first=_change_leader,
            ),
            Step(
                "get kept kept-by-another -o jsonpath={.status.byPod[*].id}:{.status.byPod[*].enforced}",
                "lockgate:true",
                first=_until_status,
            ),
            Step(
                "delete service app",
                denied("[kept-by-another] app is kept", doing=""),
                1,
                first=_until_kept,
            ),
        ],
        there=[
            {
                **manifest("Service", "app", labels={"keep": "yes"}),
                "spec": {"ports": [{"port": 80}]},
            }
        ],
    ),
    _cluster_lost(),
    Scenario(
        "match-policy",
        [
            Step(
                "get validatingwebhookconfiguration lockgate -o jsonpath={.webhooks[*].matchPolicy}",
                "Equivalent Equivalent Equivalent Equivalent",
            )
        ],
    ),
)
