"""`lockgate claims`: what manifests ask for, as a table, as JSON and as a picture."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.webhook.helpers import Ran, run_lockgate

CONSTRAINT = """apiVersion: constraints.gatekeeper.sh/v1beta1
kind: LockgateApprovedDeviceClasses
metadata: {name: approved}
spec:
  parameters: {allowedDeviceClasses: [gpu.nvidia.com]}
"""

MANIFESTS = """apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: pair, namespace: team-a}
spec:
  spec:
    devices:
      requests:
      - name: gpu
        exactly: {deviceClassName: gpu.nvidia.com, count: 2}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: server, namespace: team-a}
spec:
  replicas: 3
  serviceName: server
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      resourceClaims:
      - {name: gpus, resourceClaimTemplateName: pair}
      - {name: shared, resourceClaimName: one}
      - {name: lost, resourceClaimTemplateName: gone}
      containers:
      - {name: c, image: x, resources: {claims: [{name: gpus}, {name: shared}]}}
---
apiVersion: resource.k8s.io/v1beta1
kind: ResourceClaim
metadata: {name: one, namespace: team-a}
spec:
  devices:
    requests:
    - {name: any, deviceClassName: mig.nvidia.com, allocationMode: All}
---
apiVersion: v1
kind: Pod
metadata: {name: old}
spec:
  containers:
  - {name: c, image: x, resources: {limits: {nvidia.com/gpu: 4}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: nothing}
"""

CLUSTER = """apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu.nvidia.com}
spec:
  extendedResourceName: nvidia.com/gpu
  selectors:
  - cel: {expression: "device.driver == 'gpu.nvidia.com'"}
---
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: slice}
spec:
  driver: gpu.nvidia.com
  nodeName: node
  pool: {name: node, generation: 1, resourceSliceCount: 1}
  devices: [{name: a}, {name: b}]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a constraint and manifests, and what a cluster has beside."""
    (tmp_path / "policy.yaml").write_text(CONSTRAINT)
    (tmp_path / "app.yaml").write_text(MANIFESTS)
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    return tmp_path


def claims(tree: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    return run_lockgate("claims", "-p", "policy.yaml", *arguments, cwd=tree, stdin=stdin)


def found(tree: Path, *arguments: str) -> dict[str, Any]:
    ran = claims(tree, "--format", "json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    document: dict[str, Any] = json.loads(ran.out)
    return document


def test_text(tree: Path) -> None:
    ran = claims(tree, "app.yaml", "cluster.yaml")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split("  ") for line in ran.out.splitlines()]
    table = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert table == [
        ["OBJECT", "REQUEST", "CLASS", "DRIVER", "DEVICES", "TIMES", "CHARGE", "RULES"],
        ["ResourceClaimTemplate team-a/pair", "gpu", "gpu.nvidia.com", "gpu.nvidia.com", "2", "each pod", "0", "1 of 1 pass"],
        ["StatefulSet team-a/server", "gpus: gpu", "gpu.nvidia.com", "gpu.nvidia.com", "2", "3", "6", "1 of 1 pass"],
        ["StatefulSet team-a/server", "shared: any", "mig.nvidia.com", "-", "32", "shared", "0", "1 of 1 pass"],
        ["StatefulSet team-a/server", "lost", "(not here)", "-", "unknown", "3", "unknown", "1 of 1 pass"],
        [
            "ResourceClaim team-a/one", "any", "mig.nvidia.com", "-", "32", "1", "32",
            "0 of 1 pass; LockgateApprovedDeviceClasses/approved violated",
        ],
        ["Pod default/old", "nvidia.com/gpu", "gpu.nvidia.com", "gpu.nvidia.com", "4", "1", "4", "1 of 1 pass"],
        [],
        ["Charged in all: gpu.nvidia.com 10, mig.nvidia.com 32"],
        [],
        ["app.yaml:12: StatefulSet team-a/server: claim lost is used by no container, and allocated all the same"],
        ["app.yaml:12: StatefulSet team-a/server: ResourceClaimTemplate gone is not among the files"],
    ]  # fmt: skip


def test_json(tree: Path) -> None:
    document = found(tree, "app.yaml", "cluster.yaml")
    assert document["version"] == 1
    assert document["charges"] == {"gpu.nvidia.com": 10, "mig.nvidia.com": 32}
    [row] = [one for one in document["requests"] if one["request"] == "gpus: gpu"]
    assert row["object"]["file"] == "app.yaml" and row["object"]["line"] == 12
    assert (row["devices"], row["pods"], row["charge"]) == (2, 3, 6)
    assert row["drivers"] == {"gpu.nvidia.com": 2}
    assert (row["names"], row["namedIsKnown"]) == ("ResourceClaimTemplate pair", True)
    assert [one["name"] for one in document["objects"]] == ["pair", "server", "one", "old", "gpu.nvidia.com"]
    assert document["objects"][1]["unused"] == ["lost"]


def test_without_slices_no_driver_is_known(tree: Path) -> None:
    rows = found(tree, "app.yaml")["requests"]
    assert {json.dumps(one["drivers"]) for one in rows} == {"null"}
    [old] = [one for one in rows if one["object"]["kind"] == "Pod"]
    assert (old["class"], old["resource"]) == ("", "nvidia.com/gpu")


def test_a_class_that_takes_no_device_reaches_none(tree: Path) -> None:
    (tree / "cluster.yaml").write_text(CLUSTER.replace("== 'gpu.nvidia.com'", "== 'other'"))
    [row] = [
        one for one in found(tree, "app.yaml", "cluster.yaml")["requests"] if one["request"] == "gpus: gpu"
    ]
    assert row["drivers"] == {}


@pytest.mark.parametrize("expression", ["device.driver ==", "device.attributes['x'].y == 1", "1"])
def test_a_selector_that_fails_takes_no_device(tree: Path, expression: str) -> None:
    (tree / "cluster.yaml").write_text(CLUSTER.replace("device.driver == 'gpu.nvidia.com'", expression))
    [row] = [
        one for one in found(tree, "app.yaml", "cluster.yaml")["requests"] if one["request"] == "gpus: gpu"
    ]
    assert row["drivers"] == {}


def test_standard_input_and_a_list(tree: Path) -> None:
    pod = '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": '
    pod += '{"containers": [{"name": "c", "resources": {"limits": {"deviceclass.resource.kubernetes.io/a": 3}}}]}}]}'
    ran = claims(tree, "--format", "json", "-", stdin=pod.encode())
    [row] = json.loads(ran.out)["requests"]
    assert (row["class"], row["charge"], row["object"]["name"]) == ("a", 3, "p")


def test_what_cannot_be_read_is_told(tree: Path) -> None:
    (tree / "odd.yaml").write_text(MANIFESTS.split("---")[0].replace("count: 2", "count: 2, cheapest: true"))
    ran = claims(tree, "odd.yaml")
    assert ran.code == 0
    assert (
        "odd.yaml:2: ResourceClaimTemplate team-a/pair: `exactly` has no field of this name that is known here"
        " at spec.spec.devices.requests[0].exactly.cheapest; remove the field" in ran.out
    )


def test_a_file_that_is_no_manifest_is_an_error(tree: Path) -> None:
    (tree / "broken.yaml").write_text("a: [\n")
    ran = claims(tree, "app.yaml", "broken.yaml")
    assert ran.code == 2
    assert "error: broken.yaml" in ran.err
    assert "gpus: gpu" in ran.out


def test_nothing_asks_for_anything(tree: Path) -> None:
    (tree / "none.yaml").write_text(MANIFESTS.rpartition("---\n")[2])
    ran = claims(tree, "none.yaml", "--svg", "none.svg")
    assert (ran.code, ran.out.splitlines()[1:]) == (0, [])
    ElementTree.parse(tree / "none.svg")


def test_names_are_shown_and_not_sent_to_the_terminal(tree: Path) -> None:
    (tree / "odd.yaml").write_text(CLAIM_WITH.replace("CLASS", '"\\e[31m<b>&"'))
    ran = claims(tree, "odd.yaml", "--svg", "odd.svg")
    assert "\x1b" not in ran.out and "\\x1b[31m" in ran.out
    text = (tree / "odd.svg").read_text("utf-8")
    assert "\x1b" not in text and "<b>" not in text
    ElementTree.fromstring(text)


CLAIM_WITH = """apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: one}
spec:
  devices:
    requests:
    - name: any
      exactly:
        deviceClassName: CLASS
