"""Scenarios of claims of devices: every version, whoever makes them, and what follows from them."""

from hashlib import sha256

from tests.e2e.scenarios.objects import OWNED, claim, claim_template
from tests.e2e.scenarios.policies import rule
from tests.e2e.scenarios.scenario import Json, Scenario, Step, denied
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


def _asking(version: str, **fields: object) -> Json:
    """A claim of an approved class with more fields of its request."""
    made = claim(version, "gpu.example.com")
    request = made["spec"]["devices"]["requests"][0]
    (request if version == "v1beta1" else request["exactly"]).update(fields)
    return made


def _place(version: str, field: str) -> str:
    return f"spec.devices.requests[0].{'' if version == 'v1beta1' else 'exactly.'}{field}"


def _admin_access(version: str) -> Scenario:
    name = f"admin-access-{version}"
    said = (
        f"administrative access is not allowed to this account at {_place(version, 'adminAccess')} (admin); "
        "such a request is given devices that others use; allowed are: none; fix: remove adminAccess, or have the account approved"
    )
    return Scenario(
        name,
        [Step("create -f -", denied(f"[{name}] {said}"), 1, _asking(version, adminAccess=True))],
        in_force=[rule("LockgateAdminAccess", name, name, CLAIM, allowedUsers=[])],
        labels=(("resource.kubernetes.io/admin-access", "true"),),
        trail=[f"deny CREATE resource.k8s.io/{version}/ResourceClaim"],
    )


def _counts(version: str) -> Scenario:
    name = f"device-counts-{version}"
    said = (
        f"device count is above the limit at {_place(version, 'count')} (9); 8 may be asked for at a time; "
        "fix: ask for 8 or fewer"
    )
    return Scenario(
        name,
        [
            Step("create -f -", denied(f"[{name}] {said}"), 1, _asking(version, count=9)),
            Step(
                "create -f -", "resourceclaim.resource.k8s.io/gpu created\n", given=_asking(version, count=8)
            ),
        ],
        in_force=[rule("LockgateDeviceCounts", name, name, CLAIM, maxPerRequest=8)],
        trail=[
            f"deny CREATE resource.k8s.io/{version}/ResourceClaim",
            f"allow CREATE resource.k8s.io/{version}/ResourceClaim",
        ],
    )


_PINNED = {"pinned": "yes"}
_SELECTORS = [{"cel": {"expression": "true"}}]
_DIGEST = sha256(b'{"selectors":[{"cel":{"expression":"true"}}]}').hexdigest()
_SLICE = {
    **manifest("ResourceSlice", "forged", group="resource.k8s.io/v1"),
    "spec": {
        "driver": "gpu.nvidia.com",
        "nodeName": "node-1",
        "pool": {"name": "node-1", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "gpu-0"}],
    },
}
_NAMED = {
    **manifest("Pod", "made-by-a-workflow"),
    "spec": {
        "containers": [
            {
                "name": "train",
                "image": "registry.example/train:1",
                "resources": {"limits": {"deviceclass.resource.kubernetes.io/secret-gpu": "1"}},
            }
        ]
    },
}


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
    *[_admin_access(version) for version in ("v1", "v1beta1")],
    *[_counts(version) for version in VERSIONS],
    Scenario(
        "pod-that-names-a-class",
        [
            Step(
                "create -f -",
                denied(
                    "[named] resource asks for a DeviceClass that is not approved at "
                    'spec.containers[0].resources.limits["deviceclass.resource.kubernetes.io/secret-gpu"] (secret-gpu); '
                    "approved are: gpu.example.com; fix: replace deviceclass.resource.kubernetes.io/secret-gpu by "
                    "deviceclass.resource.kubernetes.io/gpu.example.com",
                    "[named] resource asks for a DeviceClass that is not approved at "
                    'spec.containers[0].resources.requests["deviceclass.resource.kubernetes.io/secret-gpu"] (secret-gpu); '
                    "approved are: gpu.example.com; fix: replace deviceclass.resource.kubernetes.io/secret-gpu by "
                    "deviceclass.resource.kubernetes.io/gpu.example.com",
                ),
                1,
                _NAMED,
            )
        ],
        in_force=[
            rule(
                "LockgateApprovedDeviceClasses",
                "named",
                "pod-that-names-a-class",
                "/Pod",
                allowedDeviceClasses=APPROVED,
            )
        ],
        trail=["deny CREATE v1/Pod"],
    ),
    Scenario(
        "slice-of-another-driver",
        [
            Step(
                "create -f -",
                denied(
                    "[slices] ResourceSlice is not written by its driver at spec.driver (gpu.nvidia.com); claims would be "
                    "allocated to what it says, and admin does not run that driver; fix: have the driver write it, or have "
                    "the account approved for the driver"
                ),
                1,
                _SLICE,
            )
        ],
        in_force=[rule("LockgateResourceSlices", "slices", "", "resource.k8s.io/ResourceSlice")],
        trail=["deny CREATE resource.k8s.io/v1/ResourceSlice"],
    ),
    Scenario(
        "class-that-is-not-approved",
        [
            Step(
                "create -f -",
                denied(
                    f"[pinned] DeviceClass is not approved at spec (later); whoever makes a class decides which devices "
                    f"claims of its name are given; fix: have the class approved with the digest {_DIGEST}"
                ),
                1,
                {
                    **manifest(
                        "DeviceClass", "later", group="resource.k8s.io/v1", labels={**_PINNED, **OWNED}
                    ),
                    "spec": {"selectors": _SELECTORS},
                },
            )
        ],
        in_force=[
            rule(
                "LockgatePinnedDeviceClasses",
                "pinned",
                "",
                "resource.k8s.io/DeviceClass",
                match={"labelSelector": {"matchLabels": _PINNED}},
                classes=[],
            )
        ],
        trail=["deny CREATE resource.k8s.io/v1/DeviceClass"],
    ),
    Scenario(
        "guarded-namespace",
        [
            Step(
                "label namespace guarded-namespace resource.kubernetes.io/admin-access=true",
                denied(
                    '[guarded] guarded label is set at metadata.labels["resource.kubernetes.io/admin-access"] (true); it decides '
                    "what objects of the namespace may do, and admin may not change it; fix: leave the label "
                    "resource.kubernetes.io/admin-access as it was, or have one of these change it: none",
                    doing="",
                ),
                1,
            )
        ],
        in_force=[
            rule("LockgateGuardedNamespaces", "guarded", "guarded-namespace", "/Namespace", allowedUsers=[])
        ],
        trail=["deny UPDATE v1/Namespace"],
    ),
    Scenario(
        "forged-allocation",
        [
            Step(
                'patch resourceclaim gpu --subresource=status --type=merge -p {"status":{"allocation":{"devices":{"results":[{"request":"gpu","driver":"gpu.example.com","pool":"a","device":"b"}]}}}}',
                denied(
                    "[forged] status of a claim is for controllers to write at status.allocation (allocation); it says which "
                    "devices are given to whom, and admin does not give any; fix: remove allocation",
                    doing="",
                ),
                1,
            )
        ],
        in_force=[rule("LockgateControllerFields", "forged", "forged-allocation", CLAIM)],
        there=[claim("v1")],
        trail=["deny UPDATE resource.k8s.io/v1/ResourceClaim"],
    ),
)
