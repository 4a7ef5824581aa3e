"""`lockgate serve` whose policies are the cluster's: applied with kubectl, in force at once, and through restarts."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.serving_cluster import ACCOUNT, CONFIGURATION, apply_text, apply_values, serving_cluster, until
from tests.engine.http_server import certificate, tls_of
from tests.gatekeeper.external_data.making import OPEN, provider
from tests.gatekeeper.external_data.provider_server import serving
from tests.gatekeeper.workbench import constraint, template
from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    TEMPLATE,
    Server,
    config_map,
    review_of,
    running_server,
    write_policies,
)

pytestmark = pytest.mark.e2e

Json = dict[str, Any]

DENIED = 'admission webhook "validation.lockgate.dev" denied the request: [owners] nobodys has no owner'
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({ACCOUNT: ""}) as made:
        yield made


@pytest.fixture(scope="module")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_cluster(cluster, tmp_path_factory.mktemp("serve")) as made:
        yield made


@pytest.fixture
def policy(cluster: Cluster, server: Server) -> None:
    """A template and its constraint, in force, whatever another test has made of them."""
    until(lambda: apply_text(cluster, TEMPLATE)[0] == 0, lambda: apply_text(cluster, TEMPLATE))
    # The server makes the constraint's kind.
    until(lambda: apply_text(cluster, CONSTRAINT)[0] == 0, lambda: apply_text(cluster, CONSTRAINT))
    until(lambda: DENIED in ask(cluster), lambda: (ask(cluster), server.log.read_text()[-3000:]))


def ask(cluster: Cluster, **metadata: Any) -> str:
    """What kubectl says to a ConfigMap that is not kept."""
    given = json.dumps(config_map("nobodys", **metadata))
    done = kubectl(cluster, "create", "--dry-run=server", "-f", "-", given=given)
    return done.stdout + done.stderr


def test_what_kubectl_applies_is_in_force(cluster: Cluster, policy: None) -> None:
    assert DENIED in ask(cluster)
    assert "created" in ask(cluster, labels={"owner": "me"})


def test_its_status_is_told(cluster: Cluster, policy: None) -> None:
    path = "/apis/constraints.gatekeeper.sh/v1beta1/needsowner/owners"

    def told() -> Any:
        return cluster.ask("GET", path)[1].get("status", {}).get("byPod", [])

    until(lambda: [one.get("enforced") for one in told()] == [True], told)


def test_the_api_server_is_told_what_to_send(cluster: Cluster, policy: None) -> None:
    def resources() -> list[Any]:
        webhooks = cluster.ask("GET", CONFIGURATION)[1]["webhooks"]
        return [rule["resources"] for rule in webhooks[0].get("rules", [])]

    assert resources() == [["configmaps"]]
    match = 'match: {kinds: [{apiGroups: [""], kinds: [ConfigMap, Secret]}]}'
    changed = CONSTRAINT.replace('match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}', match)
    assert apply_text(cluster, changed) == (0, "")
    until(lambda: resources() == [["configmaps", "secrets"]], resources)
    assert apply_text(cluster, CONSTRAINT) == (0, "")
    until(lambda: resources() == [["configmaps"]], resources)


def test_a_configuration_that_somebody_changes_is_told_and_its_rules_are_mended(
    cluster: Cluster, policy: None, server: Server
) -> None:
    def change(patch: list[Json]) -> Json:
        done = kubectl(
            cluster,
            "patch",
            "validatingwebhookconfiguration",
            "lockgate",
            "--type=json",
            "-p",
            json.dumps(patch),
        )
        assert done.returncode == 0, done.stderr
        found: Json = cluster.ask("GET", CONFIGURATION)[1]
        return found

    def problems() -> str:
        (line,) = [
            one
            for one in server.probe("/metrics")[1].splitlines()
            if one.startswith("lockgate_webhook_problems")
        ]
        return line.rpartition(" ")[2]

    assert problems() == "0.0"
    before = cluster.ask("GET", CONFIGURATION)[1]["webhooks"][0]["rules"]
    places = [{"op": "replace", "path": "/webhooks/0/rules/0/resources", "value": ["nothing"]}]
    assert change(places)["webhooks"][0]["rules"] != before
    until(lambda: cluster.ask("GET", CONFIGURATION)[1]["webhooks"][0]["rules"] == before)
    change([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}])
    told = {"what": "webhook validation.lockgate.dev", "reason": "its failurePolicy is Ignore, and not Fail"}

    def says(event: str, line: Json) -> bool:
        return any(line.items() <= one.items() for one in server.events(event))

    until(lambda: says("webhook configuration changed", told), server.log.read_text)
    until(lambda: problems() == "1.0", problems)
    change([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}])
    until(lambda: says("webhook configuration mended", {"what": told["what"]}), server.log.read_text)
    until(lambda: problems() == "0.0", problems)


ASKS = """package asksowner