"""


def test_the_picture_has_every_object_and_class(tree: Path) -> None:
    claims(tree, "app.yaml", "cluster.yaml", "--svg", "picture.svg")
    texts = [
        node.text for node in ElementTree.parse(tree / "picture.svg").iter() if node.tag.endswith("text")
    ]
    expected = {"server", "old", "pair", "one", "gone", "gpu.nvidia.com", "mig.nvidia.com", "not known"}
    assert expected <= set(texts)
    assert {"Workloads (2)", "Claims and templates (3)", "Classes and resources (2)", "Devices (2)"} <= set(
        texts
    )


SECRETS = """apiVersion: v1
kind: Secret
metadata: {name: s, namespace: team-a}
stringData: {key: sup3r-s3cret-value-1}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: sup3r-s3cret-value-1, namespace: team-a}
spec:
  devices:
    requests:
    - name: ghp_16C7e42F292c6912E7710c838347Ae178B4a
      exactly: {deviceClassName: sup3r-s3cret-value-1, sup3r-s3cret-value-1: true}
---
apiVersion: v1
kind: Pod
metadata: {name: ghp_16C7e42F292c6912E7710c838347Ae178B4a, namespace: team-a}
spec:
  resourceClaims: [{name: g, resourceClaimName: sup3r-s3cret-value-1}]
  containers:
  - name: c
    image: x
    resources: {limits: {example.com/sup3r-s3cret-value-1: 4}}
"""


# The words that name objects are shown even where a Secret holds them too, as by `check`.
@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_shown_nowhere(tree: Path, form: str) -> None:
    (tree / "secret.yaml").write_text(SECRETS)
    ran = claims(tree, "--format", form, "--svg", "out.svg", "secret.yaml")
    assert (ran.code, ran.err) == (0, "")
    picture = (tree / "out.svg").read_text()
    for shown in (ran.out, picture):
        assert "ghp_16C7e42F292c6912E7710c838347Ae178B4a" not in shown
        assert "example.com/***" in shown
    if form == "json":
        document = json.loads(ran.out)
        requests = document["requests"]
        assert {one["class"] or one["resource"] for one in requests} == {"***", "example.com/***"}
        assert {one["request"] for one in requests} >= {"***"}
        [claim, pod] = document["objects"]
        assert (claim["name"], pod["name"]) == ("sup3r-s3cret-value-1", "***")
        assert claim["unreadable"][0]["path"][-1] == "***"


WORKFLOW = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: team-a}
spec:
  podSpecPatch: '{{inputs.parameters.patch}}'
  templates:
  - name: t
    container: {image: x}
"""


def test_a_text_of_which_pods_are_made_is_told(tree: Path) -> None:
    (tree / "workflow.yaml").write_text(WORKFLOW)
    (told,) = found(tree, "workflow.yaml")["objects"]
    assert told["undecidable"] == [["spec", "podSpecPatch"]]
    text = claims(tree, "workflow.yaml").out
    assert "the text at spec.podSpecPatch makes pods when it runs" in text
