"""Scenarios of nodes and what is around them: gated for users where a policy names them, and never for what a node comes up by."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.e2e.scenarios.installation import Installation
from tests.e2e.scenarios.policies import rule
from tests.e2e.scenarios.scenario import Json, Scenario, Step, denied
from tests.e2e.scenarios.users import KUBELET
from tests.gatekeeper.workbench import manifest

WEBHOOK = "nodes.lockgate.dev"
NOTICE = "gated for users, but not what kubelets, kube-system's accounts and --node-agent write: Node"


def _beat(installation: Installation) -> None:
    """The kubelet says how its node is."""
    cluster, path = installation.cluster, "/api/v1/nodes/worker"
    status, value = cluster.ask("GET", path, user=KUBELET)
    assert status == 200, value
    ready = {"type": "Ready", "status": "True", "reason": "Posting", "message": "x"}
    status, value = cluster.ask(
        "PUT", f"{path}/status", {**value, "status": {"conditions": [ready]}}, KUBELET
    )
    assert (status, value["status"]["conditions"][0]["status"]) == (200, "True"), value


def _request() -> Json:
    """For a certificate that lets its holder do everything."""
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:masters"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "me"),
        ]
    )
    key = ec.generate_private_key(ec.SECP256R1())
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    text = base64.b64encode(signed.public_bytes(Encoding.PEM)).decode()
    return {
        **manifest("CertificateSigningRequest", "me-as-master", group="certificates.k8s.io/v1"),
        "spec": {"request": text, "signerName": "example.com/own", "usages": ["client auth"]},
    }


def _until_told(installation: Installation) -> None:
    installation.until_in_force("NeedsOwner", "owned-nodes")


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "nodes",
        [
            Step(
                "create -f -",
                denied("[owned-nodes] Node worker has no owner", webhook=WEBHOOK),
                1,
                manifest("Node", "worker"),
            ),
            Step("create -f -", "node/worker created\n", given=manifest("Node", "worker"), user=KUBELET),
            Step(
                "taint node worker gpu=yes:NoSchedule",
                denied("[owned-nodes] Node worker has no owner", doing="", webhook=WEBHOOK),
                1,
                first=_beat,
            ),
            Step("label node worker owner=team", "node/worker labeled\n"),
            Step(
                "get needsowner owned-nodes -o jsonpath={.status.byPod[*].notices[*]}",
                NOTICE,
                first=_until_told,
            ),
        ],
        in_force=[rule("NeedsOwner", "owned-nodes", "", "Node")],
        trail=["deny CREATE v1/Node", "deny UPDATE v1/Node", "allow UPDATE v1/Node"],
    ),
    Scenario(
        "certificate-requests",
        [
            Step(
                "create -f -",
                denied(
                    "[owned-requests] CertificateSigningRequest me-as-master has no owner", webhook=WEBHOOK
                ),
                1,
                _request(),
            )
        ],
        in_force=[rule("NeedsOwner", "owned-requests", "", "certificates.k8s.io/CertificateSigningRequest")],
        trail=["deny CREATE certificates.k8s.io/v1/CertificateSigningRequest"],
    ),
)
