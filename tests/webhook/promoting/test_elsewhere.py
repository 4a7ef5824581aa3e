"""Approvals from elsewhere: `lockgate approve --token` and `--review`, from the outside."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.promotions.token import binding_of

from tests.audit.promotions.tokens import CLIENT, ISSUER, claims, key_set, signer, token
from tests.webhook.helpers import Ran
from tests.webhook.promoting.office import Office
from tests.webhook.promotions.making import COMMIT_A, COMMIT_B

PEOPLE = f"""
[[person]]
name = "asker"
keys = ["asker.pub.pem"]
tokens = ["{ISSUER} u-asker"]
accounts = ["github.com/asker"]

[[person]]
name = "risk-1"
groups = ["risk"]
tokens = ["{ISSUER} u-1001"]
accounts = ["github.com/risk-one"]

[[person]]
name = "risk-2"
groups = ["risk"]
keys = ["risk-2.pub.pem"]
accounts = ["github.com/risk-two#77"]

[[bot]]
name = "updater"
owner = "risk-1"
tokens = ["{ISSUER} u-bot"]

[[issuer]]
url = "{ISSUER}"
audiences = ["{CLIENT}"]
keys = "login.jwks.json"
"""
COMMIT = f"commit={COMMIT_A}"


class Desk:
    """An office whose people are known by tokens and accounts, with a request that is pending."""

    def __init__(self, office: Office, assurance: str, count: int) -> None:
        self.office = office
        (office.folder / "login.jwks.json").write_bytes(key_set(signer("ES256").jwk()))
        office.write("identities.toml", PEOPLE)
        office.write_policy_of(
            {"to": "prod", "approvals": [{"group": "risk", "count": count, "assurance": assurance}]}
        )
        assert office.promote("prod", "--change", COMMIT).code == 0

    def approve(self, *given: str) -> Ran:
        """Records what lies in files."""
        return self.office.run("approve", "prod.json", *self.office.desk(), *given)

    def token(self, **said: Any) -> str:
        """A token for the statement, in a file."""
        now = int(time.time())
        given = {"nonce": binding_of(self.office.payload()), "iat": now, "exp": now + 300} | said
        return self.office.write("token", token(claims(**given)).decode() + "\n")

    def reviews(self, *reviews: Any) -> str:
        """An export of GitHub, in a file."""
        return self.office.write("reviews.json", json.dumps(reviews))

    def events(self) -> list[str]:
        """What became of this request; an approval with its assurance."""
        statement = self.office.digest()
        found = [one for one in self.office.entries("promotion") if one["statement"] == statement]
        return [f"{one['event']} {one.get('assurance', '')}".strip() for one in found]


@pytest.fixture
def desk(office: Office) -> Callable[..., Desk]:
    def made(assurance: str, count: int = 1) -> Desk:
        return Desk(office, assurance, count)

    return made


def _review(number: int, login: str, account: int, commit: str = COMMIT_A, state: str = "APPROVED") -> Any:
    return {
        "id": number,
        "user": {"login": login, "id": account, "type": "User", "html_url": f"https://github.com/{login}"},
        "state": state,
        "pull_request_url": "https://api.github.com/repos/example/models/pulls/12",
        "submitted_at": f"2026-01-02T03:04:{number:02}Z",
        "commit_id": commit,
    }


def test_a_token_approves_and_the_promotion_is_made(desk: Callable[..., Desk]) -> None:
    at = desk("token")
    ran = at.approve("--token", at.token(), "--require")
    assert ran.code == 0 and "approved by risk-1 (token)" in ran.out
    assert at.events() == ["requested", "approved token", "promoted"]


def test_a_token_is_judged_again_at_the_moment_that_the_log_has(desk: Callable[..., Desk]) -> None:
    # Two approvals are needed: the first is judged again when the second comes.
    at = desk("token", 2)
    assert at.approve("--token", at.token(), "--require").code == 1
    ran = at.office.approve("--require", by="risk-2")
    assert ran.code == 0 and "does not count" not in ran.out
    assert at.events() == ["requested", "approved token", "approved key", "promoted"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param({"nonce": binding_of(b"another")}, "another statement", id="another statement's"),
        pytest.param({"nonce": "sign-in"}, "bound to no statement", id="sign-in token"),
        pytest.param({"sub": "u-nobody"}, "no person of the identity map", id="nobody"),
        pytest.param({"sub": "u-bot"}, "a bot approves nothing", id="a bot"),
        pytest.param({"sub": "u-asker"}, "does not approve it", id="whoever asks"),
        pytest.param({"iat": 1_000, "exp": 1_300}, "expired", id="expired"),
        pytest.param(
            {"iss": "https://elsewhere.example"}, "none of those whose approvals count", id="issuer"
        ),
    ],
)
def test_a_token_that_approves_nothing_is_not_recorded(
    said: dict[str, Any], told: str, desk: Callable[..., Desk]
) -> None:
    at = desk("token")
    ran = at.approve("--token", at.token(**said), "--require")
    assert ran.code == 2 and told in ran.err
    assert at.events() == ["requested"]


def test_a_token_for_one_statement_does_not_approve_another_request(desk: Callable[..., Desk]) -> None:
    at = desk("token")
    for_the_first = at.token()
    assert at.office.promote("prod", "--change", COMMIT).code == 0
    ran = at.approve("--token", for_the_first)
    assert ran.code == 2 and "another statement" in ran.err
    assert at.events() == ["requested"]


def test_a_review_counts_least(desk: Callable[..., Desk]) -> None:
    at = desk("token")
    ran = at.approve("--review", at.reviews(_review(1, "risk-one", 5)), "--require")
    assert ran.code == 1 and "approved by risk-1 (imported)" in ran.out
    assert at.events() == ["requested", "approved imported"]


def test_reviews_approve_where_the_policy_takes_them(desk: Callable[..., Desk]) -> None:
    at = desk("imported", 2)
    given = at.reviews(
        _review(1, "risk-one", 5),
        _review(2, "risk-two", 77),
        _review(3, "asker", 6),
        _review(4, "somebody", 7),
        _review(5, "else", 8, COMMIT_B),
    )
    ran = at.approve("--review", given, "--require")
    assert ran.code == 0
    assert at.events() == ["requested", "approved imported", "approved imported", "promoted"]
    for part in (
        "github.com/asker is not recorded: whoever asks for a promotion does not approve it",
        "github.com/somebody is not recorded: account github.com/somebody is no person of the identity map",
        "github.com/else is not recorded: approved fedcba987654, another commit",
    ):
        assert part in ran.err


@pytest.mark.parametrize(
    ("reviews", "told"),
    [
        pytest.param([_review(1, "risk-one", 5, COMMIT_B)], "another commit", id="another commit"),
        pytest.param([_review(1, "risk-one", 5, state="DISMISSED")], "dismissed", id="dismissed"),
        pytest.param(
            [_review(1, "risk-two", 78)], "no person of the identity map", id="login of somebody else now"
        ),
        pytest.param([], "has no approval", id="nobody"),
    ],
)
def test_reviews_that_approve_nothing(reviews: list[Any], told: str, desk: Callable[..., Desk]) -> None:
    at = desk("imported")
    ran = at.approve("--review", at.reviews(*reviews))
    assert ran.code == 2 and told in ran.err
    assert at.events() == ["requested"]


def test_a_statement_without_a_commit_has_no_reviews(desk: Callable[..., Desk]) -> None:
    at = desk("imported")
    assert at.office.promote("prod").code == 0
    ran = at.approve("--review", at.reviews(_review(1, "risk-one", 5)))
    assert ran.code == 2 and "names no commit" in ran.err


@pytest.mark.parametrize("option", ["--token", "--review"])
def test_what_cannot_be_read_records_nothing(option: str, desk: Callable[..., Desk]) -> None:
    at = desk("imported")
    ran = at.approve(option, "absent")
    assert ran.code == 2 and "cannot read" in ran.err
    Path(at.office.folder, "odd").write_bytes(b"\xff")
    ran = at.approve(option, "odd")
    assert ran.code == 2 and "odd" in ran.err
    assert at.events() == ["requested"]


def test_without_a_trail_nothing_from_elsewhere_is_recorded(desk: Callable[..., Desk]) -> None:
    at = desk("token")
    ran = at.office.run("approve", "prod.json", "--token", at.token())
    assert ran.code == 2 and "--trail" in ran.err
    ran = at.office.run("approve", "prod.json")
    assert ran.code == 2 and "nobody approves" in ran.err


def test_an_entry_that_says_more_than_it_shows_does_not_count(desk: Callable[..., Desk]) -> None:
    from lockgate.audit.promotions import events
    from lockgate.webhook.promoting.given_approvals import read_reviews
    from lockgate.webhook.promoting.opening import open_desk

    at = desk("token")
    at.reviews(_review(1, "risk-one", 5))
    trail, policy, people = [
        str(at.office.folder / name) for name in ("trail", "policy.yaml", "identities.toml")
    ]
    with open_desk(trail, policy, people) as opened:
        asked = opened.log.asked(opened.promoted_statement(at.office.digest()))
        ((_, shown),) = read_reviews(str(at.office.folder / "reviews.json"), asked.statement).given
        approved = events.approved(asked.request, opened.recorder.pseudonym("risk-1"), "token")
        opened.record(approved, "risk-1", shown)
        standing = opened.stand(asked)
    assert standing.counted == ()
    assert [why for _, why in standing.uncounted] == [
        "the entry says that it was by token, and what it shows is account github.com/risk-one"
    ]
    assert [one.what for one in standing.missing] == ["approvals/risk"]
