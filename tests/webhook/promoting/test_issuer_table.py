"""`[[issuer]]` in `identities.toml`."""

from pathlib import Path

import pytest
from lockgate.audit.promotions.token import TokenIssuer, binding_of, verify_token
from lockgate.engine.errors import UsageError
from lockgate.webhook.promoting.identities_file import read_identities

from tests.audit.promotions.tokens import CLIENT, ISSUER, NOW, PAYLOAD, claims, issuer, key_set, signer, token

_WHOLE = f"""
[[person]]
name = "risk-1"

[[issuer]]
url = "{ISSUER}"
audiences = ["{CLIENT}"]
keys = "login.jwks.json"
maximum-lifetime = 600

[[issuer]]
url = "https://ci.example.com"
keys = "sub/ci.jwks.json"
"""


def _written(folder: Path, text: str) -> str:
    (folder / "sub").mkdir()
    (folder / "login.jwks.json").write_bytes(key_set(signer("ES256").jwk()))
    (folder / "sub" / "ci.jwks.json").write_bytes(key_set(signer("EdDSA").jwk()))
    (folder / "identities.toml").write_text(text)
    return str(folder / "identities.toml")


def test_what_a_file_says(tmp_path: Path) -> None:
    first, second = read_identities(_written(tmp_path, _WHOLE)).issuers
    assert (first.issuer, first.audiences, first.maximum_lifetime_s) == (ISSUER, (CLIENT,), 600)
    assert first.keys == issuer().keys
    assert (second.issuer, second.audiences, second.maximum_lifetime_s) == (
        "https://ci.example.com",
        (),
        3_600,
    )


def test_an_issuer_without_clients_vouches_by_the_audience_alone(tmp_path: Path) -> None:
    issuers: tuple[TokenIssuer, ...] = read_identities(_written(tmp_path, _WHOLE)).issuers
    said = claims(
        iss="https://ci.example.com", sub="repo:example/models", nonce=None, aud=binding_of(PAYLOAD)
    )
    found = verify_token(token(said, signer("EdDSA")), issuers, PAYLOAD, NOW * 1_000)
    assert (found.issuer, found.subject) == ("https://ci.example.com", "repo:example/models")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("maximum-lifetime = 600", "maximum = 600"), "maximum"),
        (("keys = ", "key = "), "keys is missing"),
        (('keys = "login.jwks.json"', 'keys = "absent.json"'), "the key set absent.json"),
        (("login.jwks.json", "sub"), "the key set sub"),
        (('"https://ci.example.com"', f'"{ISSUER}"'), "is in it twice"),
        (('"https://ci.example.com"', '"ci.example.com"'), "url"),
        (('"https://ci.example.com"', '"https://ci example.com"'), "url"),
        (("= 600", "= 0"), "maximum-lifetime"),
        (("= 600", "= 86401"), "maximum-lifetime"),
        ((f'["{CLIENT}"]', '["lockgate-approval:sha256:ab"]'), "no client's name"),
        ((_WHOLE, ""), "person"),
        ((_WHOLE, "issuer = ["), "no valid TOML"),
    ],
)
def test_what_is_wrong_names_the_file(change: tuple[str, str], told: str, tmp_path: Path) -> None:
    path = _written(tmp_path, _WHOLE.replace(*change))
    with pytest.raises(UsageError) as caught:
        read_identities(path)
    assert told in str(caught.value)
    assert "identities.toml" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no") as caught:
        read_identities(str(tmp_path / "identities.toml"))
    assert "docs/promotions.md" in caught.value.hint
