"""JSON Web Tokens: what verifies, what must not, and what the constraints ask for."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError

from tests.engine.builtin_cases import Budget, call
from tests.engine.crypto_material import (
    SigningKey,
    b64url,
    certificate,
    jwk,
    name,
    pem,
    private_pem,
    public_pem,
    signature,
    token,
)

KEYS: dict[str, SigningKey] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "PS384": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
KEY = KEYS["ES256"]
SECRET: dict[str, Any] = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldA"}
NO = [False, {}, {}]


def decode_verify(text: str, **constraints: Any) -> list[Any]:
    found = call("io.jwt.decode_verify", text, constraints)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("algorithm", KEYS)
def test_forms_of_keys(algorithm: str) -> None:
    key = KEYS[algorithm]
    text = token(key, algorithm, {"a": 1})
    own = certificate(name("a"), key, name("a"), key)
    for source in (
        pem(own),
        public_pem(key),
        json.dumps(jwk(key)),
        json.dumps({"keys": [jwk(KEY), jwk(key)]}),
    ):
        assert call(f"io.jwt.verify_{algorithm.lower()}", text, source) is True
        assert decode_verify(text, cert=source) == [True, {"alg": algorithm}, {"a": 1}]
    other = public_pem(KEYS["RS256" if algorithm != "RS256" else "PS384"])
    assert call(f"io.jwt.verify_{algorithm.lower()}", text, other) is False
    assert decode_verify(text, cert=other) == NO


@pytest.mark.parametrize(
    "source", ["", "{}", '{"keys": 1}', '{"kty": "EC"}', private_pem(KEY), pem() + "x", "[]", "{"]
)
def test_what_is_no_key(source: str) -> None:
    with pytest.raises(BuiltinError):
        call("io.jwt.verify_es256", token(KEY, "ES256", {}), source)


def test_a_public_key_is_no_secret() -> None:
    text = token(public_pem(KEY).encode(), "HS256", {"a": 1})
    assert decode_verify(text, cert=public_pem(KEY)) == NO
    assert decode_verify(text, cert=json.dumps(jwk(KEY))) == NO


@pytest.mark.parametrize("algorithm", ["none", "None", "", "ES384", "HS256", "RS256"])
def test_the_header_does_not_choose_what_a_key_is_for(algorithm: str) -> None:
    _, body, code = token(KEY, "ES256", {"a": 1}).split(".")
    header = b64url(json.dumps({"alg": algorithm}).encode())
    assert decode_verify(f"{header}.{body}.{code}", cert=public_pem(KEY)) == NO
    assert decode_verify(f"{header}.{body}.", cert=public_pem(KEY)) == NO


def test_identifiers_and_algorithms_of_keys() -> None:
    keys = {"keys": [jwk(KEYS["ES384"], kid="a"), jwk(KEY, kid="b", alg="ES256"), jwk(KEY, alg="RSA-OAEP")]}
    source = json.dumps(keys)
    assert decode_verify(token(KEY, "ES256", {}, kid="b"), cert=source)[0] is True
    assert decode_verify(token(KEY, "ES256", {}), cert=source)[0] is True
    # The key that the token names is the only one that counts.
    assert decode_verify(token(KEY, "ES256", {}, kid="a"), cert=source) == NO
    only = json.dumps(jwk(KEY, alg="ES384"))
    assert decode_verify(token(KEY, "ES256", {}), cert=only) == NO
    unsupported = json.dumps(jwk(KEY, alg="RSA-OAEP"))
    assert decode_verify(token(KEY, "ES256", {}), cert=unsupported) == NO


@pytest.mark.parametrize(
    ("claims", "constraints", "valid"),
    [
        ({}, {}, True),
        ({"iss": "me"}, {"iss": "me"}, True),
        ({"iss": "you"}, {"iss": "me"}, False),
        ({}, {"iss": "me"}, False),
        ({"aud": "us"}, {"aud": "us"}, True),
        ({"aud": ["you", "us"]}, {"aud": "us"}, True),
        ({"aud": "us"}, {}, False),
        ({}, {"aud": "us"}, False),
        ({}, {"alg": "ES256"}, True),
        ({}, {"alg": "ES384"}, False),
        ({"exp": 1000}, {"time": 999_999_999_999}, True),
        ({"exp": 1000}, {"time": 1_000_000_000_000}, False),
        ({"nbf": 1000}, {"time": 1_000_000_000_000}, True),
        ({"nbf": 1000}, {"time": 999_999_999_999}, False),
        ({"exp": 1_767_225_600}, {}, False),
        ({"exp": 1_767_225_601, "nbf": 1_767_225_600}, {}, True),
    ],
)
def test_constraints(claims: dict[str, Any], constraints: dict[str, Any], valid: bool) -> None:
    text = token(KEY, "ES256", claims)
    assert decode_verify(text, cert=public_pem(KEY), **constraints) == (
        [True, {"alg": "ES256"}, claims] if valid else NO
    )


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"secret": ""},
        {"secret": "a", "cert": public_pem(KEY)},
        {"secret": "a", "odd": 1},
        {"secret": "a", "time": -1},
        {"secret": 5},
    ],
)
def test_wrong_constraints(constraints: dict[str, Any]) -> None:
    with pytest.raises(BuiltinError):
        decode_verify(token(b"a", "HS256", {}), **constraints)


def test_what_is_critical_must_be_known() -> None:
    assert decode_verify(token(b"a", "HS256", {}, crit=["x"], x=1), secret="a") == NO
    assert decode_verify(token(b"a", "HS256", {}, crit=["y"], x=1), secret="a")[0] is True
    with pytest.raises(BuiltinError, match="crit"):
        decode_verify(token(b"a", "HS256", {}, crit=[]), secret="a")


def test_nested_tokens() -> None:
    text = token(KEY, "ES256", {"a": 1})
    for _ in range(20):
        text = token(KEY, "ES256", text, cty="JWT")
    assert decode_verify(text, cert=public_pem(KEY)) == [True, {"alg": "ES256"}, {"a": 1}]
    assert call("io.jwt.decode", text)[1] == {"a": 1}
    inner = token(KEYS["ES384"], "ES384", {"a": 1})
    assert decode_verify(token(KEY, "ES256", inner, cty="jwt"), cert=public_pem(KEY)) == NO


def test_decode() -> None:
    text = token(b"a", "HS256", {"a": [1, "ü"]})
    header, claims, code = call("io.jwt.decode", text)
    assert (header, claims) == ({"alg": "HS256"}, {"a": [1, "ü"]})
    assert bytes.fromhex(code) == signature(b"a", "HS256", text.rpartition(".")[0].encode())
    for wrong in ("", "a", "a.b", "a.b.c.d", "e30.e30.!", "e30.W10.e30", "eyJlbmMiOjF9.e30.e30"):
        with pytest.raises(BuiltinError):
            call("io.jwt.decode", wrong)


@pytest.mark.parametrize("size", [256, 384, 512])
def test_secrets(size: int) -> None:
    text = token(b"secret", f"HS{size}", {})
    assert call(f"io.jwt.verify_hs{size}", text, "secret") is True
    assert call(f"io.jwt.verify_hs{size}", text, "other") is False
    assert call(f"io.jwt.verify_hs{size}", text[:-4], "secret") is False


@pytest.mark.parametrize("algorithm", [*KEYS, "HS512"])
def test_what_is_signed_verifies(algorithm: str) -> None:
    key = KEYS.get(algorithm)
    private: dict[str, Any] = SECRET if key is None else jwk(key, "private")
    text = call("io.jwt.encode_sign", {"alg": algorithm}, {"a": "<é>"}, private)
    trusted = {"secret": "secret-secret"} if key is None else {"cert": public_pem(key)}
    assert decode_verify(text, **trusted) == [True, {"alg": algorithm}, {"a": "<é>"}]


@pytest.mark.parametrize(
    ("header", "payload", "key"),
    [
        ({}, {}, SECRET),
        ({"alg": "none"}, {}, SECRET),
        ({"alg": "HS256"}, {}, jwk(KEY, "private")),
        ({"alg": "ES256"}, {}, jwk(KEY)),
        ({"alg": "ES256"}, {}, SECRET),
        ({"alg": "HS256"}, {}, {"keys": []}),
        ({"alg": "HS256"}, {}, {"kty": "oct", "k": ""}),
    ],
)
def test_what_cannot_be_signed(header: dict[str, Any], payload: dict[str, Any], key: dict[str, Any]) -> None:
    with pytest.raises(BuiltinError):
        call("io.jwt.encode_sign", header, payload, key)


def test_a_payload_is_json_unless_the_type_says_otherwise() -> None:
    with pytest.raises(BuiltinError, match="not JSON"):
        call("io.jwt.encode_sign_raw", '{"alg": "HS256"}', "text", json.dumps(SECRET))
    assert call("io.jwt.encode_sign_raw", '{"alg": "HS256", "typ": "text/plain"}', "text", json.dumps(SECRET))


def test_a_key_whose_numbers_do_not_belong_together_signs_nothing() -> None:
    key = jwk(KEYS["RS256"], "private")
    with pytest.raises(BuiltinError):
        call("io.jwt.encode_sign", {"alg": "RS256"}, {}, {**key, "p": key["q"]})
    with pytest.raises(BuiltinError):
        call("io.jwt.encode_sign", {"alg": "RS256"}, {}, {**key, "d": "AQ"})


def test_limits() -> None:
    with pytest.raises(BuiltinLimitError):
        call("io.jwt.decode", "a." * 500_001)
    with pytest.raises(BuiltinLimitError):
        many = json.dumps({"keys": [jwk(KEY)] * 1_001})
        call("io.jwt.verify_es256", "e30.e30.", many, context=Budget(left=len(many) + 100))
    keys = json.dumps({"keys": [jwk(KEY)] * 900})
    with pytest.raises(EvaluationError):
        call(
            "io.jwt.decode_verify",
            token(KEYS["ES384"], "ES384", {}),
            {"cert": keys},
            context=Budget(left=len(keys) + 20_000),
        )


@given(st.text(max_size=200), st.text(max_size=50))
def test_any_text_is_refused_or_does_not_verify(text: str, key: str) -> None:
    asked: list[tuple[str, dict[str, Any]]] = [(text, {"secret": key}), (text, {"cert": key})]
    asked.append((f"e30.e30.{text}", {"secret": key or "a"}))
    for changed, constraints in asked:
        try:
            assert decode_verify(changed, **constraints) == NO
        except BuiltinError:
            continue


@given(st.data())
def test_a_changed_token_does_not_verify(data: st.DataObject) -> None:
    text = token(b"secret", "HS256", {"a": 1})
    at = data.draw(st.integers(0, len(text) - 3))
    changed = text[:at] + data.draw(st.sampled_from("abcXYZ019-_.")) + text[at + 1 :]
    try:
        found = decode_verify(changed, secret="secret")[0]
    except BuiltinError:
        found = False
    assert found is (changed == text)
