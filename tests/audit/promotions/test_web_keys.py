"""Sets of keys: what is taken, left out and refused."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError
from lockgate.audit.promotions.web_keys import MAX_KEYS, MAX_SET, parse_web_keys

from tests.audit.promotions.tokens import key_set, number, public_jwk, signer

_EC = signer("ES256")
_ED = signer("EdDSA")
_RSA = signer("RS256")


def test_each_kind_is_for_its_algorithms() -> None:
    free: list[dict[str, Any]] = [public_jwk(one.key) for one in (_RSA, _EC, _ED)]
    read = parse_web_keys(key_set(*free), "keys")
    assert [one.algorithms for one in read] == [("RS256", "PS256"), ("ES256",), ("EdDSA",)]
    assert [one.key_id for one in read] == ["", "", ""]
    named = parse_web_keys(key_set(_RSA.jwk(), signer("PS256").jwk()), "keys")
    assert [one.algorithms for one in named] == [("RS256",), ("PS256",)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(_RSA.jwk(use="enc"), id="for encryption"),
        pytest.param(_RSA.jwk(key_ops=["encrypt"]), id="operations"),
        pytest.param(_RSA.jwk(alg="RSA-OAEP"), id="algorithm for encryption"),
        pytest.param(_RSA.jwk(alg="RS512"), id="algorithm that is not verified"),
        pytest.param(_EC.jwk(alg="EdDSA"), id="algorithm of another kind"),
        pytest.param({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, id="other curve"),
        pytest.param({"kty": "OKP", "crv": "X25519", "x": "AA"}, id="key exchange"),
        pytest.param({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}, id="kind of the future"),
    ],
)
def test_keys_for_something_else_are_left_out(other: dict[str, Any]) -> None:
    assert len(parse_web_keys(key_set(other, _ED.jwk()), "keys")) == 1
    with pytest.raises(FormatError, match="has no key that verifies RS256, PS256, ES256, EdDSA"):
        parse_web_keys(key_set(other), "keys")


def _rsa_of(bits: int) -> dict[str, Any]:
    return public_jwk(rsa.generate_private_key(65_537, bits))


_POINT = _EC.jwk()["x"]
_REFUSED = [
    pytest.param({"kty": "oct", "k": "AAAA"}, "the member 'k' of a key that signs", id="shared secret"),
    pytest.param(_EC.jwk(d=_POINT), "the member 'd' of a key that signs", id="private key"),
    pytest.param(_RSA.jwk(p="AQ"), "the member 'p' of a key that signs", id="a prime"),
    pytest.param(_RSA.jwk(use="enc", d="AQ"), "the member 'd' of a key that signs", id="private, encryption"),
    pytest.param(_rsa_of(1_024), "has 1024 bits", id="short RSA"),
    pytest.param(_RSA.jwk(n=number((1 << 9_000) + 1)), "has 9001 bits", id="long RSA"),
    pytest.param(_RSA.jwk(n="A" * 5_000), "is longer than 4096", id="huge RSA"),
    pytest.param(_RSA.jwk(e="Aw"), "has an exponent", id="exponent 3"),
    pytest.param(_RSA.jwk(e="AQ"), "has an exponent", id="exponent 1"),
    pytest.param(_RSA.jwk(e=number(65_538)), "has an exponent", id="even exponent"),
    pytest.param(_RSA.jwk(e=number((1 << 64) + 1)), "has an exponent", id="long exponent"),
    pytest.param(_RSA.jwk(e="AAEAAQ"), "in its shortest form", id="leading zero"),
    pytest.param(_RSA.jwk(e=""), "in its shortest form", id="no exponent"),
    pytest.param(_RSA.jwk(n=_RSA.jwk()["n"] + "="), "without padding", id="padding"),
    pytest.param(_EC.jwk(x=number(1, 32)), "is no point of P-256", id="off the curve"),
    pytest.param(_EC.jwk(x="AQ"), "has 1 bytes and not 32", id="short coordinate"),
    pytest.param(_EC.jwk(y=None), "has no y", id="no coordinate"),
    pytest.param(_ED.jwk(x=number(1 << 248, 32)), "one signature fits many texts", id="small order"),
    pytest.param(_EC.jwk(kty=None), "has no kty", id="no kind"),
    pytest.param(_EC.jwk(kid=7), "is no text", id="key id a number"),
    pytest.param(_EC.jwk(key_ops="verify"), "is no list", id="operations a text"),
]


@pytest.mark.parametrize(("jwk", "told"), _REFUSED)
def test_a_key_that_is_wrong_makes_the_set_so(jwk: dict[str, Any], told: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_web_keys(key_set(_ED.jwk(), jwk), "the keys in FILE")
    assert told in caught.value.message
    assert "the keys in FILE" in caught.value.message


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no JSON"),
        (b"[]", "is no object"),
        (b"{}", "has no keys"),
        (b'{"keys":{}}', "is no list"),
        (b'{"keys":[]}', "has no key that verifies"),
        (b'{"keys":[1]}', "is no object"),
        (b'{"keys":[],"keys":[]}', "key is in it twice"),
        (b" " * (MAX_SET + 1), "larger than 256 KiB"),
        (json.dumps({"keys": [{}] * (MAX_KEYS + 1)}).encode(), f"at most {MAX_KEYS}"),
        (key_set(_EC.jwk(), signer("ES256", "second").jwk(kid=_EC.key_id)), "has two keys"),
    ],
)
def test_what_is_no_set(data: bytes, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        parse_web_keys(data, "the keys")


@given(st.binary(max_size=200))
def test_whatever_the_bytes_the_error_is_ours(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_web_keys(data, "the keys")


@given(
    st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg"]), st.text(max_size=6))
)
def test_whatever_the_fields_the_error_is_ours(fields: dict[str, str]) -> None:
    with pytest.raises(FormatError):
        parse_web_keys(key_set(fields), "the keys")
