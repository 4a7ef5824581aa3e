"""One cluster with one installed `lockgate serve`, for all scenarios: the server runs beside the cluster."""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from lockgate.audit.entry import parse_entry
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.scenarios.policies import TEMPLATES
from tests.e2e.scenarios.scenario import Json, Scenario, Step
from tests.e2e.scenarios.users import USERS
from tests.gatekeeper.break_glass.making import policy_value
from tests.webhook.serving.server_processes import ADDRESS, Server, running_server

OPTIONS = (
    "--runtime-config=resource.k8s.io/v1beta1=true,resource.k8s.io/v1beta2=true",
    # With it the scheduler makes claims of its own.
    "--feature-gates=DRAExtendedResource=true",
)
IMAGE = f"registry.example.com/lockgate@sha256:{'7' * 64}"
EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Installation:
    """A cluster and the server that it asks. folder: of the server's `policies`, its grants (`glass`) and its `trail`.

    beside: what runs for one scenario only; closed at its end.
    """

    cluster: Cluster
    server: Server
    folder: Path
    beside: ExitStack = field(default_factory=ExitStack)

    def recorded(self) -> tuple[str, ...]:
        """What the trail has of decisions and of uses of exemptions and grants."""
        return recorded(self.folder / "trail")

    def run(self, step: Step, namespace: str) -> tuple[int, str]:
        """Exit code and output of a step, with words for what is never the same.

        Without what newer API servers say of older versions of a kind.
        """
        given = step.given if isinstance(step.given, str) else _listed(step.given)
        arguments = ["--namespace", namespace, *step.command.split()]
        done = kubectl(self.cluster, *arguments, given=given, user=step.user)
        said = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", done.stderr + done.stdout)
        said = re.sub(r"(?m)^Warning: \S+ \S+ is deprecated in v.*\n", "", said)
        return done.returncode, re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", said)


def recorded(home: Path) -> tuple[str, ...]:
    """What a trail has of decisions and of uses of exemptions and grants."""
    with open_trail(str(home)) as trail:
        size = trail.store.head().size
        entries = [parse_entry(entry).value for entry in trail.store.entries(0, size)]
    return tuple([text for value in entries if (text := _told(value))])


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


def _apply(cluster: Cluster, *values: Json) -> None:
    done = kubectl(cluster, "apply", "--server-side", "-f", "-", given=_listed(values))
    assert done.returncode == 0, done.stderr


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
    _apply(cluster, *spaces)
    there = [
        {**value, "metadata": {"namespace": one.name, **value["metadata"]}}
        for one in scenarios
        for value in one.there
    ]
    if there:
        _apply(cluster, *there)


def _write_policies(folder: Path, scenarios: Sequence[Scenario]) -> Path:
    place = folder / "policies"
    place.mkdir()
    (place / "templates.yaml").write_text(yaml.safe_dump_all(TEMPLATES, sort_keys=False))
    for one in scenarios:
        if one.in_force:
            (place / f"{one.name}.yaml").write_text(yaml.safe_dump_all(one.in_force, sort_keys=False))
    return place


def _install(cluster: Cluster, server: Server, policies: Path) -> None:
    """Applies what `lockgate install` writes, but that the API server calls a process on this machine."""
    folder = cluster.folder / "installed"
    options = ["--image", IMAGE, "--mode", "enforce", "--with-gatekeeper-crds", "-p", str(policies)]
    options += [f"--exclude-namespace={EXCLUDED}"]
    assert run(["install", *options, "--output", str(folder)]) == 0
    names = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    for name in names:
        values = [one for one in yaml.safe_load_all((folder / name).read_text()) if one]
        done = kubectl(
            cluster, "apply", "-f", "-", given=_listed([_called_here(one, server) for one in values])
        )
        assert done.returncode == 0, done.stderr


def _called_here(value: Json, server: Server) -> Json:
    if value["kind"] != "ValidatingWebhookConfiguration":
        return value
    authority = base64.b64encode(server.identity.certificate.read_bytes()).decode()
    hooks = []
    for one in value["webhooks"]:
        path = one["clientConfig"]["service"]["path"]
        called = {"url": f"https://{ADDRESS}:{server.port}{path}", "caBundle": authority}
        hooks.append({**one, "clientConfig": called})
    return {**value, "webhooks": hooks}


@contextmanager
def installed(folder: Path, scenarios: Sequence[Scenario]) -> Iterator[Installation]:
    """A cluster in which everything that the scenarios need is there and in force."""
    assert run(["audit", "init", str(folder / "trail"), "--origin", "lockgate.test/scenarios"]) == 0
    policies = _write_policies(folder, scenarios)
    (folder / "glass").mkdir()
    (folder / "glass" / "policy.json").write_text(json.dumps(policy_value()))
    options = ["--trail", str(folder / "trail"), "--break-glass", str(folder / "glass")]
    with running_cluster(USERS, OPTIONS) as cluster:
        _prepare(cluster, scenarios)
        # Namespaces and what policies read are the cluster's.
        options += ["--inventory", "cluster", "--kubeconfig", str(cluster.kubeconfig())]
        with running_server(folder, policies, options) as server:
            _install(cluster, server, policies)
            made = Installation(cluster, server, folder)
            with made.beside:
                yield made
