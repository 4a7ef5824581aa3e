"""Scenarios of claims of devices: every version, whoever makes them, and what follows from them."""

from tests.e2e.scenarios.objects import OWNED, claim, claim_template
from tests.e2e.scenarios.policies import rule
from tests.e2e.scenarios.scenario import Scenario, Step, denied
from tests.e2e.scenarios.users import CLAIMS_ACCOUNT, SCHEDULER
from tests.gatekeeper.workbench import manifest

VERSIONS = ("v1", "v1beta1", "v1beta2")
CLAIM = "resource.k8s.io/ResourceClaim"
APPROVED = ["gpu.example.com"]


def _unapproved(version: str = "v1", spec: str = "spec") -> str:
    place = "deviceClassName" if version == "v1beta1" else "exactly.deviceClassName"
    return (
        f"DeviceClass is not approved at {spec}.devices.requests[0].{place} (secret-gpu); "
        "approved are: gpu.example.com; fix: set deviceClassName to gpu.example.com"
    )


def _claims(version: str) -> Scenario:
    name = f"claim-{version}"
    return Scenario(
        name,
        [
            Step("create -f -", denied(f"[{name}] {_unapproved(version)}"), 1, claim(version)),
            Step(
                "create -f -",
                "resourceclaim.resource.k8s.io/gpu created\n",
                given=claim(version, "gpu.example.com"),
            ),
        ],
        in_force=[rule("LockgateApprovedDeviceClasses", name, name, CLAIM, allowedDeviceClasses=APPROVED)],
        trail=[
            f"deny CREATE resource.k8s.io/{version}/ResourceClaim",
            f"allow CREATE resource.k8s.io/{version}/ResourceClaim",
        ],
    )


def _templates(version: str) -> Scenario:
    name = f"claim-template-{version}"
    return Scenario(
        name,
        [
            Step(
                "create -f -",
                denied(f"[{name}] {_unapproved(version, 'spec.spec')}"),
                1,
                claim_template(version),
            )
        ],
        in_force=[
            rule(
                "LockgateApprovedDeviceClasses",
                name,
                name,
                "resource.k8s.io/ResourceClaimTemplate",
                allowedDeviceClasses=APPROVED,
            )
        ],
        trail=[f"deny CREATE resource.k8s.io/{version}/ResourceClaimTemplate"],
    )


SCENARIOS: tuple[Scenario, ...] = (
    *[_claims(version) for version in VERSIONS],
    *[_templates(version) for version in VERSIONS],
    Scenario(
        "device-class",
        [
            Step(
                "create -f -",
                denied("[classes] DeviceClass open has no owner"),
                1,
                {**manifest("DeviceClass", "open", group="resource.k8s.io/v1"), "spec": {}},
            ),
            Step(
                "create -f -",
                "deviceclass.resource.k8s.io/owned created\n",
                given={
                    **manifest("DeviceClass", "owned", group="resource.k8s.io/v1", labels=OWNED),
                    "spec": {},
                },
            ),
        ],
        in_force=[rule("NeedsOwner", "classes", "", "resource.k8s.io/DeviceClass")],
        trail=["deny CREATE resource.k8s.io/v1/DeviceClass", "allow CREATE resource.k8s.io/v1/DeviceClass"],
    ),
    Scenario(
        "claim-of-the-controller",
        [
            Step(
                "create -f -",
                denied(f"[made] {_unapproved()}"),
                1,
                claim(
                    "v1",
                    name="app-gpu-x1",
                    annotations={"resource.kubernetes.io/pod-claim-name": "gpu"},
                ),
                CLAIMS_ACCOUNT,
            )
        ],
        in_force=[
            rule(
                "LockgateApprovedDeviceClasses",
                "made",
                "claim-of-the-controller",
                CLAIM,
                allowedDeviceClasses=APPROVED,
            )
        ],
        trail=["deny CREATE resource.k8s.io/v1/ResourceClaim"],
    ),
    Scenario(
        "claim-of-the-scheduler",
        [
            Step(
                "create -f -",
                denied(f"[scheduled] {_unapproved()}"),
                1,
                claim("v1", name="app-extended-x1"),
                SCHEDULER,
            )
        ],
        in_force=[
            rule(
                "LockgateApprovedDeviceClasses",
                "scheduled",
                "claim-of-the-scheduler",
                CLAIM,
                allowedDeviceClasses=APPROVED,
            )
        ],
        trail=["deny CREATE resource.k8s.io/v1/ResourceClaim"],
    ),
    Scenario(
        "claim-status",
        [
            Step(
                'patch resourceclaim gpu --subresource=status --type=merge -p {"status":{"allocation":{"devices":{"results":[{"request":"gpu","driver":"gpu.example.com","pool":"a","device":"b"}]}}}}',
                denied(
                    "[reserved] admin asks for UPDATE of ResourceClaim in claim-status",
                    doing="",
                ),
                1,
            )
        ],
        in_force=[rule("Asked", "reserved", "claim-status", CLAIM, operation="UPDATE", subResource="status")],
        there=[claim("v1")],
        trail=["deny UPDATE resource.k8s.io/v1/ResourceClaim"],
    ),
)
