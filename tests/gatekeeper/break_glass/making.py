"""Grants and policies about them for the tests."""

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lockgate.gatekeeper.break_glass.grant import Grant, parse_grant, signed_bytes
from lockgate.gatekeeper.break_glass.grants import Grants
from lockgate.gatekeeper.break_glass.kinds import API_VERSION
from lockgate.gatekeeper.break_glass.policy import GrantPolicy, parse_grant_policy

from tests.gatekeeper.exemptions.making import public_pem, read

ADA = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
EVE = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
# 2026-06-01T00:00:00Z, when the grant begins.
START_NS = 1_780_272_000 * SECOND_NS
END_NS = START_NS + 30 * MINUTE_NS


def unsigned(name: str = "night-1", **spec: Any) -> dict[str, Any]:
    """A grant that is well-formed and lasts half an hour; a field of None is left out."""
    fields = {
        "audience": "prod-eu-1",
        "reason": "the registry is down",
        "ticket": "OPS-1",
        "from": "2026-06-01T00:00:00Z",
        "until": "2026-06-01T00:30:00Z",
        "nonce": "0123456789abcdef" * 2,
        **spec,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "BreakGlass",
        "metadata": {"name": name},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def sign(value: dict[str, Any], signer: str = "ada", key: Ed25519PrivateKey = ADA) -> dict[str, Any]:
    made = deepcopy(value)
    data = key.sign(signed_bytes(value["metadata"]["name"], value["spec"]))
    made["spec"].setdefault("signatures", []).append(
        {"signer": signer, "signature": b64encode(data).decode()}
    )
    return made


def policy_value(**spec: Any) -> dict[str, Any]:
    fields = {
        "audience": "prod-eu-1",
        "signers": [{"name": "ada", "publicKey": public_pem(ADA)}],
        "maxDuration": "1h",
        **spec,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "BreakGlassPolicy",
        "metadata": {"name": "lockgate"},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def make_grant(value: dict[str, Any]) -> Grant:
    return parse_grant(read(value, "grant.json"))


def make_policy(**spec: Any) -> GrantPolicy:
    return parse_grant_policy(read(policy_value(**spec), "policy.json"))


def make_grants(*values: dict[str, Any], **spec: Any) -> Grants:
    return Grants([make_grant(one) for one in values], [make_policy(**spec)])


def data(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
