"""One cluster with one installed `lockgate serve`, for all scenarios: the server runs beside the cluster."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from lockgate.audit.entry import parse_entry
from lockgate.engine.codegen.cache import open_cache
from lockgate.webhook.cli import run
from lockgate.webhook.cluster.discovery import discover
from lockgate.webhook.cluster.inventory import Server as Listing
from lockgate.webhook.cluster.rules_keeper import rules_of
from lockgate.webhook.quota.ledger_options import DEFAULT_CLUSTER
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.policy_reports import CLUSTER_REPORT, REPORT
from lockgate.webhook.serving.webhook_rules import render_rule
from lockgate.webhook.trail import open_trail

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.live_cluster import api_client
from tests.e2e.scenarios.objects import config_map
from tests.e2e.scenarios.policies import TEMPLATES
from tests.e2e.scenarios.scenario import Json, Scenario, Step
from tests.e2e.scenarios.users import USERS
from tests.e2e.serving_cluster import ACCOUNT, CONFIGURATION, install, register, until
from tests.e2e.test_sweep import report_definition
from tests.gatekeeper.break_glass.making import policy_value
from tests.gatekeeper.workbench import manifest
from tests.webhook.serving.builders import present
from tests.webhook.serving.server_processes import ADDRESS, Server, running_server, write_identity

OPTIONS = (
    "--runtime-config=resource.k8s.io/v1beta1=true,resource.k8s.io/v1beta2=true",
    # With it the scheduler makes claims of its own.
    "--feature-gates=DRAExtendedResource=true",
)
EXCLUDED = "excluded"
# Where its database would be.
DATABASES = "databases"
INVENTORY = "lockgate-inventory"
SWEEP_S = 2
LEDGER = "ledger.db"
# What kubelets may, where nodes are not authorised one by one.
KUBELETS: Final[Json] = {
    **manifest("ClusterRoleBinding", "kubelets", group="rbac.authorization.k8s.io/v1"),
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}],
}
# What is another each time, and the word for it.
_WORDS: Final = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"(?m)^Warning: \S+ \S+ is deprecated in v.*\n", ""),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\bport \d+", "port PORT"),
    (r"glass-\d{8}-\d{6}-[0-9a-f]{8}", "GLASS"),
)


@final
class Serving:
    """The installed server's process, which can be killed and started again where it was."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self._folder: Final = folder
        self.identity: Final = write_identity(folder)
        self.options: Final[list[str]] = ["--kubeconfig", str(kubeconfig), "--sweep-interval", str(SWEEP_S)]
        self.options.extend(["--ledger", str(folder / LEDGER)])
        self._running = ExitStack()
        self._address = f"{ADDRESS}:0"
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        assert self._server is not None
        return self._server

    def start(self, home: Path) -> None:
        """Starts it with a trail, and waits until it is ready."""
        options = [*self.options, "--trail", str(home), "--listen", self._address]
        starting = running_server(self._folder, None, options, identity=self.identity)
        self._server = self._running.enter_context(starting)
        self._address = f"{ADDRESS}:{self._server.port}"

    def kill(self) -> None:
        """Kills it, and its workers with it, as a node that is lost does."""
        self.server.process.kill()
        self.server.process.wait()
        self._running.close()

    def stop(self) -> None:
        """Asks it to stop."""
        self._running.close()


@dataclass(frozen=True, slots=True)
class Installation:
    """A cluster and the server that it asks. folder: of the server's `trail`.

    beside: what runs for one scenario only; closed at its end.
    """

    cluster: Cluster
    serving: Serving
    folder: Path
    beside: ExitStack = field(default_factory=ExitStack)

    @property
    def server(self) -> Server:
        return self.serving.server

    @property
    def home(self) -> Path:
        """The home of the trail."""
        return self.folder / "trail"

    @property
    def ledger(self) -> Path:
        """The database of the quotas' ledger."""
        return self.folder / LEDGER

    def recorded(self) -> tuple[str, ...]:
        """What the trail has of decisions on requests, and of uses of exemptions and grants."""
        return tuple([text for text in recorded(self.home) if " sweep " not in text])

    def apply(self, *values: Json) -> None:
        """As an administrator."""
        assert (done := _apply(self.cluster, *values))[0] == 0, done

    def until_in_force(self, kind: str, name: str) -> None:
        """Until a constraint is, as it was written last, in every worker."""
        path = f"/apis/constraints.gatekeeper.sh/v1beta1/{kind.lower()}/{name}"

        def told() -> Json:
            value: Json = self.cluster.ask("GET", path)[1]
            return value

        def is_told() -> bool:
            value = told()
            entries = value.get("status", {}).get("byPod", [])
            return [one.get("observedGeneration") for one in entries] == [value["metadata"]["generation"]]

        until(is_told, told)
        until(lambda: self.server.probe("/readyz")[0] == 200, lambda: self.server.probe("/readyz"))

    def run(self, step: Step, namespace: str) -> tuple[int, str]:
        """Exit code and output of a step, with words for what is never the same.

        Without what newer API servers say of older versions of a kind.
        """
        given = step.given(self) if callable(step.given) else step.given
        text = given if isinstance(given, str) else _listed(given)
        arguments = ["--namespace", namespace, *step.command.split()]
        done = kubectl(self.cluster, *arguments, given=text, user=step.user)
        return done.returncode, _in_words(done.stderr + done.stdout)


