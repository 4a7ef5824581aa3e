"""Which devices a request can reach, in a server: as classes and slices come and go, for its own policies and for others."""

import json
from typing import Any

import pytest
from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings

from tests.engine.devices.objects import NVIDIA, Json, device, device_class, resource_slice
from tests.gatekeeper.external_data.test_devices import only
from tests.gatekeeper.workbench import constraint, document, template
from tests.policies.shipped import POLICIES, load
from tests.webhook.serving.builders import gone, kinds, present
from tests.webhook.serving.test_sweep import NOW, World

RULE = load(POLICIES.root / "claims" / "reachable_devices" / "template.yaml")
APPROVED = {"allowed": [{"driver": NVIDIA, "attributes": {"productName": ["A*"]}}]}
CONSTRAINT = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "LockgateReachableDevices",
    "metadata": {"name": "reach"},
    "spec": {"parameters": APPROVED},
}
CLASS = device_class("gpu", f"device.driver == '{NVIDIA}'")
A100 = resource_slice("a", device("gpu-0", productName="A100"))
H200 = resource_slice("h", device("gpu-0", productName="H200"), pool="node-2")
CLAIM: Json = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaim",
    "metadata": {"name": "c", "namespace": "team-a"},
    "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}},
}
KEY = json.dumps({"class": "gpu", "attributes": ["productName"]})


def live(*values: Json, covered: Any = DEVICE_KINDS, **settings: Any) -> LiveGate:
    made = LiveGate(LiveSettings(**settings))
    made.apply(present(*values), covered)
    assert not made.problems, made.problems
    return made


def says(made: LiveGate, value: Json = CLAIM) -> list[str]:
    gate = made.gate_at(NOW)
    assert gate is not None
    decision = gate.judge(document(value), lambda one: review_document(one, Cluster())).decision
    assert not decision.failures
    return [
        *[one.message for one in decision.violations],
        *[f"needs {one.needs}" for one in decision.not_evaluated],
    ]


def test_what_is_reached_follows_the_cluster() -> None:
    made = live(RULE, CONSTRAINT, CLASS, A100)
    assert says(made) == []
    made.apply(present(H200), DEVICE_KINDS)
    assert "it reaches 1 of gpu.nvidia.com productName=H200" in says(made)[0]
    made.apply(gone(H200), DEVICE_KINDS)
    assert says(made) == []
    made.apply(gone(CLASS), DEVICE_KINDS)
    assert "there is no DeviceClass 'gpu'" in says(made)[0]


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1beta2"])
def test_whatever_version_the_cluster_is_watched_in(version: str) -> None:
    slices = resource_slice("h", device("gpu-0", version, productName="H200"), version=version)
    made = live(RULE, CONSTRAINT, device_class("gpu", version=version), slices)
    assert "productName=H200" in says(made)[0]


def test_before_everything_is_known_nothing_is_let_through() -> None:
    made = live(RULE, CONSTRAINT, CLASS, A100, covered=kinds("resource.k8s.io/v1/DeviceClass"))
    assert "needs the ResourceSlices of the cluster" in says(made)[0]
    made.apply([], DEVICE_KINDS)
    assert says(made) == []


def test_a_config_that_syncs_other_kinds_hides_no_devices() -> None:
    config = {
        "apiVersion": "config.gatekeeper.sh/v1alpha1",
        "kind": "Config",
        "metadata": {"name": "config", "namespace": "gatekeeper-system"},
        "spec": {"sync": {"syncOnly": [{"group": "", "version": "v1", "kind": "Pod"}]}},
    }
    made = live(RULE, CONSTRAINT, config, CLASS, H200)
    assert "productName=H200" in says(made)[0]
    assert made.needs.devices


def test_a_file_of_answers_comes_first() -> None:
    question = json.dumps(
        {"attributes": ["productName"], "class": "gpu", "selectors": []}, separators=(",", ":")
    )
    answers = {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "metadata": {"name": "answers"},
        "providers": [{"provider": "lockgate-devices", "errors": {question: "said in a file"}}],
    }
    assert "said in a file" in says(live(RULE, CONSTRAINT, CLASS, A100, answers))[0]


def test_nobody_asks_and_nothing_is_wanted() -> None:
    made = live(
        template("package p\nviolation[{'msg': 'x'}] { false }".replace("'", '"')), constraint({}), CLASS
    )
    assert not made.needs.devices
    assert made.state is not None and made.state.devices is None


def test_it_is_offered_where_no_policy_asks() -> None:
    made = live(CLASS, A100, offers=True)
    assert made.needs.devices and made.state is not None
    assert made.state.in_process.names == {"lockgate-devices", "lockgate-environments"}
    item = only(made.state.in_process.ask("lockgate-devices", (KEY,), 1.0))
    value: Any = item.value
    assert value["products"][0]["attributes"] == {"productName": "A100"}
    made.apply([], frozenset())
    assert made.state is not None
    failed = made.state.in_process.ask("lockgate-devices", (KEY,), 1.0)
    assert "not decidable yet" in failed.system_error


def test_the_digest_tells_devices_only_where_they_matter() -> None:
    asking, other = live(RULE, CONSTRAINT, CLASS, A100), live(CLASS, A100)
    before = asking.digest, other.digest
    for made in (asking, other):
        made.apply(present(H200), DEVICE_KINDS)
    assert asking.digest != before[0]
    assert other.digest == before[1]


def test_a_sweep_judges_claims_again_when_devices_change() -> None:
    world = World()
    world.live = live(RULE, CONSTRAINT, CLASS, A100, point="audit.gatekeeper.sh")
    world.put(CLAIM)
    assert world.passes() == []
    judged = world.sweep.counts.judged
    assert (world.passes(), world.sweep.counts.judged) == ([], judged)
    world.live.apply(present(H200), DEVICE_KINDS)
    [change] = world.passes()
    assert change.judged.decision.verdict == "deny"
    assert world.passes() == []
