"""Approvals from elsewhere: `lockgate approve --token` and `--review`, from the outside."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.promotions.token import binding_of

from tests.audit.promotions.tokens import CLIENT, ISSUER, claims, key_set, signer, token
from tests.webhook.promoting.scene import Scene, write_scene
from tests.webhook.promotions.making import COMMIT_A, COMMIT_B

PEOPLE: dict[str, dict[str, Any]] = {
    "asker": {"tokens": [f"{ISSUER} u-asker"], "accounts": ["github.com/asker"]},
    "risk-1": {"groups": ["risk"], "tokens": [f"{ISSUER} u-1001"], "accounts": ["github.com/risk-one"]},
    "risk-2": {"groups": ["risk"], "accounts": ["github.com/risk-two#77"]},
}
BOTS = [{"name": "updater", "owner": "asker", "tokens": [f"{ISSUER} u-bot"]}]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRAIL", "IDENTITIES", "NOTIFY", "NOTIFY_SECRET"):
        monkeypatch.delenv(f"LOCKGATE_{name}", raising=False)


def _scene(folder: Path, assurance: str = "imported", count: int = 1) -> Scene:
    (folder / "login.jwks.json").write_bytes(key_set(signer("ES256").jwk()))
    issuer = {"url": ISSUER, "audiences": [CLIENT], "keys": "login.jwks.json"}
    approvals = [{"group": "risk", "count": count, "assurance": assurance}]
    return write_scene(folder, PEOPLE, approvals, [issuer], BOTS)


def _token(scene: Scene, **said: Any) -> str:
    """A token for the statement about `prod`, in a file."""
    now = int(time.time())
    given = {"nonce": binding_of(scene.payload("prod")), "iat": now, "exp": now + 300} | said
    Path(scene.path("token")).write_bytes(token(claims(**given)) + b"\n")
    return scene.path("token")


def _review(number: int, login: str, account: int, commit: str = COMMIT_A, state: str = "APPROVED") -> Any:
    return {
        "id": number,
        "user": {"login": login, "id": account, "type": "User", "html_url": f"https://github.com/{login}"},
        "state": state,
        "pull_request_url": "https://api.github.com/repos/example/models/pulls/12",
        "submitted_at": f"2026-01-02T03:04:{number:02}Z",
        "commit_id": commit,
    }


def _reviews(scene: Scene, *reviews: Any) -> str:
    Path(scene.path("reviews.json")).write_text(json.dumps(reviews))
    return scene.path("reviews.json")


def test_a_token_approves_and_the_promotion_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _scene(tmp_path, "token")
    assert scene.promote("prod", "--require") == 1
    assert scene.approve("prod", "--token", _token(scene), "--require") == 0
    assert "approved by risk-1 (token)" in capsys.readouterr().out
    assert scene.events() == ["requested", "approved", "promoted"]
    assert scene.assurances() == ["token"]


def test_a_token_counts_later_by_the_moment_that_the_log_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Two approvals are needed: the first is judged again when the second comes.
    scene = _scene(tmp_path, "token", 2)
    scene.promote("prod")
    assert scene.approve("prod", "--token", _token(scene), "--require") == 1
    capsys.readouterr()
    assert scene.approve("prod", "--key", scene.path("risk-2.pem"), "--yes", "--require") == 0
    told = capsys.readouterr()
    assert "does not count" not in told.out
    assert scene.assurances() == ["token", "key"]


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
    said: dict[str, Any], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _scene(tmp_path, "token")
    scene.promote("prod")
    assert scene.approve("prod", "--token", _token(scene, **said)) == 2
    assert told in capsys.readouterr().err
    assert scene.events() == ["requested"]


def test_a_token_for_one_statement_does_not_approve_another_request(tmp_path: Path) -> None:
    scene = _scene(tmp_path, "token")
    scene.promote("prod")
    for_the_first = _token(scene)
    scene.promote("prod")
    assert scene.approve("prod", "--token", for_the_first) == 2
    assert scene.events() == ["requested", "requested"]


def test_a_review_counts_least(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = _scene(tmp_path, "token")
    scene.promote("prod")
    assert scene.approve("prod", "--review", _reviews(scene, _review(1, "risk-one", 5)), "--require") == 1
    assert "approved by risk-1 (imported)" in capsys.readouterr().out
    assert scene.events() == ["requested", "approved"]


def test_reviews_approve_where_the_policy_takes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _scene(tmp_path, "imported", 2)
    scene.promote("prod")
    given = _reviews(
        scene,
        _review(1, "risk-one", 5),
        _review(2, "risk-two", 77),
        _review(3, "asker", 6),
        _review(4, "somebody", 7),
        _review(5, "else", 8, COMMIT_B),
    )
    assert scene.approve("prod", "--review", given, "--require") == 0
    told = capsys.readouterr()
    assert scene.events() == ["requested", "approved", "approved", "promoted"]
    assert scene.assurances() == ["imported", "imported"]
    for part in (
        "github.com/asker is not recorded: whoever asks for a promotion does not approve it",
        "github.com/somebody is not recorded: account github.com/somebody is no person of the identity map",
        "github.com/else is not recorded: approved fedcba987654, another commit",
    ):
        assert part in told.err


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
def test_reviews_that_approve_nothing(
    reviews: list[Any], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _scene(tmp_path)
    scene.promote("prod")
    assert scene.approve("prod", "--review", _reviews(scene, *reviews)) == 2
    assert told in capsys.readouterr().err
    assert scene.events() == ["requested"]


def test_a_statement_without_a_commit_has_no_reviews(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _scene(tmp_path)
    scene.promote("prod", commit="")
    assert scene.approve("prod", "--review", _reviews(scene, _review(1, "risk-one", 5))) == 2
    assert "names no commit" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--token", "--review"])
def test_what_cannot_be_read_records_nothing(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _scene(tmp_path)
    scene.promote("prod")
    assert scene.approve("prod", option, scene.path("absent")) == 2
    assert "cannot read" in capsys.readouterr().err
    Path(scene.path("odd")).write_bytes(b"\xff")
    assert scene.approve("prod", option, scene.path("odd")) == 2
    assert "odd" in capsys.readouterr().err
    assert scene.events() == ["requested"]


def test_without_a_trail_nothing_from_elsewhere_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lockgate.webhook.cli import run

    scene = _scene(tmp_path)
    scene.promote("prod")
    assert run(["approve", scene.path("prod.dsse.json"), "--token", _token(scene)]) == 2
    assert "--trail" in capsys.readouterr().err
    assert run(["approve", scene.path("prod.dsse.json")]) == 2
    assert "nobody approves" in capsys.readouterr().err


def test_an_entry_that_says_more_than_it_shows_does_not_count(tmp_path: Path) -> None:
    from lockgate.audit.promotions import events
    from lockgate.audit.promotions.statement import statement_digest
    from lockgate.webhook.promoting.given_approvals import read_reviews
    from lockgate.webhook.promoting.opening import open_desk

    scene = _scene(tmp_path, "token")
    scene.promote("prod")
    with open_desk(scene.trail, scene.path("policy.yaml"), scene.path("identities.toml")) as desk:
        asked = desk.log.asked(desk.promoted_statement(statement_digest(scene.payload("prod"))))
        ((_, shown),) = read_reviews(_reviews(scene, _review(1, "risk-one", 5)), asked.statement).given
        approved = events.approved(asked.request, desk.recorder.pseudonym("risk-1"), "token")
        desk.record(approved, "risk-1", shown)
        standing = desk.stand(asked)
    assert standing.counted == ()
    assert [why for _, why in standing.uncounted] == [
        "the entry says that it was by token, and what it shows is account github.com/risk-one"
    ]
    assert [one.what for one in standing.missing] == ["approvals/risk"]
