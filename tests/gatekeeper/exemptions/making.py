"""Exemptions, policies about them, and Decisions for the tests."""

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lockgate.engine.decision import Action, Decision, Failure, PolicyKey, Violation, decide_verdict
from lockgate.engine.documents.document import Document, Path
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.review import Review
from lockgate.gatekeeper.exemptions.exemption import parse_exemption
from lockgate.gatekeeper.exemptions.kinds import API_VERSION
from lockgate.gatekeeper.exemptions.moments import SECOND_NS
from lockgate.gatekeeper.exemptions.resolver import Exemptions, load_exemptions
from lockgate.gatekeeper.target import Cluster, review_document

DAY_NS = 86_400 * SECOND_NS
# 2026-06-01T00:00:00Z
NOW_NS = 1_780_272_000 * SECOND_NS
KEY = PolicyKey("Images", "pinned")


def read(value: Any, file: str = "exemption.yaml") -> Document:
    (document,) = read_documents(json.dumps(value, indent=1).encode(), file, duplicates="error").documents
    return document


def exemption(name: str = "one", **spec: Any) -> dict[str, Any]:
    """An Exemption that is well-formed and active at NOW_NS; a field of None is left out."""
    fields: dict[str, Any] = {
        "policies": [{"kind": "Images", "name": "pinned"}],
        "match": {"namespaces": ["ml"]},
        "reason": "the vendor has no digests yet",
        "owner": "team-fraud",
        "issuedAt": "2026-05-01T00:00:00Z",
        "expiresAt": "2026-07-01T00:00:00Z",
        **spec,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Exemption",
        "metadata": {"name": name},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def policy(*rules: dict[str, Any], **keys: Ed25519PrivateKey) -> dict[str, Any]:
    """An ExemptionPolicy with signers by name."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ExemptionPolicy",
        "metadata": {"name": "rules"},
        "spec": {
            "signers": [{"name": name, "publicKey": public_pem(key)} for name, key in keys.items()],
            "rules": list(rules),
        },
    }


def public_pem(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(value: dict[str, Any], signer: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    """The exemption with a signature more."""
    made = deepcopy(value)
    data = key.sign(parse_exemption(read(value)).signed)
    made["spec"].setdefault("signatures", []).append(
        {"signer": signer, "signature": b64encode(data).decode()}
    )
    return made


def loaded(*values: dict[str, Any]) -> Exemptions:
    return load_exemptions([read(value, f"{place}.yaml") for place, value in enumerate(values)])


def review(namespace: str = "ml", name: str = "fraud", kind: str = "Deployment", **labels: str) -> Review:
    value = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
    }
    return review_document(read(value, "deploy.yaml"), Cluster(), operation="CREATE")


def violation(
    message: str = "not pinned",
    path: Path | None = ("spec", "image"),
    key: PolicyKey = KEY,
    actions: tuple[Action, ...] = ("deny",),
) -> Violation:
    return Violation(key, message, actions, path=path)


def decision(*violations: Violation, failures: tuple[Failure, ...] = ()) -> Decision:
    verdict = "error" if failures else decide_verdict(violations)
    return Decision(verdict, violations, failures, (), "policies", "facts", 3)
