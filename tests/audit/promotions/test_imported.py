"""Approvals of pull requests, as GitHub and GitLab tell them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError
from lockgate.audit.promotions.imported import (
    MAX_EXPORT,
    ImportedApproval,
    ImportedApprovals,
    read_imported_approvals,
)

COMMIT = "ecdd80bb57125d7ba9641ffaa4d7d2c19d3f3091"
OTHER = "54bb654c9e6025347f57900a4a5c2313a96b8035"
_PULL = "https://api.github.com/repos/example/models/pulls/12"
# 2026-01-02T03:04:05Z, as `date -u -d` has it.
_AT_MS = 1_767_323_045_000


def _review(
    number: int, login: str, state: str = "APPROVED", commit: str | None = COMMIT, **more: Any
) -> Any:
    """A review as the API answers it. Later numbers come later."""
    person = {
        "login": login,
        "id": sum(login.encode()),
        "type": "User",
        "html_url": f"https://github.com/{login}",
    }
    return {
        "id": number,
        "node_id": f"PRR_{number}",
        "user": person,
        "body": "",
        "state": state,
        "html_url": f"https://github.com/example/models/pull/12#pullrequestreview-{number}",
        "pull_request_url": _PULL,
        "submitted_at": f"2026-01-02T03:{4 + number:02}:05Z",
        "commit_id": commit,
        "author_association": "MEMBER",
    } | more


def _read(value: object, commit: str = COMMIT) -> ImportedApprovals:
    return read_imported_approvals(json.dumps(value).encode(), commit, "FILE")


def _accounts(value: object, commit: str = COMMIT) -> list[str]:
    return [one.account for one in _read(value, commit).approvals]


def test_who_approved_when_and_which_commit() -> None:
    assert _read([_review(0, "ada")]).approvals == (ImportedApproval("github.com/ada", 294, _AT_MS, COMMIT),)


_GITHUB = [
    pytest.param([], {}, id="nothing"),
    pytest.param([_review(1, "ada"), _review(2, "bo")], {"ada": "", "bo": ""}, id="two people"),
    pytest.param([_review(1, "ada"), _review(2, "ada")], {"ada": ""}, id="twice by one person"),
    pytest.param([_review(1, "ada", commit=OTHER)], {"ada": "another commit"}, id="another commit"),
    pytest.param([_review(1, "ada", commit=None)], {"ada": "which is gone"}, id="commit gone"),
    pytest.param(
        [_review(1, "ada", commit=OTHER), _review(2, "ada")], {"ada": ""}, id="approved again after a push"
    ),
    pytest.param(
        [_review(1, "ada"), _review(2, "ada", commit=OTHER)],
        {"ada": "another commit"},
        id="later approval of another commit",
    ),
    pytest.param([_review(1, "ada", "DISMISSED")], {"ada": "dismissed"}, id="dismissed"),
    pytest.param(
        [_review(1, "ada", "DISMISSED"), _review(2, "ada")], {"ada": ""}, id="dismissed, and approved again"
    ),
    pytest.param(
        [_review(1, "ada"), _review(2, "ada", "DISMISSED")], {"ada": "dismissed"}, id="later review dismissed"
    ),
    pytest.param(
        [_review(1, "ada"), _review(2, "ada", "CHANGES_REQUESTED")], {"ada": "for changes"}, id="superseded"
    ),
    pytest.param(
        [_review(2, "ada", "CHANGES_REQUESTED"), _review(1, "ada")],
        {"ada": "for changes"},
        id="superseded, in another order",
    ),
    pytest.param(
        [_review(1, "ada", "CHANGES_REQUESTED"), _review(2, "ada")], {"ada": ""}, id="approved after changes"
    ),
    pytest.param([_review(1, "ada"), _review(2, "ada", "COMMENTED")], {"ada": ""}, id="a comment afterwards"),
    pytest.param([_review(1, "ada", "COMMENTED")], {}, id="a comment alone"),
    pytest.param([_review(1, "ada", "PENDING", submitted_at=None)], {}, id="a review that was not submitted"),
    pytest.param([_review(1, "ada", user=None)], {}, id="account deleted"),
    pytest.param(
        [
            _review(
                1,
                "ada",
                user={
                    "login": "helper[bot]",
                    "id": 7,
                    "type": "Bot",
                    "html_url": "https://github.com/apps/helper",
                },
            )
        ],
        {"helper[bot]": "no person's"},
        id="a bot",
    ),
    pytest.param([[_review(1, "ada")], [_review(2, "bo")]], {"ada": "", "bo": ""}, id="two pages"),
    pytest.param(
        [[_review(1, "ada")], [_review(2, "ada", "DISMISSED")]],
        {"ada": "dismissed"},
        id="taken back on page two",
    ),
    pytest.param([[]], {}, id="an empty page"),
]


@pytest.mark.parametrize(("reviews", "expected"), _GITHUB)
def test_reviews_of_github(reviews: list[Any], expected: dict[str, str]) -> None:
    read = _read(reviews)
    assert [one.account for one in read.approvals] == [
        f"github.com/{login}" for login, why in expected.items() if not why
    ]
    told = {one.account.removeprefix("github.com/"): one.why for one in read.uncounted}
    assert set(told) == {login for login, why in expected.items() if why}
    assert all(expected[login] in why for login, why in told.items())


def test_of_two_reviews_at_one_moment_the_one_with_the_higher_number_is_later() -> None:
    at = "2026-01-02T03:04:05Z"
    first = _review(1, "ada", submitted_at=at)
    second = _review(2, "ada", "CHANGES_REQUESTED", submitted_at=at)
    assert _accounts([first, second]) == _accounts([second, first]) == []


def test_a_login_on_another_host_is_another_account() -> None:
    inside = _review(1, "ada")
    inside["user"] = inside["user"] | {"html_url": "https://git.example.com/ada"}
    assert _accounts([inside]) == ["git.example.com/ada"]


@pytest.mark.parametrize("number", [30, 100])
def test_as_many_reviews_as_a_page_has_may_be_the_first_of_several_pages(number: int) -> None:
    reviews = [_review(one, "ada", submitted_at="2026-01-02T03:04:05Z") for one in range(number)]
    with pytest.raises(UnverifiableError, match="others may be missing") as caught:
        _read(reviews)
    assert "--paginate --slurp" in caught.value.hint
    assert _accounts([reviews]) == ["github.com/ada"]
    assert _accounts(reviews[1:]) == ["github.com/ada"]


def _person(login: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "user": {"id": number, "username": login, "web_url": f"https://gitlab.example.com/{login}"}
    } | more


def _merge_request(*approved: Any, versions: Any = None) -> dict[str, Any]:
    """Two versions: OTHER since 12:00, COMMIT since 13:00."""
    there = [
        {"id": 2, "head_commit_sha": COMMIT, "created_at": "2026-01-02T13:00:00.000Z"},
        {"id": 1, "head_commit_sha": OTHER, "created_at": "2026-01-02T12:00:00.000Z"},
    ]
    return {
        "approvals": {"approved": True, "approved_by": list(approved)},
        "versions": there if versions is None else versions,
    }


_GITLAB = [
    pytest.param([_person("ada", 1, approved_at="2026-01-02T13:00:00Z")], {"ada": ""}, id="at once"),
    pytest.param([_person("ada", 1, approved_at="2026-01-02T15:30:00.184+02:00")], {"ada": ""}, id="zone"),
    pytest.param(
        [_person("ada", 1, approved_at="2026-01-02T12:59:59.999Z")],
        {"ada": "another commit"},
        id="before the push",
    ),
    pytest.param(
        [_person("ada", 1, approved_at="2026-01-02T11:00:00Z")],
        {"ada": "not among those"},
        id="before all versions",
    ),
    pytest.param([_person("ada", 1)], {"ada": "tell when"}, id="without a time"),
    pytest.param(
        [_person("project_4_bot_1a2b", 1, approved_at="2026-01-02T14:00:00Z")],
        {"project_4_bot_1a2b": "no person's"},
        id="a bot",
    ),
    pytest.param(
        [_person("service_account_ml", 1, approved_at="2026-01-02T14:00:00Z")],
        {"service_account_ml": "no person's"},
        id="a service account",
    ),
    pytest.param([], {}, id="nobody"),
]


@pytest.mark.parametrize(("approved", "expected"), _GITLAB)
def test_approvals_of_gitlab(approved: list[Any], expected: dict[str, str]) -> None:
    read = _read(_merge_request(*approved))
    host = "gitlab.example.com"
    assert [one.account for one in read.approvals] == [
        f"{host}/{one}" for one, why in expected.items() if not why
    ]
    told = {one.account.removeprefix(f"{host}/"): one.why for one in read.uncounted}
    assert all(expected[login] in why for login, why in told.items())
    assert set(told) == {login for login, why in expected.items() if why}


def test_approvals_of_gitlab_alone_do_not_tell_the_commit() -> None:
    with pytest.raises(UnverifiableError, match="which commit was approved") as caught:
        _read(_merge_request(_person("ada", 1, approved_at="2026-01-02T13:00:00Z"))["approvals"])
    assert "{approvals: $a[0], versions: $v[0]}" in caught.value.hint


_WRONG = [
    pytest.param("x", "is no object", id="a text"),
    pytest.param(7, "is no object", id="a number"),
    pytest.param({}, "has no versions", id="empty object"),
    pytest.param([7], "is no object", id="review a number"),
    pytest.param([[_review(1, "ada")], _review(2, "bo")], "is no object", id="pages and reviews"),
    pytest.param([_review(1, "ada"), _review(1, "bo")], "is in it twice", id="review twice"),
    pytest.param([_review(1, "ada", "approved")], "no state of a review", id="state in small letters"),
    pytest.param([_review(1, "ada", "REQUEST_CHANGES")], "no state of a review", id="state of another forge"),
    pytest.param(
        [_review(1, "ada"), _review(2, "bo", pull_request_url=_PULL + "3")],
        "2 pull requests",
        id="two pull requests",
    ),
    pytest.param([_review(1, "ada", commit=COMMIT[:12])], "whole hash", id="short commit"),
    pytest.param([_review(1, "ada", submitted_at="yesterday")], "is no time", id="no time"),
    pytest.param(
        [_review(1, "ada", submitted_at="2026-01-02T03:04:05")], "without a zone", id="time without zone"
    ),
    pytest.param([_review(1, "ada", submitted_at=None)], "has no submitted_at", id="never submitted"),
    pytest.param([_review(1, "a\u202eda")], "no address of the account", id="account that is not shown"),
    pytest.param(
        [
            _review(
                1, "ada", user={"login": "ada", "id": 1, "type": "User", "html_url": "https://github.com/bo"}
            )
        ],
        "no address of the account",
        id="another's address",
    ),
    pytest.param(
        [_review(1, "ada", user={"login": "ada", "id": 1, "type": "User", "html_url": "ada"})],
        "is no address",
        id="no address",
    ),
    pytest.param(
        [
            _review(
                1,
                "ada",
                user={"login": "ada", "id": "x", "type": "User", "html_url": "https://github.com/ada"},
            )
        ],
        "is no integer",
        id="account's number a text",
    ),
    pytest.param(_merge_request(_person("ada", 1), _person("bo", 1)), "is in it twice", id="account twice"),
    pytest.param(_merge_request(versions={}), "is no list", id="versions no list"),
    pytest.param(_merge_request(versions=[{"id": 1}]), "has no created_at", id="version without time"),
]


@pytest.mark.parametrize(("value", "told"), _WRONG)
def test_what_is_no_export(value: object, told: str) -> None:
    with pytest.raises(FormatError) as caught:
        _read(value)
    assert told in caught.value.message
    assert "FILE" in caught.value.message


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no JSON"),
        (b'{"versions":[],"versions":[]}', "twice"),
        (b"[" * 5_000, "is no JSON"),
        (b"[" * 200 + b"]" * 200, "nested deeper"),
        (b" " * (MAX_EXPORT + 1), "larger than 8192 KiB"),
        (json.dumps([[]] * 101).encode(), "101 pages"),
        (json.dumps([[{}] * 101]).encode(), "at most 100"),
    ],
)
def test_what_is_too_much_or_no_json(data: bytes, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        read_imported_approvals(data, COMMIT)


@pytest.mark.parametrize("commit", ["", "HEAD", COMMIT[:39], COMMIT.upper(), COMMIT + "\n", "g" * 40])
def test_a_commit_is_named_by_its_whole_hash(commit: str) -> None:
    with pytest.raises(FormatError, match="no whole hash"):
        _read([], commit)


def test_a_commit_may_have_a_hash_of_sha256() -> None:
    long = COMMIT + "0" * 24
    assert _accounts([_review(1, "ada", commit=long)], long) == ["github.com/ada"]


_STATES = st.sampled_from(["APPROVED", "CHANGES_REQUESTED", "DISMISSED", "COMMENTED"])
_SAID = st.lists(
    st.tuples(st.sampled_from(["ada", "bo", "cy"]), _STATES, st.sampled_from([COMMIT, OTHER])), max_size=12
)


@given(_SAID, st.randoms(use_true_random=False))
def test_in_whatever_order_the_last_decision_counts(said: list[tuple[str, str, str]], random: Any) -> None:
    reviews = [_review(place, *one) for place, one in enumerate(said)]
    last = {login: (state, commit) for login, state, commit in said if state != "COMMENTED"}
    expected = sorted(f"github.com/{login}" for login, one in last.items() if one == ("APPROVED", COMMIT))
    shuffled = list(reviews)
    random.shuffle(shuffled)
    assert _accounts(reviews) == _accounts(shuffled) == expected
    # Whoever is told not to count does not count as well.
    read = _read(reviews)
    assert not {one.account for one in read.approvals} & {one.account for one in read.uncounted}
    assert all(one.why for one in read.uncounted)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["user", "state", "id", "versions", "approvals", "approved_by"]),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_the_export_the_error_is_ours(value: object) -> None:
    try:
        assert _read(value).approvals == ()
    except TrailError as error:
        assert error.message
