"""The sweep on a real API server: what lives in it is judged, told, and told again only when its verdict changes."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lockgate.gatekeeper.exemptions.moments import SECOND_NS, render_moment
from lockgate.webhook.cluster.sweep_run import Followed, SweepParts, SweepResult, SweepRun
from lockgate.webhook.cluster.sweep_writer import SweepWriter
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.policy_reports import CLUSTER_REPORT, REPORT
from lockgate.webhook.serving.sweep import Sweep, VerdictChange

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.live_cluster import api_client, live_beside
from tests.e2e.processes import free_port
from tests.e2e.test_cluster_source import apply, apply_in_one_go, define, delete
from tests.engine.http_server import certificate, tls_of
from tests.gatekeeper.exemptions.making import exemption
from tests.gatekeeper.external_data.making import provider
from tests.gatekeeper.external_data.provider_server import serving
from tests.gatekeeper.workbench import constraint, manifest, template

pytestmark = pytest.mark.e2e

SECONDS = 120
LABELLED = """package probe

violation[{"msg": msg}] {
  input.review.object.metadata.labels.bad
  msg := sprintf("%v is bad", [input.review.object.metadata.name])
}
"""
PROBE = "/apis/constraints.gatekeeper.sh/v1beta1/probe/probe"
CONFIGMAPS = {"match": {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}]}}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


class Sweeping:
    """A sweep whose clock the test moves. told: the object and the verdict of each change."""

    def __init__(self, cluster: Cluster) -> None:
        self.api: Any = api_client(cluster.kubeconfig())
        self.now_ns = time.time_ns()
        self.told: list[tuple[str, str]] = []
        parts = SweepParts(
            Sweep(),
            self._tell,
            SweepWriter(self.api),
            lambda: self.now_ns,
            lambda: True,
        )
        settings = LiveSettings(point="audit.gatekeeper.sh")
        self.run = SweepRun(self.api, parts, settings, Followed(), Random(1))

    def _tell(self, changes: Sequence[VerdictChange]) -> list[ObjectKey]:
        self.told += [(one.key.name, one.judged.decision.verdict) for one in changes]
        return [one.key for one in changes]

    def until(self, is_done: Callable[[SweepResult], bool]) -> SweepResult:
        """Passes until one has come to something: what was applied is told by watches, later."""
        end = time.monotonic() + SECONDS
        while True:
            self.run.follow(0.2)
            result = self.run.run_pass()
            if is_done(result):
                return result
            assert time.monotonic() < end, result

    def until_told(self, *changes: tuple[str, str]) -> None:
        """Passes until exactly these changes were told since the last time."""
        self.until(lambda _: len(self.told) >= len(changes))
        assert sorted(self.told) == sorted(changes)
        self.told.clear()


@contextmanager
def sweeping(cluster: Cluster) -> Iterator[Sweeping]:
    made = Sweeping(cluster)
    try:
        made.run.settle()
        yield made
    finally:
        made.run.close()
        made.api.close()


def violations(result: SweepResult) -> dict[str, int]:
    return {str(total.policy): total.violations for total in result.totals}


def status(cluster: Cluster) -> Any:
    return cluster.ask("GET", PROBE)[1].get("status", {})


def bad(name: str, **more: Any) -> Any:
    return manifest("ConfigMap", name, namespace="default", labels={"bad": "yes"}, **more)


def prepared(cluster: Cluster) -> None:
    """The kinds of templates and of the constraint."""
    define(cluster)
    with live_beside(cluster) as live:
        apply_in_one_go(cluster, live, template(LABELLED, schema={"type": "object"}), constraint(CONFIGMAPS))
    delete(cluster, "probe", "probe")


def test_what_lives_is_found_and_a_status_follows_it(cluster: Cluster) -> None:
    prepared(cluster)
    apply(cluster, bad("one"), bad("two"), manifest("ConfigMap", "good", namespace="default"))
    with sweeping(cluster) as sweep:
        assert violations(sweep.until(lambda _: True)) == {}
        # A policy that is added finds what was there before.
        apply(cluster, constraint(CONFIGMAPS))
        sweep.until_told(("one", "deny"), ("two", "deny"))
        found = status(cluster)
        assert found["totalViolations"] == 2
        assert found["violations"] == [
            {
                "group": "",
                "version": "v1",
                "kind": "ConfigMap",
                "namespace": "default",
                "name": name,
                "message": f"{name} is bad",
                "enforcementAction": "deny",
            }
            for name in ("two", "one")
        ]
        assert found["auditTimestamp"] == render_moment(sweep.now_ns)
        # Nothing has changed: nothing is judged, told or written.
        version = cluster.ask("GET", PROBE)[1]["metadata"]["resourceVersion"]
        assert sweep.until(lambda _: True).passed.judged == 0
        assert cluster.ask("GET", PROBE)[1]["metadata"]["resourceVersion"] == version
        # What is mended is told, and the status shrinks; so does it with what is gone.
        apply(cluster, manifest("ConfigMap", "one", namespace="default", labels={}))
        kubectl(cluster, "label", "configmap", "one", "bad-")
        sweep.until_told(("one", "allow"))
        assert status(cluster)["totalViolations"] == 1
        delete(cluster, "configmap", "two")
        sweep.until(lambda result: violations(result) == {"Probe/probe": 0})
        found = status(cluster)
        assert found["totalViolations"] == 0
        assert "violations" not in found
        assert sweep.told == []


def test_an_exemption_that_ends_is_told_though_nothing_has_changed(cluster: Cluster) -> None:
    prepared(cluster)
    apply(cluster, bad("one"), constraint(CONFIGMAPS))
    with sweeping(cluster) as sweep:
        sweep.until_told(("one", "deny"))
        end_ns = sweep.now_ns + 3_600 * SECOND_NS
        apply(
            cluster,
            exemption(
                policies=[{"kind": "Probe", "name": "probe"}],
                match={"namespaces": ["default"]},
                issuedAt=render_moment(sweep.now_ns - 60 * SECOND_NS),
                expiresAt=render_moment(end_ns),
            ),
        )
        sweep.until_told(("one", "allow"))
        assert status(cluster)["totalViolations"] == 0
        sweep.now_ns = end_ns + SECOND_NS
        sweep.until_told(("one", "deny"))
        assert status(cluster)["totalViolations"] == 1


def report_definition(kind: str, scope: str) -> Any:
    """The kind as wg-policy-prototypes defines it, in what is written here."""
    texts = {"type": "string"}
    resource = {
        "type": "object",
        "properties": dict.fromkeys(("apiVersion", "kind", "name", "namespace"), texts),
    }
    result = {
        "type": "object",
        "required": ["policy"],
        "properties": {
            "source": texts,
            "policy": texts,
            "rule": texts,
            "result": {**texts, "enum": ["pass", "fail", "warn", "error", "skip"]},
            "scored": {"type": "boolean"},
            "message": texts,
            "resources": {"type": "array", "items": resource},
            "properties": {"type": "object", "additionalProperties": texts},
        },
    }
    counts = {name: {"type": "integer"} for name in ("pass", "fail", "warn", "error", "skip")}
    schema = {
        "type": "object",
        "properties": {
            "apiVersion": texts,
            "kind": texts,
            "metadata": {"type": "object"},
            "summary": {"type": "object", "properties": counts},
            "results": {"type": "array", "items": result},
        },
    }
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.wgpolicyk8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": "wgpolicyk8s.io",
            "names": {
                "kind": kind,
                "plural": plural,
                "singular": kind.lower(),
                "listKind": f"{kind}List",
            },
            "scope": scope,
            "versions": [
                {
                    "name": "v1alpha2",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


def test_reports_are_written_where_their_kind_is(cluster: Cluster) -> None:
    prepared(cluster)
    apply(cluster, report_definition(REPORT.kind, "Namespaced"))
    apply(cluster, report_definition(CLUSTER_REPORT.kind, "Cluster"))
    everything = {"match": {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap", "Namespace"]}]}}
    apply(cluster, bad("one"), manifest("Namespace", "shop", labels={"bad": "yes"}), constraint(everything))
    path = "/apis/wgpolicyk8s.io/v1alpha2/namespaces/default/policyreports/lockgate"
    of_cluster = "/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports/lockgate"
    with sweeping(cluster) as sweep:
        sweep.until(lambda result: violations(result) == {"Probe/probe": 2} and not result.unwritten)
        sweep.until(lambda _: cluster.ask("GET", path)[0] == 200)
        report = cluster.ask("GET", path)[1]
        assert report["summary"] == {"error": 0, "fail": 1, "skip": 0, "warn": 0}
        (result,) = report["results"]
        assert (result["policy"], result["rule"], result["result"]) == ("Probe", "probe", "fail")
        assert result["message"] == "one is bad"
        assert [one["name"] for one in result["resources"]] == ["one"]
        (result,) = cluster.ask("GET", of_cluster)[1]["results"]
        assert result["resources"] == [{"apiVersion": "v1", "kind": "Namespace", "name": "shop"}]
    delete(cluster, "configmap", "one")
    with sweeping(cluster) as sweep:
        # Another process removes what an earlier one wrote.
        sweep.until(lambda _: cluster.ask("GET", path)[0] == 404)
        assert cluster.ask("GET", of_cluster)[0] == 200


def lockgate(cluster: Cluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig())}
    command = [sys.executable, "-m", "lockgate.webhook", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment
    )


def test_the_command_judges_by_files_and_records_what_has_changed(cluster: Cluster, tmp_path: Path) -> None:
    apply(cluster, bad("one"), bad("two"))
    policies = tmp_path / "policies.json"
    values = [template(LABELLED, schema={"type": "object"}), constraint(CONFIGMAPS)]
    policies.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": values}))
    home = str(tmp_path / "trail")
    made = lockgate(cluster, "audit", "init", home, "--origin", "example.com/lockgate/e2e")
    assert made.returncode == 0, made.stderr

    def swept() -> tuple[int, Any]:
        done = lockgate(cluster, "sweep", "-p", str(policies), "--trail", home, "--format", "json")
        assert done.returncode in (0, 1), (done.stdout, done.stderr)
        return done.returncode, json.loads(done.stdout)

    def recorded() -> list[tuple[str, str, str]]:
        done = lockgate(cluster, "audit", "show", "--trail", home, "--kind", "decision", "--format", "json")
        assert done.returncode == 0, done.stderr
        entries = [one["entry"] for one in json.loads(done.stdout)["entries"]]
        return sorted([(one["operation"], one["resource"], one["outcome"]) for one in entries])

    code, result = swept()
    assert (code, result["changed"], result["errors"]) == (1, 2, [])
    assert [one["violations"] for one in result["constraints"]] == [2]
    assert recorded() == [("sweep", "v1/ConfigMap", "deny")] * 2
    # Another run tells what has changed since.
    assert swept()[1]["changed"] == 0
    kubectl(cluster, "label", "configmap", "one", "bad-")
    assert swept()[1]["changed"] == 1
    assert recorded() == [("sweep", "v1/ConfigMap", "allow"), *[("sweep", "v1/ConfigMap", "deny")] * 2]
    delete(cluster, "configmap", "two")
    code, result = swept()
    assert (code, result["changed"]) == (0, 0)
    assert lockgate(cluster, "audit", "verify", home).returncode in (0, 4)


ASKS = """package probe

