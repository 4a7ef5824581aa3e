"""Exemptions and policies about them as manifests: what is refused, where, and what is said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.exemptions.exemption import fits_mask, parse_exemption, signed_bytes
from lockgate.gatekeeper.exemptions.policy import parse_exemption_policy
from lockgate.gatekeeper.problems import flatten

from tests.gatekeeper.exemptions.making import exemption, policy, read


def test_a_whole_exemption() -> None:
    made = parse_exemption(
        read(exemption(ticket="OPS-1", violations=[{"path": "spec.image", "message": "not pinned"}]))
    )
    assert (made.name, made.owner, made.ticket) == ("one", "team-fraud", "OPS-1")
    assert [str(one) for one in made.policies] == ["Images/pinned"]
    assert made.expires_ns - made.issued_ns == 61 * 86_400 * 10**9
    assert made.violations[0].path == "spec.image"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"policies": []}, "spec.policies is empty"),
        ({"policies": None}, "spec.policies is empty"),
        ({"policies": [{"name": "pinned"}]}, "has no kind"),
        ({"policies": [{"kind": "Images", "names": "x"}]}, "unknown field spec.policies[0].names"),
        ({"match": None}, "does not narrow"),
        ({"match": {}}, "does not narrow"),
        ({"match": {"scope": "Namespaced"}}, "does not narrow"),
        ({"match": {"excludedNamespaces": ["a"]}}, "does not narrow"),
        ({"match": {"namespaces": []}}, "spec.match.namespaces is empty"),
        ({"match": {"kinds": [{"kinds": ["Pod"]}], "namespaces": []}}, "spec.match.namespaces is empty"),
        ({"match": {"kinds": [{"kinds": ["Pod"]}], "name": ""}}, "spec.match.name is empty"),
        ({"match": {"kinds": [{"kinds": ["Pod"]}], "namespaces": "ml"}}, "spec.match.namespaces"),
        ({"match": {"kinds": [{"kinds": ["Pod"]}], "namespaces": [7]}}, "spec.match.namespaces[0]"),
        ({"match": {"kinds": [{"kinds": ["Pod"]}], "excludedNamespaces": "a"}}, "excludedNamespaces"),
        ({"match": {"kinds": [{"kinds": ["Pod"]}], "name": 7}}, "spec.match.name"),
        ({"match": {"kinds": [{"kinds": ["Pod"]}], "scope": "namespaced"}}, "spec.match.scope"),
        ({"match": {"kinds": ["Pod"]}}, "spec.match.kinds[0]"),
        ({"match": {"kinds": "Pod", "namespaces": ["ml"]}}, "spec.match.kinds"),
        ({"match": {"kinds": [{"kinds": "Pod"}]}}, "spec.match.kinds[0].kinds"),
        ({"match": {"kinds": [{}]}}, "does not narrow"),
        ({"match": {"kinds": [{"apiGroups": ["*"], "kinds": ["Pod", "*"]}]}}, "does not narrow"),
        ({"match": {"kinds": [{"kinds": ["Pod"]}, {"kinds": ["*"]}]}}, "does not narrow"),
        ({"match": {"namespaces": ["ml", "*"]}}, "does not narrow"),
        ({"match": {"name": "**"}}, "does not narrow"),
        ({"match": {"namespaceSelector": {"matchLabels": {}}}}, "does not narrow"),
        ({"policies": [{"kind": "Images", "name": ""}]}, "spec.policies[0].name is empty"),
        ({"match": {"namespaces": ["ml"], "labelSelector": {}}}, "own labels"),
        (
            {"match": {"namespaces": ["ml"], "namesapceSelector": {}}},
            "unknown field spec.match.namesapceSelector",
        ),
        ({"match": {"namespaceSelector": {"matchLabels": {"a": 1}}}}, "must be of type string"),
        ({"reason": None}, "spec.reason is missing"),
        ({"reason": "  "}, "spec.reason is missing"),
        ({"reason": "x" * 1_001}, "1001 characters"),
        ({"owner": None}, "spec.owner is missing"),
        ({"expiresAt": None}, "spec.expiresAt is no time"),
        ({"issuedAt": None}, "spec.issuedAt is no time"),
        ({"expiresAt": "2026-12-31"}, "spec.expiresAt is no time"),
        ({"expiresAt": "2026-02-30T00:00:00Z"}, "does not exist"),
        ({"expiresAt": "2026-07-01T00:00:00"}, "spec.expiresAt is no time"),
        ({"expiresAt": "2026-05-01T00:00:00Z"}, "not after"),
        ({"expires": "2026-05-01T00:00:00Z"}, "unknown field spec.expires"),
        ({"expiresAt": "9999-12-31T23:59:59-23:59"}, "between the years"),
        ({"issuedAt": "0001-01-01T00:00:00+10:00"}, "between the years"),
        ({"issuedAt": "1969-12-31T23:59:59Z"}, "between the years"),
        ({"violations": []}, "spec.violations is empty"),
        ({"violations": [{"path": "a", "message": ""}]}, "spec.violations[0].message is empty"),
        ({"violations": [{"messageSha256": "AB"}]}, "no SHA-256"),
        ({"violations": [{"messageMasked": "*** ***"}]}, "would stand for any message"),
        ({"violations": [{}]}, "names no violation"),
        ({"violations": [{"path": "a", "msg": "b"}]}, "unknown field spec.violations[0].msg"),
        ({"violations": [{"path": str(n)} for n in range(1_001)]}, "may have 1000"),
        ({"signatures": [{"signer": "a", "signature": "?"}]}, "no base64"),
        ({"signatures": [{"signature": "AAAA"}]}, "has no signer"),
        ({"policies": "Images"}, "must be a list"),
    ],
)
def test_what_is_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_exemption(read(exemption(**spec)))
    (error,) = flatten(caught.value)
    assert said in error.message
    assert error.location is not None and error.location.file == "exemption.yaml" and error.quoted


@pytest.mark.parametrize("name", ["", "Upper", "a_b", "x" * 254])
def test_names(name: str) -> None:
    with pytest.raises(PolicyError, match="no name for an Exemption"):
        parse_exemption(read(exemption(name)))


def test_other_versions_are_refused() -> None:
    value = exemption()
    value["apiVersion"] = "exemptions.lockgate.dev/v1"
    with pytest.raises(PolicyError, match="unsupported version"):
        parse_exemption(read(value))


def test_signed_bytes_do_not_depend_on_the_order_of_fields_nor_on_signatures() -> None:
    spec = exemption()["spec"]
    turned = dict(reversed(spec.items()))
    assert signed_bytes("a", spec) == signed_bytes("a", {**turned, "signatures": [{"signer": "x"}]})
    assert signed_bytes("a", spec) != signed_bytes("b", spec)
    assert signed_bytes("a", spec) != signed_bytes("a", {**spec, "owner": "somebody else"})
    assert signed_bytes("a", spec).startswith(b"lockgate-exemption/v1\n{")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (policy(), "spec.rules is empty"),
        (policy({"maxDuration": "90"}), "no span of time"),
        (policy({"maxDuration": "0d"}), "no span of time"),
        (policy({"maxDuraton": "9d"}), "unknown field spec.rules[0].maxDuraton"),
        (policy({"requireSignature": True}), "spec.signers has nobody"),
        (policy({"signers": ["who"]}), "'who' is none of spec.signers"),
        (policy({"never": "yes"}), "must be true or false"),
        (policy({"signers": []}), "spec.rules[0].signers is empty"),
    ],
)
def test_policies_that_are_refused(value: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_exemption_policy(read(value, "rules.yaml"))
    (error,) = flatten(caught.value)
    assert said in error.message and error.location is not None and error.quoted


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_keys_that_are_none(text: str) -> None:
    value = policy({"requireSignature": True})
    value["spec"]["signers"] = [{"name": "a", "publicKey": text}]
    with pytest.raises(PolicyError, match="no public key in PEM"):
        parse_exemption_policy(read(value))


def test_keys_of_other_kinds() -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = (
        generate_private_key(SECP256R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    value = policy({"requireSignature": True})
    value["spec"]["signers"] = [{"name": "a", "publicKey": pem.decode()}]
    with pytest.raises(PolicyError, match="another kind than Ed25519"):
        parse_exemption_policy(read(value))


@pytest.mark.parametrize(
    ("message", "masked", "fits"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("password x is weak", "password *** is weak", True),
        ("password x y is weak", "password *** is weak", True),
        ("password  is weak", "password *** is weak", False),
        ("password is weak", "password *** is weak", False),
        ("passwordis weak", "password*** is weak", False),
        ("ab", "ab***", False),
        ("abc", "ab***", True),
        ("ab", "***ab", False),
        ("aXbYc", "a***b***c", True),
        ("abYc", "a***b***c", False),
        ("aXbc", "a***b***c", False),
        ("aXbXbYc", "a***b***c", True),
        ("aba", "aba***aba", False),
        ("anything", "***", True),
        ("", "***", False),
    ],
)
def test_masked_messages(message: str, masked: str, fits: bool) -> None:
    assert fits_mask(message, masked) is fits


@given(st.lists(st.text("ab ", max_size=4), min_size=1, max_size=5), st.data())
def test_what_is_masked_fits(parts: list[str], data: st.DataObject) -> None:
    """Whatever stood in the places that are masked."""
    hidden = [data.draw(st.text("ab ", min_size=1, max_size=4)) for _ in parts[1:]]
    message = "".join([part + more for part, more in zip(parts, [*hidden, ""], strict=True)])
    assert fits_mask(message, "***".join(parts))
