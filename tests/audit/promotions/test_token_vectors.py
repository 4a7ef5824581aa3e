"""Project Wycheproof's vectors: JSON Web Signatures, and signatures as JSON Web Signatures have them."""

import json
from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from lockgate.audit.errors import TrailError
from lockgate.audit.promotions.signed_token import (
    SignedToken,
    is_signed_by,
    parse_token,
    verify_signature,
)
from lockgate.audit.promotions.web_keys import ALGORITHMS, Algorithm, WebPublicKey, parse_web_keys

from tests.audit.promotions.tokens import key_set
from tests.vectors import vector_path


def _groups(name: str) -> list[dict[str, Any]]:
    path = vector_path("wycheproof", "testvectors_v1", f"{name}_test.json")
    groups: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["testGroups"]
    return groups


def _is_verified(text: str, jwk: dict[str, Any]) -> bool:
    try:
        verify_signature(parse_token(text.encode()), parse_web_keys(key_set(jwk), "the key"))
    except TrailError:
        return False
    return True


def _algorithm(text: str) -> str:
    try:
        return parse_token(text.encode()).algorithm
    except TrailError:
        return ""


def test_json_web_signatures() -> None:
    counted: Counter[str] = Counter()
    for group in _groups("json_web_signature"):
        for case in group["tests"]:
            text, number = case["jws"], case["tcId"]
            is_ours = case["result"] == "valid" and _algorithm(text) in ALGORITHMS
            # A shared key is refused as what it is.
            assert _is_verified(text, group.get("public", group["private"])) is is_ours, number
            counted[_algorithm(text) if is_ours else "refused"] += 1
    assert counted == {"RS256": 8, "PS256": 6, "ES256": 2, "refused": 385}


def _rsa(group: dict[str, Any]) -> WebPublicKey:
    public = group["publicKey"]
    return RSAPublicNumbers(int(public["publicExponent"], 16), int(public["modulus"], 16)).public_key()


def _ec(group: dict[str, Any]) -> WebPublicKey:
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)


def _ed25519(group: dict[str, Any]) -> WebPublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(group["publicKey"]["pk"]))


@pytest.mark.parametrize(
    ("name", "algorithm", "read"),
    [
        ("ecdsa_secp256r1_sha256_p1363", "ES256", _ec),
        ("rsa_signature_2048_sha256", "RS256", _rsa),
        ("rsa_pss_2048_sha256_mgf1_32", "PS256", _rsa),
        # Salts of another length than RFC 7518 has, and another hash in the mask.
        ("rsa_pss_2048_sha256_mgf1_0", "PS256", _rsa),
        ("rsa_pss_2048_sha256_mgf1sha1_20", "PS256", _rsa),
        ("ed25519", "EdDSA", _ed25519),
    ],
)
def test_signatures(name: str, algorithm: Algorithm, read: Any) -> None:
    counted: Counter[str] = Counter()
    for group in _groups(name):
        key = read(group)
        has_mask = group.get("mgfSha", "SHA-256") == "SHA-256"
        is_ours = has_mask and group.get("sLen", 32) == 32
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            found = is_signed_by(SignedToken(algorithm, "", "", b"", message, signature), key)
            is_valid = is_ours and case["result"] == "valid"
            # Wrong for a salt of another length, and as RFC 7518 has it.
            assert found is (is_valid or (has_mask and case["comment"] == "s_len changed to 32")), case[
                "tcId"
            ]
            counted[case["result"]] += 1
    assert counted["valid"] and counted.total() > 60