def _in_words(said: str) -> str:
    for pattern, word in _WORDS:
        said = re.sub(pattern, word, said)
    return said


def recorded(home: Path) -> tuple[str, ...]:
    """What a trail has of decisions and of uses of exemptions and grants."""
    with open_trail(str(home)) as trail:
        size = trail.store.head().size
        entries = [parse_entry(entry).value for entry in trail.store.entries(0, size)]
    return tuple([_in_words(text) for value in entries if (text := _told(value))])


def _told(value: Mapping[str, object]) -> str:
    if value["kind"] == "decision":
        return f"{value['outcome']} {value['operation']} {value['resource']}"
    if value["kind"] == "exemption" and value["event"] == "used":
        return f"exempted by {value['exemption']}"
    if value["kind"] == "break-glass" and value["event"] == "used":
        return f"let through by {value['grant']}: {value['outcome']} {value['operation']} {value['resource']}"
    return ""


def _listed(given: Json | Sequence[Json]) -> str:
    if isinstance(given, dict):
        return json.dumps(given)
    return "\n".join([json.dumps(one) for one in given])


def _apply(cluster: Cluster, *values: Json) -> tuple[int, str]:
    done = kubectl(cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", given=_listed(values))
    return done.returncode, done.stderr


def _apply_all(cluster: Cluster, *values: Json) -> None:
    """Until it is done: kinds are served a moment after they are defined."""
    until(lambda: _apply(cluster, *values)[0] == 0, lambda: _apply(cluster, *values))


def _prepare(cluster: Cluster, scenarios: Sequence[Scenario]) -> None:
    """Namespaces, and what is in them before there is a webhook."""
    spaces = [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": one.name, "labels": dict(one.labels)},
        }
        for one in scenarios
    ]
    reports = [
        report_definition(REPORT.kind, "Namespaced"),
        report_definition(CLUSTER_REPORT.kind, "Cluster"),
    ]
    _apply_all(cluster, manifest("Namespace", DATABASES), KUBELETS, *spaces, *reports)
    there = [
        {**value, "metadata": {"namespace": one.name, **value["metadata"]}}
        for one in scenarios
        for value in one.there
    ]
    if there:
        _apply_all(cluster, *there)


def _grant_inventory(cluster: Cluster) -> None:
    """What an administrator grants, gathered as the controller does that is not here."""
    rules = [
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["get", "list", "watch"]}
    ]
    path = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{INVENTORY}"
    status, role = cluster.ask("GET", path)
    assert status == 200, role
    status, said = cluster.ask("PUT", path, {**role, "rules": rules})
    assert status == 200, said


def _until_all_is_in_force(installation: Installation, values: Sequence[Json]) -> None:
    """Until every worker goes by all policies, and the API server sends what these ask for."""
    cluster, server = installation.cluster, installation.server
    live = LiveGate(LiveSettings(cache=open_cache(None, os.environ), ledger_cluster=DEFAULT_CLUSTER))
    live.apply(present(*values), frozenset())
    assert live.state is not None
    policies = f"lockgate_policies {len(live.state.gate.policies.policies)}.0"
    until(
        lambda: policies in server.probe("/metrics")[1].splitlines(), lambda: server.log.read_text()[-3000:]
    )
    until(lambda: server.probe("/readyz")[0] == 200, lambda: server.probe("/readyz"))
    asked_for = rules_of(live.state, discover(Listing(api_client(cluster.kubeconfig()))).resources)
    rules = {name: [render_rule(one) for one in some] for name, some in asked_for.items()}

    def told() -> bool:
        found = {
            one["name"]: one.get("rules") or [] for one in cluster.ask("GET", CONFIGURATION)[1]["webhooks"]
        }
        return all(found[name] == some for name, some in rules.items() if name in found)

    until(told, lambda: cluster.ask("GET", CONFIGURATION)[1])
    # The API server goes by a configuration a moment after it has it.
    asked = config_map("asked")
    path = "/api/v1/namespaces/under-traffic/configmaps?dryRun=All"
    until(lambda: cluster.ask("POST", path, asked)[0] == 403, lambda: cluster.ask("POST", path, asked))


@contextmanager
def installed(folder: Path, scenarios: Sequence[Scenario]) -> Iterator[Installation]:
    """A cluster in which everything that the scenarios need is there and in force."""
    assert run(["audit", "init", str(folder / "trail"), "--origin", "lockgate.test/scenarios"]) == 0
    with running_cluster({**USERS, ACCOUNT: ""}, OPTIONS) as cluster:
        _prepare(cluster, scenarios)
        configurations = install(
            cluster,
            *("--database=postgres", f"--database-namespace={DATABASES}", f"--exclude-namespace={EXCLUDED}"),
        )
        _grant_inventory(cluster)
        kubeconfig = folder / "account.kubeconfig"
        kubeconfig.write_text(cluster.kubeconfig(ACCOUNT).read_text())
        made = Installation(cluster, Serving(folder, kubeconfig), folder)
        with made.beside:
            made.serving.start(made.home)
            try:
                _apply_all(cluster, *TEMPLATES, policy_value())
                in_force = [value for one in scenarios for value in one.in_force]
                _apply_all(cluster, *in_force)
                register(cluster, configurations, made.server)
                _until_all_is_in_force(made, [*TEMPLATES, *in_force])
                yield made
            finally:
                made.serving.stop()