violation[{"msg": msg}] {
  owner := input.review.object.metadata.labels.asks
  response := external_data({"provider": "p", "keys": [owner]})
  msg := said(response)[_]
}

said(r) = m {
  r.system_error == ""
  m := [sprintf("%v: %v", e) | e := r.errors[_]]
}

said(r) = [r.system_error] { r.system_error != "" }
"""


def test_a_provider_that_is_applied_is_asked(cluster: Cluster, policy: None, tmp_path: Path) -> None:
    labelled = {"matchExpressions": [{"key": "asks", "operator": "Exists"}]}
    match = {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}], "labelSelector": labelled}
    asks = template(ASKS, kind="AsksOwner", schema=OPEN)
    bound = constraint({"match": match}, kind="AsksOwner", name="asked")
    paths = certificate(tmp_path, "127.0.0.1")

    def says(owner: str, text: str) -> None:
        until(lambda: text in ask(cluster, labels={"owner": "me", "asks": owner}), lambda: ask(cluster))

    def swept() -> list[str]:
        found = cluster.ask("GET", "/apis/constraints.gatekeeper.sh/v1beta1/asksowner/asked")[1]
        return [one["message"] for one in found.get("status", {}).get("violations", [])]

    with serving(tls_of(paths)) as one, serving(tls_of(paths)) as two:
        two.refused.add("ada")
        values = [provider(f"https://{server.address}/ask", paths[0].read_bytes()) for server in (one, two)]
        try:
            # As whoever installs grants it, for the sweep.
            may = ["clusterrole", "reads-config-maps", "--verb=get,list", "--resource=configmaps"]
            assert kubectl(cluster, "create", *may).returncode == 0
            bind = ["clusterrolebinding", "reads-config-maps", "--clusterrole=reads-config-maps"]
            assert kubectl(cluster, "create", *bind, f"--user={ACCOUNT}").returncode == 0
            # It was there before.
            assert (
                apply_values(cluster, config_map("older", labels={"owner": "me", "asks": "bad-old"}))[0] == 0
            )
            until(lambda: apply_values(cluster, asks, values[0])[0] == 0)
            # The server makes the constraint's kind.
            until(lambda: apply_values(cluster, bound)[0] == 0)
            says("bad-eve", "[asked] bad-eve: no such thing")
            says("ada", "created")
            # The sweep asks too.
            until(lambda: swept() == ["bad-old: no such thing"], swept)
            assert apply_values(cluster, values[1]) == (0, "")
            says("ada", "[asked] ada: no such thing")
            done = kubectl(cluster, "delete", "provider", "p")
            assert done.returncode == 0, done.stderr
            says("ada", "[asked] key is not found in provider cache")
        finally:
            kubectl(cluster, "delete", "constrainttemplate", "asksowner")
            kubectl(cluster, "delete", "configmap", "older")
            kubectl(cluster, "delete", "clusterrolebinding,clusterrole", "reads-config-maps")
            says("bad-eve", "created")


def test_a_wrong_provider_is_refused(cluster: Cluster, server: Server) -> None:
    value = provider("http://p.example/ask")
    code, said = apply_values(cluster, value)
    assert code == 1
    assert "spec.url: invalid Provider: only HTTPS is supported for Providers" in said


def test_a_broken_template_is_refused_with_its_line(cluster: Cluster, server: Server) -> None:
    broken = TEMPLATE.replace("not input.review", "not nothing(input.review)\n        not input.review")
    code, said = apply_text(cluster, broken)
    assert code != 0
    assert 'admission webhook "policies.lockgate.dev" denied the request: ' in said
    assert "spec.targets[0].rego:3:7: rego_type_error: undefined function nothing" in said


def test_a_wrong_constraint_is_refused(cluster: Cluster, policy: None) -> None:
    code, said = apply_text(cluster, CONSTRAINT.replace("enforcementAction: deny", "enforcementAction: dney"))
    assert code != 0
    assert "policies.lockgate.dev" in said
    assert "dney" in said


def test_a_wrong_exemption_is_refused(cluster: Cluster, server: Server) -> None:
    value = {
        "apiVersion": "exemptions.lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": "misspelt"},
        "spec": {
            "policies": [{"kind": "A", "nmae": "one"}],
            "match": {"kinds": [{"kinds": ["Pod"]}]},
            "reason": "r",
            "owner": "o",
            "issuedAt": "2026-11-01T00:00:00Z",
            "expiresAt": "2026-12-01T00:00:00Z",
        },
    }
    code, said = apply_values(cluster, value)
    assert code != 0
    assert "nmae" in said


def test_a_namespace_that_was_made_a_moment_ago_is_known(cluster: Cluster, policy: None) -> None:
    code, said = apply_values(
        cluster,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fresh"}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "in-it", "namespace": "fresh", "labels": {"owner": "me"}},
        },
    )
    assert (code, said) == (0, "")


def test_a_namespace_cannot_let_itself_past_gatekeeper(cluster: Cluster, server: Server) -> None:
    label = {"admission.gatekeeper.sh/ignore": "yes"}
    value = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "sly", "labels": label}}
    code, said = apply_values(cluster, value)
    assert code != 0
    assert "Only exempt namespace can have the admission.gatekeeper.sh/ignore label" in said


def test_a_policy_changes_under_traffic_and_nothing_fails(cluster: Cluster, policy: None) -> None:
    answers: list[tuple[int, str]] = []
    ends = Event()

    def press() -> None:
        count = 0
        while not ends.is_set():
            count += 1
            value = config_map(f"pressed-{count}", labels={"owner": "me"})
            status, body = cluster.ask("POST", f"{CONFIG_MAPS}?dryRun=All", value)
            answers.append((status, "" if status == 201 else str(body)))

    pressing = [Thread(target=press) for _ in range(2)]
    for one in pressing:
        one.start()
    try:
        for said in ("nobody owns it", "has no owner"):
            changed = TEMPLATE.replace("has no owner", said)
            assert apply_text(cluster, changed) == (0, "")
            until(lambda said=said: f"[owners] nobodys {said}" in ask(cluster))  # type: ignore[misc]
    finally:
        ends.set()
        for one in pressing:
            one.join()
    assert {answer for answer in answers if answer != (201, "")} == set()
    assert len(answers) > 10


def test_an_api_server_that_is_started_anew_meets_the_same_policies(
    cluster: Cluster, server: Server, policy: None
) -> None:
    cluster.server.stop()
    until(lambda: bool(server.events("cluster not reached")))
    # Whoever asks now is answered by what is in force, and probes say so.
    assert server.probe("/readyz")[0] == 200
    cluster.server.start()
    until(lambda: DENIED in ask(cluster), lambda: ask(cluster))
    changed = TEMPLATE.replace("has no owner", "is nobody's")
    until(lambda: apply_text(cluster, changed)[0] == 0, lambda: apply_text(cluster, changed))
    until(lambda: "[owners] nobodys is nobody's" in ask(cluster), lambda: server.log.read_text()[-3000:])


def test_what_the_account_may_write_is_not_judged_and_all_else_is(cluster: Cluster, policy: None) -> None:
    # A namespace whose account has the right to it, as an operator may grant by mistake.
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "too-much"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "cluster-admin",
        },
        "subjects": [
            {"kind": "ServiceAccount", "name": "lockgate", "namespace": "lockgate-system"},
            {"kind": "User", "name": ACCOUNT, "apiGroup": "rbac.authorization.k8s.io"},
        ],
    }
    assert apply_values(cluster, binding)[0] == 0
    try:

        def written() -> tuple[int, Any]:
            return cluster.ask("POST", f"{CONFIG_MAPS}?dryRun=All", config_map("nobodys"), ACCOUNT)

        until(lambda: written()[0] == 403 and "has no owner" in written()[1]["message"], written)
    finally:
        assert kubectl(cluster, "delete", "clusterrolebinding", "too-much").returncode == 0


def test_without_templates_kinds_a_server_waits_and_one_with_files_does_not(tmp_path: Path) -> None:
    with running_cluster() as empty:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(empty.kubeconfig().read_text())
        options = ("--kubeconfig", str(kubeconfig))
        with running_server(tmp_path, None, options, event="waiting for the cluster") as server:
            until(lambda: "ConstraintTemplates" in server.probe("/readyz")[1])
            assert server.probe("/readyz")[0] == 503
            assert server.probe("/healthz")[0] == 200
            assert server.events("ready") == []
        with running_server(tmp_path, write_policies(tmp_path), (*options, "--inventory=cluster")) as server:
            assert not server.admit(review_of(config_map()))["allowed"]
            assert server.admit(review_of(config_map(labels={"owner": "me"})))["allowed"]
            # All Namespaces are known, and this is none of them.
            answer = server.admit(review_of(config_map(namespace="nowhere", labels={"owner": "me"})))
            assert answer["status"] == {
                "metadata": {},
                "message": 'Namespace "nowhere" not found',
                "code": 500,
            }
