"""Who calls: a kube-apiserver with a client certificate is known by it, and nobody else is answered."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from lockgate.audit.entry import parse_entry
from lockgate.audit.seen import SeenRecords, is_claim
from lockgate.webhook.cli import run
from lockgate.webhook.trail_reading import open_reading

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.processes import free_port
from tests.e2e.scenarios.beside import webhook_for
from tests.e2e.serving_cluster import apply_values, until
from tests.shared_folder import ROOT
from tests.webhook.serving.server_processes import (
    ADDRESS,
    TEMPLATE,
    Identity,
    Json,
    Server,
    config_map,
    issue_identity,
    review_of,
    running_server,
    write_identity,
    write_policies,
)

pytestmark = pytest.mark.e2e

NAMESPACE = "called"


def documented(kind: str) -> str:
    """The example of the page for installing."""
    page = (ROOT / "docs" / "install.md").read_text()
    (found,) = [one for one in page.split("```yaml\n") if f"kind: {kind}\n" in one.partition("```")[0]]
    return found.partition("```")[0]


def write_admission(folder: Path, port: int, caller: Identity) -> Path:
    """What the page says, with the places and the address of this test."""
    kubeconfig, configuration = folder / "webhooks.kubeconfig", folder / "admission.yaml"
    placed = documented("Config").replace("/etc/kubernetes/lockgate/caller.crt", str(caller.certificate))
    placed = placed.replace("/etc/kubernetes/lockgate/caller.key", str(caller.key))
    kubeconfig.write_text(placed.replace("lockgate.lockgate-system.svc", f"{ADDRESS}:{port}"))
    text = documented("AdmissionConfiguration")
    configuration.write_text(text.replace("/etc/kubernetes/lockgate/webhooks.kubeconfig", str(kubeconfig)))
    assert yaml.safe_load(configuration.read_text())["plugins"][0]["name"] == "ValidatingAdmissionWebhook"
    return configuration


@contextmanager
def calling(
    folder: Path, name: str, policies: Sequence[str] = (), resources: Sequence[str] = ("configmaps",)
) -> Iterator[tuple[Cluster, Server, Path, Identity]]:
    """A cluster whose API server shows a certificate for a name to a server that wants `kube-apiserver`."""
    home, authority, port = folder / "trail", write_identity(folder, "authority"), free_port()
    assert run(["audit", "init", str(home), "--origin", "lockgate.test/callers"]) == 0
    configuration = write_admission(folder, port, issue_identity(folder, authority, name))
    with running_cluster(options=[f"--admission-control-config-file={configuration}"]) as cluster:
        options = ["--client-ca", str(authority.certificate), "--client-name", "kube-apiserver"]
        options += ["--listen", f"{ADDRESS}:{port}", "--trail", str(home)]
        options += ["--inventory", "cluster", "--kubeconfig", str(cluster.kubeconfig())]
        with running_server(folder, write_policies(folder, *policies), options) as server:
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
            assert apply_values(cluster, space) == (0, "")
            hook = webhook_for(server, NAMESPACE, "/v1/admit")
            every = {"apiGroups": ["*"], "operations": ["*"], "resources": [*resources]}
            hook["webhooks"][0]["rules"][0].update(every)
            assert apply_values(cluster, hook) == (0, "")
            yield cluster, server, home, authority


def create(cluster: Cluster, name: str, owner: str = "") -> str:
    labels = {"owner": owner} if owner else {}
    value = config_map(name, labels=labels)
    value["metadata"]["namespace"] = NAMESPACE
    done = kubectl(cluster, "create", "-f", "-", given=json.dumps(value))
    return done.stdout + done.stderr


def states(home: Path) -> list[tuple[str, str, bool | None]]:
    """Outcome and caller of each decision, and whether its object was seen; None for what claims nothing."""
    with open_reading(str(home)) as reading:
        standing = reading.standing()
        seen = SeenRecords(reading.reader, standing, 0)
        found = []
        for index, data in enumerate(reading.reader.entries(0, standing.checkpoint.size)):
            entry = parse_entry(data)
            if entry.kind == "decision":
                state = seen.seen_at(index, entry) is not None if is_claim(entry.value) else None
                found.append((str(entry.value["outcome"]), str(entry.value["caller"]), state))
        return found


def let_through(home: Path) -> list[tuple[str, str, bool | None]]:
    return [one for one in states(home) if one[0] == "allow"]


def test_the_api_servers_certificate_is_known_and_what_it_sends_is_seen(tmp_path: Path) -> None:
    with calling(tmp_path, "kube-apiserver") as (cluster, server, home, authority):
        # The webhook is asked a moment after it is applied.
        until(lambda: "[owners] unowned has no owner" in create(cluster, "unowned"))
        assert create(cluster, "kept", "me") == "configmap/kept created\n"
        changed = kubectl(cluster, "-n", NAMESPACE, "label", "configmap", "kept", "a=b")
        assert changed.stdout == "configmap/kept labeled\n"
        # Somebody else, whose review is for an object that never comes, and who has a certificate of the CA.
        body = json.dumps(review_of(config_map("forged", labels={"owner": "me"}, uid="1-2-3"))).encode()
        assert server.post(body)[0] == 401
        assert server.post(body, client=issue_identity(tmp_path, authority, "kubelet"))[0] == 401
        # Who has the API server's own certificate is believed, until nothing is seen.
        own = Identity(tmp_path / "client-kube-apiserver.crt", tmp_path / "client-kube-apiserver.key")
        assert server.post(body, client=own)[0] == 200
        expected = [("allow", "mtls", True), ("allow", "mtls", True), ("allow", "mtls", False)]
        until(lambda: let_through(home) == expected, lambda: (states(home), server.log.read_text()[-2000:]))
        denied = [one for one in states(home) if one[0] != "allow"]
        assert denied and set(denied) == {("deny", "mtls", None)}


def test_an_api_server_with_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with calling(tmp_path, "kubelet") as (cluster, _, home, _):
        until(lambda: "failed calling webhook" in create(cluster, "kept", "me"))
        assert states(home) == []


EVERY = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: NeedsOwner
metadata: {name: owners}
spec:
  match: {namespaces: [called], scope: Namespaced}
"""
STATUS = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}


