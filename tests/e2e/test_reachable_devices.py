"""Which devices a request can reach, on a real API server: as kubectl sees it, and as a running Gatekeeper is answered."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.gatekeeper import Gatekeeper, running_gatekeeper
from tests.e2e.serving_cluster import ACCOUNT, apply_values, serving_cluster, until
from tests.engine.devices.objects import NVIDIA, device, device_class, resource_slice
from tests.gatekeeper.external_data.making import provider
from tests.policies.shipped import POLICIES, load
from tests.webhook.serving.server_processes import Server, review_of, running_server

pytestmark = pytest.mark.e2e

Json = dict[str, Any]

FOLDER = POLICIES.root / "claims" / "reachable_devices"
TEMPLATE: Json = load(FOLDER / "template.yaml")
MATCHED = load(FOLDER / "samples" / "claim" / "constraint.yaml")["spec"]["match"]
CONSTRAINT: Json = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "LockgateReachableDevices",
    "metadata": {"name": "reach"},
    "spec": {
        "match": MATCHED,
        "parameters": {"allowed": [{"driver": NVIDIA, "attributes": {"productName": ["A100"]}}]},
    },
}
IS_NVIDIA = f"device.driver == '{NVIDIA}'"
IS_A100 = f"{IS_NVIDIA} && device.attributes['{NVIDIA}'].productName == 'A100'"
H200 = f"it reaches 1 of {NVIDIA} productName=H200"
# Which versions are served: all at once, or, as Kubernetes 1.32 has it, one beta.
SERVED = {
    "v1": "resource.k8s.io/v1beta1=true,resource.k8s.io/v1beta2=true",
    "v1beta1": "resource.k8s.io/v1=false,resource.k8s.io/v1beta1=true,resource.k8s.io/v1beta2=false",
}


def devices(version: str) -> list[Json]:
    """The classes and slices of a cluster, in a version."""
    return [
        device_class("nvidia", IS_NVIDIA, version=version),
        device_class("a100", IS_A100, version=version),
        device_class("wide", "true", version=version),
        *[
            resource_slice(
                name.lower(), device("gpu-0", version, productName=name), pool=name.lower(), version=version
            )
            for name in ("A100", "H200")
        ],
        resource_slice("nics", device("nic-0", version, rdma=True), driver="dra.net", version=version),
    ]


def claim(class_name: str, *expressions: str, version: str = "v1", kind: str = "ResourceClaim") -> Json:
    """A claim, or a template of it, in the shape of the version."""
    fields: Json = {"deviceClassName": class_name}
    if expressions:
        fields["selectors"] = [{"cel": {"expression": one}} for one in expressions]
    request = {"name": "gpu", **(fields if version == "v1beta1" else {"exactly": fields})}
    spec: Json = {"devices": {"requests": [request]}}
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": kind,
        "metadata": {"name": "asked", "namespace": "default"},
        "spec": {"spec": spec} if kind == "ResourceClaimTemplate" else spec,
    }


def pod(resource: str) -> Json:
    limits = {"limits": {resource: "1"}}
    containers = [{"name": "c", "image": "registry.example/app:1", "resources": limits}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "asked", "namespace": "default"},
        "spec": {"containers": containers},
    }


def create(cluster: Cluster, value: Json) -> str:
    """What kubectl says to an object that is not kept."""
    done = kubectl(cluster, "create", "--dry-run=server", "-f", "-", given=json.dumps(value))
    return done.stdout + done.stderr


@contextmanager
def ruled(version: str, folder: Path) -> Iterator[tuple[Cluster, str]]:
    """A cluster that is asked in a version of the API, with classes, slices, and the rule in force."""
    with ExitStack() as stack:
        options = [f"--runtime-config={SERVED[version]}"]
        cluster = stack.enter_context(running_cluster({ACCOUNT: ""}, options))
        # Before the rule is there: what some classes select is not approved.
        assert apply_values(cluster, *devices(version)) == (0, "")
        server = stack.enter_context(serving_cluster(cluster, folder))
        until(lambda: apply_values(cluster, TEMPLATE)[0] == 0, lambda: apply_values(cluster, TEMPLATE))
        until(lambda: apply_values(cluster, CONSTRAINT)[0] == 0, lambda: apply_values(cluster, CONSTRAINT))
        wanted = claim("nvidia", version=version)
        until(lambda: H200 in create(cluster, wanted), lambda: server.log.read_text()[-3000:])
        yield cluster, version


@pytest.fixture(scope="module")
def served_v1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, str]]:
    with ruled("v1", tmp_path_factory.mktemp("v1")) as made:
        yield made


@pytest.fixture(scope="module")
def served_v1beta1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, str]]:
    with ruled("v1beta1", tmp_path_factory.mktemp("v1beta1")) as made:
        yield made


@pytest.fixture(params=SERVED)
def served(request: pytest.FixtureRequest) -> tuple[Cluster, str]:
    """The cluster that serves all versions, and the one that serves a beta alone; each is made once, in whatever order."""
    found: tuple[Cluster, str] = request.getfixturevalue(f"served_{request.param}")
    return found


@pytest.mark.parametrize("kind", ["ResourceClaim", "ResourceClaimTemplate"])
def test_b9_an_approved_class_that_aims_elsewhere(served: tuple[Cluster, str], kind: str) -> None:
    cluster, version = served
    for asked in ("v1", "v1beta1", "v1beta2") if version == "v1" else ("v1beta1",):
        assert H200 in create(cluster, claim("nvidia", version=asked, kind=kind))
        assert "1 of dra.net" in create(cluster, claim("wide", version=asked, kind=kind))
        assert "created" in create(cluster, claim("a100", version=asked, kind=kind))
        assert "created" in create(cluster, claim("wide", IS_A100, version=asked, kind=kind))


def test_b10_selectors_that_say_something_else(served: tuple[Cluster, str]) -> None:
    cluster, version = served
    for expression, said in (
        (f"{IS_A100} || true", "1 of dra.net"),
        (f"{IS_A100} || device.driver == 'dra.' + 'net'", "1 of dra.net"),
        (f'"{IS_A100}" != ""', "1 of dra.net"),
        (f"['{NVIDIA}', 'x'].exists(d, d == device.driver)", H200),
        (f"device.attributes['{NVIDIA}'].productName == 'A100'", "no such key: productName"),
        (IS_A100.replace("A100", "B300"), "request reaches no device that is known"),
    ):
        assert said in create(cluster, claim("wide", expression, version=version)), expression


def test_a_class_is_judged_by_what_it_selects(served: tuple[Cluster, str]) -> None:
    cluster, version = served
    assert "1 of dra.net" in create(cluster, device_class("new", "true", version=version))
    assert "created" in create(cluster, device_class("new", IS_A100, version=version))
    code, said = apply_values(cluster, device_class("a100", IS_NVIDIA, version=version))
    assert (code, H200 in said) == (1, True)


def test_resources_are_judged_by_the_class_that_serves_them(served: tuple[Cluster, str]) -> None:
    cluster, _ = served
    assert H200 in create(cluster, pod("deviceclass.resource.kubernetes.io/nvidia"))
    assert "created" in create(cluster, pod("deviceclass.resource.kubernetes.io/a100"))
    assert "created" in create(cluster, pod("plugin.example.com/gpu"))


def test_what_joins_the_cluster_counts(served: tuple[Cluster, str]) -> None:
    cluster, version = served
    late = device("gpu-0", version, productName="B200")
    assert apply_values(cluster, resource_slice("b200", late, pool="late", count=2, version=version))[0] == 0
    fits = claim(
        "wide",
        f"{IS_NVIDIA} && device.attributes['{NVIDIA}'].productName in ['A100', 'B200']",
        version=version,
    )
    # Its pool is not complete.
    assert "created" in create(cluster, fits)
    rest = resource_slice(
        "b200-2", device("gpu-1", version, productName="B200"), pool="late", count=2, version=version
    )
    assert apply_values(cluster, rest)[0] == 0
    until(lambda: "it reaches 2 of gpu.nvidia.com productName=B200" in create(cluster, fits))
    assert kubectl(cluster, "delete", "resourceslice", "b200", "b200-2").returncode == 0
    until(lambda: "created" in create(cluster, fits))


def test_controllers_go_on_with_what_was_allowed_once(served: tuple[Cluster, str]) -> None:
    """A claim that could reach approved devices alone when it was made, and reaches another one since."""
    cluster, version = served
    fits = claim(
        "wide", f"{IS_NVIDIA} && !(device.attributes['{NVIDIA}'].productName in ['H200'])", version=version
    )
    fits["metadata"]["name"] = "kept"
    until(lambda: apply_values(cluster, fits)[0] == 0, lambda: apply_values(cluster, fits))
    joined = resource_slice(
        "c300", device("gpu-0", version, productName="C300"), pool="c300", version=version
    )
    assert apply_values(cluster, joined)[0] == 0
    until(lambda: "productName=C300" in create(cluster, {**fits, "metadata": {"name": "another"}}))
    finalizer = json.dumps({"metadata": {"finalizers": ["example.com/held"]}})
    for patch in (finalizer, finalizer.replace('["example.com/held"]', "null")):
        done = kubectl(cluster, "patch", "resourceclaim", "kept", "--type=merge", "-p", patch)
        assert done.returncode == 0, done.stderr
    assert kubectl(cluster, "delete", "resourceclaim", "kept").returncode == 0
    assert kubectl(cluster, "delete", "resourceslice", "c300").returncode == 0
    until(lambda: "created" in create(cluster, {**fits, "metadata": {"name": "another"}}))


def test_check_says_the_same_by_the_cluster(served: tuple[Cluster, str], tmp_path: Path) -> None:
    cluster, version = served
    (tmp_path / "constraint.json").write_text(json.dumps(CONSTRAINT))
    for name, code, said in (("nvidia", 1, H200), ("a100", 0, "")):
        (tmp_path / "claim.json").write_text(json.dumps(claim(name, version=version)))
        done = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "lockgate.webhook",
                    "check",
                    "--format",
                    "json",
                    "--inventory",
                    "cluster",
                ),
                *(
                    "-p",
                    FOLDER / "template.yaml",
                    "-p",
                    tmp_path / "constraint.json",
                    tmp_path / "claim.json",
                ),
            ],
            env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig())},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        report = json.loads(done.stdout)
        assert [said in one["message"] for one in report["violations"]] == [True] * code
        assert report["notEvaluated"] == []


def test_what_is_named_has_to_exist(served: tuple[Cluster, str]) -> None:
    cluster, version = served
    rule = load(POLICIES.root / "claims" / "dangling_references" / "template.yaml")
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "dangling"}}
    constraint = {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "LockgateDanglingReferences",
        "metadata": {"name": "dangling"},
        "spec": {"match": {**MATCHED, "namespaces": ["dangling"]}},
    }
    for value in (place, rule, constraint):
        until(partial(_is_applied, cluster, value), partial(apply_values, cluster, value))
    asking = pod("plugin.example.com/gpu")
    asking["metadata"]["namespace"] = "dangling"
    asking["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": "asked"}]
    until(lambda: "ResourceClaimTemplate does not exist in namespace dangling" in create(cluster, asking))
    template = claim("a100", version=version, kind="ResourceClaimTemplate")
    template["metadata"]["namespace"] = "dangling"
    assert apply_values(cluster, template)[0] == 0
    until(lambda: "created" in create(cluster, asking), lambda: create(cluster, asking))
    unknown = claim("none", version=version)
    unknown["metadata"]["namespace"] = "dangling"
    assert "DeviceClass does not exist" in create(cluster, unknown)
    assert kubectl(cluster, "delete", "lockgatedanglingreferences", "dangling").returncode == 0


def _is_applied(cluster: Cluster, value: Json) -> bool:
    return apply_values(cluster, value)[0] == 0


@dataclass(frozen=True, slots=True)
class Both:
    """Gatekeeper's webhook, which asks ours as its provider, and ours, with the cluster's policies."""

    theirs: Gatekeeper
    ours: Server

    def says(
        self, value: Json, operation: str = "CREATE"
    ) -> tuple[tuple[bool, list[str]], tuple[bool, list[str]]]:
        """What Gatekeeper says to an object, and what we say."""
        review = review_of(value, operation=operation)
        theirs, ours = self.theirs.admit(review), self.ours.admit(review)
        return _said(theirs), _said(ours)


def _said(answer: Json) -> tuple[bool, list[str]]:
    return answer["allowed"], sorted(answer.get("status", {}).get("message", "").splitlines())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("both")
        cluster = stack.enter_context(running_cluster(options=[f"--runtime-config={SERVED['v1']}"]))
        theirs = stack.enter_context(running_gatekeeper(cluster))
        theirs.apply(devices("v1"))
        authority = cluster.folder / "webhook" / "tls.crt"
        options = ["--kubeconfig", str(cluster.kubeconfig()), "--provider-client-ca", str(authority)]
        options += ["--provider-client-name", "gatekeeper"]
        ours = stack.enter_context(running_server(folder, None, options))
        asked = provider(
            f"https://127.0.0.1:{ours.port}/providers/lockgate-devices",
            ours.identity.certificate.read_bytes(),
        )
        theirs.apply([{**asked, "metadata": {"name": "lockgate-devices"}}])
        theirs.load([TEMPLATE], [CONSTRAINT])
        made = Both(theirs, ours)
        wanted = claim("nvidia")
        until(lambda: all(H200 in str(one[1]) for one in made.says(wanted)), lambda: made.says(wanted))
        yield made


def test_gatekeeper_is_answered_as_we_judge(both: Both) -> None:
    judged = [
        claim(name, *expressions, version=version, kind=kind)
        for name, *expressions in (
            ("nvidia",),
            ("a100",),
            ("wide",),
            ("wide", IS_A100),
            ("wide", f"{IS_A100} || true"),
            ("wide", "device.drivr == 'x'"),
            ("nvidia", "false"),
            ("none",),
        )
        for version in ("v1", "v1beta1", "v1beta2")
        for kind in ("ResourceClaim", "ResourceClaimTemplate")
    ]
    judged += [
        pod("deviceclass.resource.kubernetes.io/nvidia"),
        pod("deviceclass.resource.kubernetes.io/a100"),
    ]
    judged += [pod("plugin.example.com/gpu"), device_class("new", "true"), device_class("new", IS_A100)]
    verdicts = set()
    for value in judged:
        theirs, ours = both.says(value)
        assert theirs == ours, value
        verdicts.add(ours[0])
    assert verdicts == {True, False}
