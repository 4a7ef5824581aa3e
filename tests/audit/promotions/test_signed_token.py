"""Vectors of RFC 7515 (A.2, A.3) and RFC 8037 (A.4), and what is no token."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.promotions.signed_token import MAX_TOKEN, is_signed_by, parse_token, verify_signature
from lockgate.audit.promotions.web_keys import decode_base64url, encode_base64url, parse_web_keys

from tests.audit.promotions.tokens import claims, key_set, part, sign_with, signer, token

_JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
_RSA = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2"
    "lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2"
    "CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb5"
    "4h4FRWyuXpoQ",
    "e": "AQAB",
}
_RSA_SIGNATURE = (
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t"
    "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j"
    "zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ"
    "Ge77Rw"
)
_EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
_EC_SIGNATURE = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
_ED = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
_ED_SIGNATURE = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

_VECTORS = [
    pytest.param(_RSA, f"eyJhbGciOiJSUzI1NiJ9.{_JOE}.{_RSA_SIGNATURE}", id="RFC 7515 A.2"),
    pytest.param(_EC, f"eyJhbGciOiJFUzI1NiJ9.{_JOE}.{_EC_SIGNATURE}", id="RFC 7515 A.3"),
    pytest.param(
        _ED, f"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.{_ED_SIGNATURE}", id="RFC 8037 A.4"
    ),
]
# RFC 7515 A.5, which nobody signed, and A.1, which whoever has the secret may have.
_UNSIGNED = f"eyJhbGciOiJub25lIn0.{_JOE}."
_SHARED = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{_JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.mark.parametrize(("jwk", "text"), _VECTORS)
def test_vectors_of_the_standards_verify(jwk: dict[str, str], text: str) -> None:
    keys = parse_web_keys(key_set(jwk), "keys")
    verify_signature(parse_token(text.encode()), keys)


@pytest.mark.parametrize(("jwk", "text"), _VECTORS)
def test_a_vector_with_a_changed_bit_does_not_verify(jwk: dict[str, str], text: str) -> None:
    keys = parse_web_keys(key_set(jwk), "keys")
    read = parse_token(text.encode())
    for place in range(0, len(read.signature), 5):
        changed = bytearray(read.signature)
        changed[place] ^= 1
        assert not is_signed_by(replace(read, signature=bytes(changed)), keys[0].key)
    with pytest.raises(VerificationError, match="not by its issuer's key"):
        verify_signature(replace(read, signed=read.signed + b"A"), keys)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(_UNSIGNED, "not signed", id="RFC 7515 A.5"),
        pytest.param(_SHARED, "a shared secret", id="RFC 7515 A.1"),
    ],
)
def test_vectors_that_prove_nothing_are_refused(text: str, told: str) -> None:
    with pytest.raises(VerificationError, match=told):
        parse_token(text.encode())


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_key_verifies_only_what_it_signed_in_its_own_way(algorithm: str) -> None:
    by, other = signer(algorithm), signer(algorithm, "other")
    read = parse_token(token(claims(), by))
    keys = {one: parse_web_keys(key_set(one.jwk()), "keys")[0].key for one in (by, other)}
    assert is_signed_by(read, keys[by])
    assert not is_signed_by(read, keys[other])
    for changed in {"RS256", "PS256", "ES256", "EdDSA"} - {algorithm}:
        assert not is_signed_by(replace(read, algorithm=changed), keys[by])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(bytes(64), id="zeros"),
        pytest.param(b"\0" * 32 + b"\1" * 32, id="first number zero"),
        pytest.param(b"\1" * 32 + b"\0" * 32, id="second number zero"),
        pytest.param(b"\xff" * 64, id="above the order"),
        pytest.param(b"", id="empty"),
        pytest.param(bytes(63), id="short"),
        pytest.param(bytes(65), id="long"),
    ],
)
def test_numbers_that_are_no_signature(signature: bytes) -> None:
    by = signer("ES256")
    read = replace(parse_token(token(claims(), by)), signature=signature)
    assert not is_signed_by(read, parse_web_keys(key_set(by.jwk()), "keys")[0].key)


def test_a_signature_in_asn1_is_none() -> None:
    # What openssl writes, and what some libraries take.
    by = signer("ES256")
    read = parse_token(token(claims(), by))
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    numbers = [int.from_bytes(one, "big") for one in (read.signature[:32], read.signature[32:])]
    changed = replace(read, signature=encode_dss_signature(*numbers))
    assert not is_signed_by(changed, parse_web_keys(key_set(by.jwk()), "keys")[0].key)


def _header(**said: object) -> str:
    return f"{part(said)}.{part({})}.AAAA"


_ES = {"alg": "ES256"}
_NO_TOKENS = [
    pytest.param("", "three parts", id="empty"),
    pytest.param("a.b", "three parts", id="two parts"),
    pytest.param("a.b.c.d", "three parts", id="four parts"),
    pytest.param("a.b.c.d.e", "encrypted", id="encrypted"),
    pytest.param('{"payload":"e30","signatures":[]}', "three parts", id="JSON serialization"),
    pytest.param(f"{part(_ES)}=.{part({})}.AAAA", "without padding", id="padding"),
    pytest.param(f"{part(_ES)} .{part({})}.AAAA", "without padding", id="space"),
    pytest.param(f"{part(_ES)}.{part({})}.AA+A", "without padding", id="other alphabet"),
    pytest.param(f"{part(_ES)}.{part({})}.AAAAA", "cut off", id="a sign too many"),
    pytest.param(f"{part(_ES)}.{part({})}.AB", "canonical", id="bits left over"),
    pytest.param(f"{part('no json')}.{part({})}.AAAA", "is no JSON", id="header no JSON"),
    pytest.param(f"{part('[]')}.{part({})}.AAAA", "is no object", id="header no object"),
    pytest.param(f"{part('{}')}.{part({})}.AAAA", "has no alg", id="no alg"),
    pytest.param(_header(alg=["ES256"]), "is no text", id="alg a list"),
    pytest.param(_header(alg="ES256", kid=1), "is no text", id="kid a number"),
    pytest.param(_header(alg="ES256", crit=["exp"], exp=1), "'crit'", id="crit"),
    pytest.param(_header(alg="ES256", crit=[]), "'crit'", id="crit empty"),
    pytest.param(_header(alg="ES256", crit=None), "'crit'", id="crit null"),
    pytest.param(_header(alg="ES256", b64=False), "'b64'", id="payload not encoded"),
    pytest.param(_header(alg="ES256", zip="DEF"), "'zip'", id="packed"),
    pytest.param(
        part('{"alg":"ES256","alg":"none"}') + f".{part({})}.AAAA", "key is in it twice", id="alg twice"
    ),
    pytest.param("é.é.é", "no ASCII", id="no ASCII"),
    pytest.param("A" * (MAX_TOKEN + 1), "larger than 16 KiB", id="huge"),
    pytest.param(f"{part('[' * 5_000)}.{part({})}.AAAA", "is no JSON", id="nested"),
    pytest.param(f"{part(_ES)}.{part({})}.AAAA\n\n", "without padding", id="two ends of a line"),
]


@pytest.mark.parametrize(("text", "told"), _NO_TOKENS)
def test_what_is_no_token(text: str, told: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_token(text.encode())
    assert told in caught.value.message


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "HS256", "hs256", "HS512"])
def test_what_nobody_signed(alg: str) -> None:
    with pytest.raises(VerificationError):
        parse_token(_header(alg=alg).encode())


@pytest.mark.parametrize("alg", ["ES384", "RS512", "es256", "ES256K", "Ed448", "RSA-OAEP", "", " RS256"])
def test_algorithms_that_are_not_verified(alg: str) -> None:
    with pytest.raises(UnverifiableError):
        parse_token(_header(alg=alg).encode())


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_may_end_with_the_end_of_a_line(end: str) -> None:
    made = token(claims())
    assert parse_token(made + end.encode()) == parse_token(made)


def test_the_key_is_the_one_that_the_token_names_or_the_only_one() -> None:
    one, other = signer("ES256"), signer("ES256", "other")
    both = parse_web_keys(key_set(one.jwk(), other.jwk()), "keys")
    verify_signature(parse_token(token(claims(), other)), both)
    nameless = parse_token(token(claims(), one, kid=None))
    verify_signature(nameless, both[:1])
    with pytest.raises(UnverifiableError, match="names no key, and 2"):
        verify_signature(nameless, both)
    with pytest.raises(UnverifiableError, match="none of the issuer's keys is 'elsewhere'"):
        verify_signature(parse_token(token(claims(), one, kid="elsewhere")), both)
    with pytest.raises(UnverifiableError, match="is for EdDSA"):
        verify_signature(parse_token(token(claims(), signer("EdDSA"), kid=None)), both)
    # The name of one key with the signature of another.
    with pytest.raises(VerificationError, match="not by its issuer's key"):
        verify_signature(parse_token(token(claims(), one, kid=other.key_id)), both)


def test_a_key_that_the_token_brings_along_counts_for_nothing() -> None:
    thief, honest = signer("ES256", "thief"), signer("ES256")
    keys = parse_web_keys(key_set(honest.jwk()), "keys")
    for header in (
        {"jwk": thief.jwk()},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/"},
    ):
        with pytest.raises(VerificationError, match="not by its issuer's key"):
            verify_signature(parse_token(token(claims(), thief, kid=honest.key_id, **header)), keys)


def test_a_key_for_one_algorithm_is_not_used_for_another() -> None:
    by = signer("RS256")
    keys = parse_web_keys(key_set(by.jwk()), "keys")
    signed = f"{part({'alg': 'PS256', 'kid': by.key_id})}.{part(claims())}"
    text = f"{signed}.{encode_base64url(sign_with(by.key, 'PS256', signed.encode()))}"
    with pytest.raises(VerificationError, match="is for another"):
        verify_signature(parse_token(text.encode()), keys)
    # A key that names no algorithm is for both of RSA's.
    free = by.jwk()
    del free["alg"]
    verify_signature(parse_token(text.encode()), parse_web_keys(key_set(free), "keys"))


@given(st.binary(max_size=200))
def test_whatever_the_bytes_the_error_is_ours(data: bytes) -> None:
    with pytest.raises(TrailError):
        parse_token(data)


@given(st.binary(max_size=80))
def test_base64url_has_one_spelling(data: bytes) -> None:
    assert decode_base64url(encode_base64url(data), "it") == data


@given(st.text("AQgwBCDz09-_", max_size=24))
def test_text_that_decodes_encodes_to_itself(text: str) -> None:
    try:
        data = decode_base64url(text, "it")
    except FormatError:
        return
    assert encode_base64url(data) == text


@given(st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=8)))
def test_any_header_is_refused_or_of_a_known_algorithm(header: dict[str, object]) -> None:
    text = f"{encode_base64url(json.dumps(header).encode())}.e30.AAAA"
    try:
        read = parse_token(text.encode())
    except TrailError:
        return
    assert read.algorithm == header["alg"]