def objects() -> list[Json]:
    """One of many kinds, each with what the API server fills in."""
    labels = {"owner": "me"}
    spec = {"containers": [{"name": "app", "image": "registry.example/app:1"}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    selector = {"matchLabels": labels}
    sets = {"selector": selector, "template": template}
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    request = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}}
    listed: list[tuple[str, str, Json]] = [
        ("v1", "Pod", {"spec": spec}),
        ("v1", "Service", {"spec": {"selector": labels, "ports": [{"port": 80}]}}),
        ("v1", "ServiceAccount", {}),
        ("v1", "Secret", {"stringData": {"a": "b"}}),
        ("v1", "PersistentVolumeClaim", {"spec": storage}),
        ("apps/v1", "Deployment", {"spec": sets}),
        ("apps/v1", "StatefulSet", {"spec": {**sets, "serviceName": "app"}}),
        ("batch/v1", "Job", {"spec": {"template": {"spec": {**spec, "restartPolicy": "Never"}}}}),
        ("networking.k8s.io/v1", "NetworkPolicy", {"spec": {"podSelector": {}}}),
        ("rbac.authorization.k8s.io/v1", "Role", {"rules": [rule]}),
        ("resource.k8s.io/v1", "ResourceClaim", {"spec": request}),
        (
            "example.com/v1",
            "Widget",
            {"spec": {"size": 1.50, "big": 12345678901234567890, "text": "\u00e9\u2028"}},
        ),
    ]
    return [
        {
            "apiVersion": version,
            "kind": kind,
            "metadata": {"name": f"a-{kind.lower()}", "namespace": NAMESPACE, "labels": labels},
            **more,
        }
        for version, kind, more in listed
    ]


def widgets() -> Json:
    """A kind of which the API server knows nothing."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    names = {"kind": "Widget", "plural": "widgets"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]},
    }


def test_what_a_killed_server_left_claimed_is_seen_by_the_next_one(tmp_path: Path) -> None:
    with calling(tmp_path, "kube-apiserver") as (cluster, server, home, authority):
        until(lambda: "has no owner" in create(cluster, "unowned"))
        assert "configmap/first created" in create(cluster, "first", "me")
        # Applied: a part of what was judged is not in the record as it was.
        value = {**config_map("second", labels={"owner": "me"}), "data": {"a": "b"}}
        value["metadata"]["namespace"] = NAMESPACE
        assert apply_values(cluster, value) == (0, "")
        server.process.kill()
        server.process.wait()
        assert set(let_through(home)) == {("allow", "mtls", False)}
        options = ["--client-ca", str(authority.certificate), "--client-name", "kube-apiserver"]
        options += ["--trail", str(home), "--inventory", "cluster"]
        options += ["--kubeconfig", str(cluster.kubeconfig())]
        with running_server(tmp_path, tmp_path / "policies", options, identity=server.identity) as other:
            assert other.wait_for("claims taken over")["records"] == len(let_through(home))
            until(
                lambda: set(let_through(home)) == {("allow", "mtls", True)},
                lambda: (let_through(home), other.log.read_text()[-3000:]),
            )


def test_what_comes_is_seen_as_it_was_judged_whatever_its_kind(tmp_path: Path) -> None:
    resources = ("*", "pods/status", "pods/ephemeralcontainers")
    with calling(tmp_path, "kube-apiserver", (TEMPLATE, EVERY), resources) as (cluster, server, home, _):
        assert apply_values(cluster, widgets()) == (0, "")
        until(lambda: "[owners] unowned has no owner" in create(cluster, "unowned"))
        made = objects()
        asked = 0

        def say(*arguments: str, given: str = "") -> bool:
            nonlocal asked
            done = kubectl(cluster, "-n", NAMESPACE, *arguments, given=given)
            asked += done.returncode == 0
            return done.returncode == 0

        for value in made:
            until(lambda value=value: say("create", "-f", "-", given=json.dumps(value)))  # type: ignore[misc]
        # Claims are told within seconds, and what is watched from then on is seen however soon it changes.
        until(lambda: len(let_through(home)) >= asked and all(one[2] for one in let_through(home)[-3:]))
        assert say("patch", "pod", "a-pod", "--subresource=status", "--type=merge", "-p", json.dumps(STATUS))
        assert say("annotate", "deployment", "a-deployment", "a=b")
        assert say("patch", "widget", "a-widget", "--type=merge", "-p", '{"spec":{"size":2.75e3}}')
        for value in made:
            assert say("delete", value["kind"], value["metadata"]["name"], "--wait=false")

        def is_all_seen() -> bool:
            # The API server itself may ask for more than was asked of it.
            found = let_through(home)
            return len(found) >= asked and set(found) == {("allow", "mtls", True)}

        until(is_all_seen, lambda: (asked, let_through(home), server.log.read_text()[-3000:]))
