"""ID tokens as approvals: whom they name, and every way in which one approves nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.promotions.token import TokenApproval, binding_of, verify_token

from tests.audit.promotions.tokens import (
    CLIENT,
    ISSUER,
    NOW,
    PAYLOAD,
    claims,
    issuer,
    part,
    shared_secret_token,
    signer,
    token,
)

_BINDING = binding_of(PAYLOAD)
_OTHER = binding_of(b"another statement")
_MS = NOW * 1_000


def _verified(data: bytes, **more: Any) -> TokenApproval:
    return verify_token(data, [issuer(**more)], PAYLOAD, _MS)


def test_the_binding_is_the_digest_of_the_payload() -> None:
    # printf '' | sha256sum
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert binding_of(b"") == f"lockgate-approval:sha256:{empty}"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_names_who_approves(algorithm: str) -> None:
    by = signer(algorithm)
    found = verify_token(token(claims(), by), [issuer(by)], PAYLOAD, _MS)
    assert found == TokenApproval(ISSUER, "u-1001", "", NOW, NOW + 300)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"nonce": None, "aud": _BINDING}, id="audience alone"),
        pytest.param({"nonce": None, "aud": [_BINDING]}, id="audience in a list"),
        pytest.param({"nonce": None, "aud": [CLIENT, _BINDING]}, id="audience beside the client"),
        pytest.param(
            {"nonce": "n-0S6_WzA2Mj", "aud": [_BINDING]}, id="audience, and a nonce of the client's"
        ),
        pytest.param({"aud": [CLIENT]}, id="client in a list"),
        pytest.param({"aud": [CLIENT, _BINDING]}, id="both"),
        pytest.param({"azp": CLIENT}, id="authorized party"),
        pytest.param({"nbf": NOW - 5}, id="not before"),
        pytest.param({"iat": NOW - 0.5, "exp": NOW + 299.5}, id="parts of a second"),
        pytest.param({"extra": {"groups": ["ml-leads"]}}, id="other claims"),
    ],
)
def test_ways_to_be_bound(said: dict[str, Any]) -> None:
    assert _verified(token(claims(**said))).subject == "u-1001"


@pytest.mark.parametrize(
    ("said", "email"),
    [
        ({"email": "ml@example.com", "email_verified": True}, "ml@example.com"),
        ({"email": "ml@example.com"}, ""),
        ({"email": "ml@example.com", "email_verified": False}, ""),
        ({"email": "ml@example.com", "email_verified": "true"}, ""),
        ({"email": "ml@example.com", "email_verified": 1}, ""),
        ({"email_verified": True}, ""),
    ],
)
def test_an_address_counts_only_if_the_issuer_has_verified_it(said: dict[str, Any], email: str) -> None:
    assert _verified(token(claims(**said))).email == email


def _swapped(data: bytes, **said: Any) -> bytes:
    """A signed token with other claims in place of those that were signed."""
    head, _, signature = data.decode().split(".")
    return f"{head}.{part(claims(**said))}.{signature}".encode()


_FOREIGN = signer("ES256", "foreign")
_HONEST = signer("ES256")
_PUBLIC = bytes(str(_HONEST.jwk()), "ascii")

Attack = Callable[[], bytes]
_ATTACKS = [
    # What is signed in a way that anybody can.
    pytest.param(
        lambda: f"{part({'alg': 'none'})}.{part(claims())}.".encode(),
        VerificationError,
        "not signed",
        id="alg none",
    ),
    pytest.param(
        lambda: f"{part({'alg': 'nonE', 'kid': _HONEST.key_id})}.{part(claims())}.".encode(),
        VerificationError,
        "not signed",
        id="alg none in other letters",
    ),
    pytest.param(
        lambda: shared_secret_token(claims(), _PUBLIC, kid=_HONEST.key_id),
        VerificationError,
        "a shared secret",
        id="public key as the secret",
    ),
    pytest.param(
        lambda: token(claims(), signer("EdDSA"), kid=_HONEST.key_id),
        VerificationError,
        "is for another",
        id="algorithm of another kind of key",
    ),
    # Keys.
    pytest.param(
        lambda: token(claims(), _FOREIGN, kid=_HONEST.key_id),
        VerificationError,
        "not by its issuer's key",
        id="another's key under the name of the issuer's",
    ),
    pytest.param(
        lambda: token(claims(), _FOREIGN), UnverifiableError, "none of the issuer's keys", id="unknown key"
    ),
    pytest.param(
        lambda: token(claims(), _FOREIGN, kid=_HONEST.key_id, jwk=_FOREIGN.jwk()),
        VerificationError,
        "not by its issuer's key",
        id="key in the header",
    ),
    pytest.param(
        lambda: _swapped(token(claims(sub="u-2002")), sub="u-1001"),
        VerificationError,
        "not by its issuer's key",
        id="subject changed",
    ),
    pytest.param(
        lambda: _swapped(token(claims(nonce=_OTHER)), nonce=_BINDING),
        VerificationError,
        "not by its issuer's key",
        id="binding changed",
    ),
    # Issuers.
    pytest.param(
        lambda: token(claims(iss="https://login.example.org")),
        UnverifiableError,
        "none of those whose approvals count",
        id="unknown issuer",
    ),
    pytest.param(
        lambda: token(claims(iss=ISSUER + "/")),
        UnverifiableError,
        "none of those whose approvals count",
        id="issuer with a slash",
    ),
    pytest.param(
        lambda: token(claims(iss=ISSUER.upper())),
        UnverifiableError,
        "none of those whose approvals count",
        id="issuer in capitals",
    ),
    pytest.param(lambda: token(claims(iss=[ISSUER])), FormatError, "iss of the token", id="issuers"),
    # Binding.
    pytest.param(
        lambda: token(claims(nonce=_OTHER)), VerificationError, "another statement", id="nonce of another"
    ),
    pytest.param(
        lambda: token(claims(nonce=None, aud=_OTHER)),
        VerificationError,
        "another statement",
        id="audience of another",
    ),
    pytest.param(
        lambda: token(claims(aud=[CLIENT, _OTHER])),
        VerificationError,
        "another statement",
        id="nonce of this and audience of another",
    ),
    pytest.param(
        lambda: token(claims(nonce=None, aud=[_BINDING, _OTHER])),
        VerificationError,
        "another statement",
        id="audiences of two",
    ),
    pytest.param(
        lambda: token(claims(nonce=None)), VerificationError, "bound to no statement", id="sign-in token"
    ),
    pytest.param(
        lambda: token(claims(nonce="abc")), VerificationError, "bound to no statement", id="plain nonce"
    ),
    pytest.param(
        lambda: token(claims(nonce=_BINDING.upper())),
        VerificationError,
        "bound to no statement",
        id="binding in capitals",
    ),
    pytest.param(
        lambda: token(claims(nonce=_BINDING[:-1])),
        VerificationError,
        "another statement",
        id="binding cut off",
    ),
    pytest.param(
        lambda: token(claims(nonce=_BINDING + "\n")),
        VerificationError,
        "another statement",
        id="binding longer",
    ),
    pytest.param(
        lambda: token(claims(nonce=None, jti=_BINDING)),
        VerificationError,
        "bound to no statement",
        id="binding elsewhere",
    ),
    # Audiences.
    pytest.param(
        lambda: token(claims(aud="another-client")),
        VerificationError,
        "'another-client' too",
        id="other client",
    ),
    pytest.param(
        lambda: token(claims(aud=[CLIENT, "another-client"])),
        VerificationError,
        "'another-client' too",
        id="one more client",
    ),
    pytest.param(lambda: token(claims(aud=[])), VerificationError, "none of the clients", id="for nobody"),
    pytest.param(lambda: token(claims(aud=None)), FormatError, "has no aud", id="no audience"),
    pytest.param(lambda: token(claims(aud={CLIENT: 1})), FormatError, "is no list", id="audience an object"),
    pytest.param(lambda: token(claims(aud=[CLIENT] * 17)), FormatError, "17 elements", id="17 audiences"),
    pytest.param(
        lambda: token(claims(azp="another-client")),
        VerificationError,
        "issued to 'another-client'",
        id="authorized party",
    ),
    # Times.
    pytest.param(
        lambda: token(claims(iat=NOW - 400, exp=NOW - 60)), VerificationError, "expired 60 s", id="expired"
    ),
    pytest.param(lambda: token(claims(iat=NOW + 61)), VerificationError, "good only 61 s", id="issued later"),
    pytest.param(lambda: token(claims(nbf=NOW + 61)), VerificationError, "good only 61 s", id="not yet"),
    pytest.param(
        lambda: token(claims(exp=NOW + 3_601)), VerificationError, "at most 3600 s", id="good for too long"
    ),
    pytest.param(lambda: token(claims(exp=NOW)), VerificationError, "before it was issued", id="never good"),
    pytest.param(lambda: token(claims(exp=None)), FormatError, "has no exp", id="no exp"),
    pytest.param(lambda: token(claims(iat=None)), FormatError, "has no iat", id="no iat"),
    pytest.param(lambda: token(claims(exp=str(NOW + 300))), FormatError, "is no number", id="exp a text"),
    pytest.param(lambda: token(claims(exp=True)), FormatError, "is no number", id="exp a boolean"),
    pytest.param(lambda: token(claims(exp=1e400)), FormatError, "cannot be read", id="exp infinite"),
    pytest.param(
        lambda: token(part_claims("exp", "1e400")),
        FormatError,
        "no time in Unix seconds",
        id="exp beyond floats",
    ),
    pytest.param(
        lambda: token(claims(exp=10**40)), FormatError, "no time in Unix seconds", id="exp far away"
    ),
    pytest.param(lambda: token(claims(iat=-1)), FormatError, "no time in Unix seconds", id="iat negative"),
    pytest.param(
        lambda: token(claims(exp=(NOW + 300) * 1_000)), FormatError, "no time in Unix", id="milliseconds"
    ),
    # Whom they name.
    pytest.param(lambda: token(claims(sub=None)), FormatError, "has no sub", id="no subject"),
    pytest.param(lambda: token(claims(sub="")), FormatError, "is empty", id="empty subject"),
    pytest.param(lambda: token(claims(sub=7)), FormatError, "is no text", id="subject a number"),
    pytest.param(lambda: token(claims(sub="a\nb")), FormatError, "not shown", id="subject of two lines"),
    pytest.param(
        lambda: token(claims(sub="\u202eu")), FormatError, "not shown", id="subject from right to left"
    ),
    pytest.param(lambda: token(claims(sub="u" * 513)), FormatError, "longer than 512", id="long subject"),
    pytest.param(
        lambda: token(claims(email="a b@example.com", email_verified=True)),
        FormatError,
        "is no address",
        id="no address",
    ),
    # Other tokens.
    pytest.param(
        lambda: token(claims(), typ="at+jwt"), VerificationError, "is no ID token", id="access token"
    ),
    pytest.param(
        lambda: token(claims(), typ="logout+jwt"), VerificationError, "is no ID token", id="logout token"
    ),
    pytest.param(
        lambda: token('{"iss":"' + ISSUER + '","iss":"x"}'),
        FormatError,
        "key is in it twice",
        id="claim twice",
    ),
    pytest.param(lambda: token("[]"), FormatError, "is no object", id="claims a list"),
    pytest.param(lambda: token("nothing"), FormatError, "is no JSON", id="claims no JSON"),
    pytest.param(
        lambda: token(claims(groups=["g" * 100] * 200)), FormatError, "larger than 16 KiB", id="huge"
    ),
]


def part_claims(name: str, text: str) -> str:
    """The claims as JSON, with one of them as it is written here."""
    import json

    shown = json.dumps(claims(**{name: "@"}))
    return shown.replace('"@"', text)


@pytest.mark.parametrize(("attack", "error", "told"), _ATTACKS)
def test_what_approves_nothing(attack: Attack, error: type[TrailError], told: str) -> None:
    with pytest.raises(error) as caught:
        _verified(attack())
    assert type(caught.value) is error
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("at_s", "is_good"),
    [(-61, False), (-60, True), (0, True), (300, True), (359, True), (360, False), (10**6, False)],
)
def test_the_moment_counts_with_a_tolerance(at_s: int, is_good: bool) -> None:
    data = token(claims())
    if is_good:
        assert verify_token(data, [issuer()], PAYLOAD, (NOW + at_s) * 1_000).expires == NOW + 300
    else:
        with pytest.raises(VerificationError):
            verify_token(data, [issuer()], PAYLOAD, (NOW + at_s) * 1_000)


def test_without_tolerance_the_last_second_is_the_one_before_it_expires() -> None:
    data = token(claims())
    verify_token(data, [issuer()], PAYLOAD, (NOW + 300) * 1_000 - 1, 0)
    with pytest.raises(VerificationError, match="expired 0 s"):
        verify_token(data, [issuer()], PAYLOAD, (NOW + 300) * 1_000, 0)


def test_an_issuer_may_have_a_longer_or_a_shorter_lifetime() -> None:
    data = token(claims(exp=NOW + 7_200))
    assert _verified(data, maximum_lifetime_s=7_200).expires == NOW + 7_200
    with pytest.raises(VerificationError, match="at most 299 s"):
        _verified(token(claims()), maximum_lifetime_s=299)


def test_keys_of_one_issuer_do_not_sign_for_another() -> None:
    other = issuer(_FOREIGN, name="https://other.example.com")
    forged = token(claims(), _FOREIGN)
    with pytest.raises(UnverifiableError, match="none of the issuer's keys"):
        verify_token(forged, [issuer(), other], PAYLOAD, _MS)
    honest = token(claims(iss=other.issuer), _FOREIGN)
    assert verify_token(honest, [issuer(), other], PAYLOAD, _MS).issuer == other.issuer


def test_an_issuer_that_is_configured_twice_is_refused() -> None:
    with pytest.raises(UnverifiableError, match="configured 2 times"):
        verify_token(token(claims()), [issuer(), issuer(_FOREIGN)], PAYLOAD, _MS)


def test_without_issuers_nothing_is_verified() -> None:
    with pytest.raises(UnverifiableError):
        verify_token(token(claims()), [], PAYLOAD, _MS)


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_a_token_approves_the_payload_that_it_is_bound_to_and_no_other(one: bytes, other: bytes) -> None:
    data = token(claims(nonce=binding_of(one)))
    if one == other:
        assert verify_token(data, [issuer()], other, _MS).subject == "u-1001"
    else:
        with pytest.raises(VerificationError, match="another statement"):
            verify_token(data, [issuer()], other, _MS)


@given(st.data())
def test_a_token_with_any_byte_changed_approves_nothing(data: st.DataObject) -> None:
    made = token(claims(), signer("EdDSA"))
    place = data.draw(st.integers(0, len(made) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != made[place]))
    changed = made[:place] + bytes([byte]) + made[place + 1 :]
    with pytest.raises(TrailError):
        verify_token(changed, [issuer(signer("EdDSA"))], PAYLOAD, _MS)


_VALUES: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just([]) | st.just({})
)


@given(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "email"]), _VALUES)
def test_whatever_a_claim_is_the_answer_is_an_approval_or_an_error_of_ours(name: str, value: object) -> None:
    said = claims(email="ml@example.com", email_verified=True) | {name: value}
    try:
        found = _verified(token(said))
    except TrailError:
        return
    assert found.issuer == ISSUER and 0 < found.expires - found.issued_at <= 3_600
    assert name not in ("iss", "aud", "nonce")