violation[{"msg": msg}] {
  response := external_data({"provider": "p", "keys": [input.review.object.metadata.name]})
  msg := sprintf("%v: %v", response.errors[_])
}
"""


def test_the_command_asks_whom_it_may(cluster: Cluster, tmp_path: Path) -> None:
    apply(cluster, bad("bad-one"))
    policies, answers = tmp_path / "policies.json", tmp_path / "answers.json"
    paths = certificate(tmp_path, "127.0.0.1")
    fixture = {"provider": "p", "values": {"bad-one": "fine", "kube-root-ca.crt": "fine"}}
    version = "externaldata.lockgate.dev/v1alpha1"
    answers.write_text(json.dumps({"apiVersion": version, "kind": "ExternalData", "providers": [fixture]}))
    match = {
        **CONFIGMAPS["match"],
        "labelSelector": {"matchExpressions": [{"key": "bad", "operator": "Exists"}]},
    }
    with serving(tls_of(paths)) as server:
        asked = provider(f"https://{server.address}/ask", paths[0].read_bytes())
        values = [template(ASKS, schema={"type": "object"}), constraint({"match": match}), asked]
        policies.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": values}))

        def swept(*options: str) -> tuple[int, list[str], int]:
            done = lockgate(cluster, "sweep", "-p", str(policies), "--format", "json", *options)
            assert done.returncode in (0, 1, 2), done.stderr
            (found,) = json.loads(done.stdout)["constraints"] or [{}]
            shown = [one["message"] for one in found.get("shown", [])]
            return done.returncode, shown, found.get("notEvaluated", 0)

        assert swept() == (0, [], 1)
        assert server.requests == []
        assert swept("--allow-providers") == (1, ["bad-one: no such thing"], 0)
        assert swept("--external-data", str(answers)) == (0, [], 0)
        assert len(server.requests) == 1


def test_it_goes_on_until_it_is_asked_to_end(cluster: Cluster, tmp_path: Path) -> None:
    apply(cluster, bad("one"))
    policies = tmp_path / "policies.json"
    values = [template(LABELLED, schema={"type": "object"}), constraint(CONFIGMAPS)]
    policies.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": values}))
    port = free_port()
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig())}
    command = [sys.executable, "-m", "lockgate.webhook", "sweep", "-p", str(policies), "--every", "1"]
    command += ["--probes", f"127.0.0.1:{port}", "--lease", "default/sweep"]
    log = tmp_path / "sweep.log"
    violation = 'lockgate_sweep_violations{kind="Probe",constraint="probe",action="deny"}'

    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=environment)

    def until(line: str) -> None:
        end = time.monotonic() + SECONDS
        while line not in scraped(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, (line, scraped(port), log.read_text())
            time.sleep(0.2)

    try:
        until(f"{violation} 1")
        apply(cluster, bad("two"))
        until(f"{violation} 2")
        lease = cluster.ask("GET", "/apis/coordination.k8s.io/v1/namespaces/default/leases/sweep")[1]
        assert lease["spec"]["holderIdentity"].endswith(f"-{process.pid}")
        process.terminate()
        assert process.wait(SECONDS) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
    lease = cluster.ask("GET", "/apis/coordination.k8s.io/v1/namespaces/default/leases/sweep")[1]
    assert lease["spec"]["holderIdentity"] == ""


def scraped(port: int) -> list[str]:
    """The lines of its metrics; none before it answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode().splitlines()
    except OSError:
        return []
    finally:
        connection.close()
