"""Any value in any place of a bundle, a trusted root, a signed statement or signed facts is taken or refused, by an error of ours."""

import copy
import json
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.audit.attestations.bundle_signer import (
    Identity,
    signed_by_certificate,
    signed_by_identity,
    signed_by_key,
)
from lockgate.audit.attestations.facts_trust import Asked, FactsTrust, Producer, verify_facts
from lockgate.audit.attestations.model_signature import SignaturePolicy, parse_model_manifest
from lockgate.audit.attestations.sigstore_bundle import parse_sigstore_bundle
from lockgate.audit.attestations.trusted_root import parse_trusted_root
from lockgate.audit.dsse import IN_TOTO, render_envelope
from lockgate.audit.keys.pem_key import PemKey
from lockgate.engine.errors import LockgateError

from tests.audit.attestations.bundles import IDENTITY, ISSUER, Sigstore, key_bundle, new_key, statement

KEY: Final = new_key()
SIGSTORE: Final = Sigstore()
BUNDLE: Final = SIGSTORE.bundle(statement())
ROOT: Final = SIGSTORE.trusted_root()
APPROVED: Final = [Identity(IDENTITY, ISSUER)]
CI: Final = PemKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
FACTS: Final = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "m", "digest": {"sha256": "ab" * 32}}],
    "predicateType": "https://lockgate.dev/model-facts/v1",
    "predicate": {
        "scanner": {"name": "lockgate", "version": "0.1.0", "rules": 1},
        "facts": {"artifact": {"name": "m", "digest": f"sha256:{'ab' * 32}", "tier": "safe"}},
        "references": ["s3://models/m"],
        "evidence": [{"kind": "card"}],
    },
}

JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["", "AAAA", "sha256", "2026-11-02T00:00:00Z", "99999999999999999999", "/", "a:0:1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document, as its holder and the key there."""
    found: list[tuple[Any, Any]] = []
    for key in value if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], (dict, list)):
            found += places(value[key])
    return found


def spoilt(document: dict[str, Any], place: int, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(document)
    listed = places(made)
    holder, key = listed[place % len(listed)]
    holder[key] = value
    return made


def refused_or_taken(check: Callable[[], object]) -> None:
    try:
        check()
    except LockgateError as error:
        assert error.message


@given(st.integers(0, 1_000), JSON)
def test_bundles(place: int, value: Any) -> None:
    data = json.dumps(spoilt(BUNDLE, place, value)).encode()

    def check() -> None:
        bundle = parse_sigstore_bundle(data, "it")
        signed_by_identity(bundle, parse_trusted_root(json.dumps(ROOT).encode()), APPROVED)

    refused_or_taken(check)
    refused_or_taken(lambda: signed_by_key(parse_sigstore_bundle(data, "it"), [KEY.public_key()]))
    refused_or_taken(
        lambda: signed_by_certificate(parse_sigstore_bundle(data, "it"), [b"", b"\x30\x00"], APPROVED, 0)
    )


@given(st.integers(0, 1_000), JSON)
def test_trusted_roots(place: int, value: Any) -> None:
    bundle = parse_sigstore_bundle(json.dumps(BUNDLE).encode(), "it")
    data = json.dumps(spoilt(ROOT, place, value)).encode()
    refused_or_taken(lambda: signed_by_identity(bundle, parse_trusted_root(data), APPROVED))


@given(st.integers(0, 1_000), JSON)
def test_statements_that_are_signed(place: int, value: Any) -> None:
    made = key_bundle(KEY, spoilt(statement(), place, value))

    def check() -> None:
        bundle = parse_sigstore_bundle(json.dumps(made).encode(), "it")
        parse_model_manifest(signed_by_key(bundle, [KEY.public_key()]).statement, SignaturePolicy())

    refused_or_taken(check)


@given(st.integers(0, 1_000), JSON)
def test_facts_that_are_signed(place: int, value: Any) -> None:
    payload = json.dumps(spoilt(FACTS, place, value)).encode()
    trust = FactsTrust((Producer("ci", CI.key, ("*",), ("*",)),))
    data = render_envelope(CI.sign_envelope(IN_TOTO, payload))
    refused_or_taken(lambda: verify_facts(data, trust, Asked(0)))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 3_000), st.integers(0, 255))
def test_certificates(noise: bytes, place: int, byte: int) -> None:
    """A certificate with another byte somewhere, and noise in its place."""
    import base64

    raw = bytearray(base64.b64decode(BUNDLE["verificationMaterial"]["certificate"]["rawBytes"]))
    raw[place % len(raw)] = byte
    root = parse_trusted_root(json.dumps(ROOT).encode())
    for data in (bytes(raw), noise):
        made = copy.deepcopy(BUNDLE)
        made["verificationMaterial"]["certificate"]["rawBytes"] = base64.b64encode(data).decode()
        parsed = parse_sigstore_bundle(json.dumps(made).encode(), "it")
        refused_or_taken(lambda parsed=parsed: signed_by_identity(parsed, root, APPROVED))  # type: ignore[misc]
