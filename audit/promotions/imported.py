"""Approvals of a pull request, as a forge's API tells them, read from a file: the lowest level of assurance, `imported`.

Nobody signed such a file for us: it proves as much as whoever exported it is trusted. Two shapes are read:

- GitHub's `GET /repos/{owner}/{repo}/pulls/{number}/reviews`, one page or a list of all pages (`gh api --paginate --slurp`).
- GitLab's, as `{"approvals": …, "versions": …}`: `GET /projects/{id}/merge_requests/{iid}/approvals` does not tell what was
  approved, so that the version which was there at that moment is taken, from `…/versions`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from lockgate.audit.errors import FormatError, UnverifiableError
from lockgate.engine.errors import InputError
from lockgate.engine.foreign_documents import Part, parse_foreign_value

# A review's text may have 64 KiB.
MAX_EXPORT: Final = 8 * 1024 * 1024
MAX_REVIEWS: Final = 3_000
_MAX_PAGES: Final = 100
# What GitHub answers with when nothing is said of it, and at most.
_FULL_PAGES: Final = (30, 100)
_MAX_NAME: Final = 200
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# The accounts of GitLab's access tokens, and of its service accounts.
_GITLAB_BOT: Final = re.compile(r"(?:project|group)_[0-9]+_bot(?:_.*)?|service_account_.+|ghost[0-9]*")
_DECISIONS: Final = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
_NO_DECISIONS: Final = ("COMMENTED", "PENDING")


@dataclass(frozen=True, slots=True)
class ImportedApproval:
    """Somebody approved a commit. account: `HOST/LOGIN`; number: the forge's own of that account, which is never given to
    another; at_ms: Unix milliseconds."""

    account: str
    number: int
    at_ms: int
    commit: str


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Somebody whose approval does not count, and why."""

    account: str
    why: str


@dataclass(frozen=True, slots=True)
class ImportedApprovals:
    """What an export says of one commit, each account once, both in the order of the accounts."""

    approvals: tuple[ImportedApproval, ...]
    uncounted: tuple[Uncounted, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """What one account said last. why: why it does not count, empty where it does."""

    account: str
    number: int
    at_ms: int
    commit: str
    why: str = ""


def read_imported_approvals(data: bytes, commit: str, what: str = "the export") -> ImportedApprovals:
    """Who approved a commit (its whole hash in hex), by an export of one pull request.

    Raises FormatError for what is none, UnverifiableError for one that does not tell what was approved, or may be cut off.
    """
    if not _COMMIT.fullmatch(commit):
        raise FormatError(f"{commit[:80]!r} is no whole hash of a commit, in hex")
    try:
        whole = parse_foreign_value(data, what, MAX_EXPORT)
        said = list(_github(whole) if isinstance(whole.value, list) else _gitlab(whole))
    except InputError as error:
        raise FormatError(error.message) from None
    said.sort(key=lambda one: (one.account, one.number))
    counted: list[ImportedApproval] = []
    uncounted: list[Uncounted] = []
    for one in said:
        why = one.why or (f"approved {one.commit[:12]}, another commit" if one.commit != commit else "")
        if why:
            uncounted.append(Uncounted(one.account, why))
        else:
            counted.append(ImportedApproval(one.account, one.number, one.at_ms, one.commit))
    return ImportedApprovals(tuple(counted), tuple(uncounted))


def _moment_ms(part: Part) -> int:
    try:
        made = datetime.fromisoformat(part.text(40))
        if made.tzinfo is None:
            part.refuse("is a time without a zone")
        return int(made.timestamp() * 1000)
    except (ValueError, OverflowError):
        part.refuse("is no time")


def _commit(part: Part) -> str:
    text = part.text(64)
    if not _COMMIT.fullmatch(text):
        part.refuse("is no whole hash of a commit")
    return text


def _host(url: Part) -> str:
    try:
        host = urlsplit(url.text()).hostname
    except ValueError:
        host = None
    if not host:
        url.refuse("is no address")
    return host


def _account(user: Part, login: str, address: str) -> str:
    """`HOST/LOGIN`: the same login on another host is somebody else."""
    name, url = user.get(login).text(_MAX_NAME), user.get(address)
    if not name.isprintable() or url.text().rpartition("/")[2] != name:
        url.refuse(f"is no address of the account {name[:40]!r}")
    return f"{_host(url)}/{name}"


# GitHub


def _reviews(whole: Part) -> Iterator[Part]:
    """The reviews of all pages. One full page may be the first of several, the others of which took approvals back."""
    items = list(whole.items(MAX_REVIEWS))
    if items and all(isinstance(one.value, list) for one in items):
        if len(items) > _MAX_PAGES:
            whole.refuse(f"has {len(items)} pages, and at most {_MAX_PAGES} are read")
        for page in items:
            yield from page.items(max(_FULL_PAGES))
        return
    if len(items) in _FULL_PAGES:
        raise UnverifiableError(
            f"{whole.what} has {len(items)} reviews, as many as a page, so that others may be missing",
            hint="export all pages: gh api --paginate --slurp repos/OWNER/REPO/pulls/NUMBER/reviews",
        )
    yield from items


def _github(whole: Part) -> Iterator[_Said]:
    seen: set[int] = set()
    pulls: set[str] = set()
    last: dict[int, tuple[tuple[int, int], _Said]] = {}
    for review in _reviews(whole):
        number = review.get("id").integer()
        if number in seen:
            review.refuse("is in it twice")
        seen.add(number)
        pulls.add(review.get("pull_request_url").text())
        state = review.get("state").text()
        user = review.maybe("user")
        if state not in _DECISIONS + _NO_DECISIONS:
            review.get("state").refuse(f"is {state[:40]!r}, which is no state of a review")
        # Whoever commented later has not taken the approval back; of an account that was deleted nobody knows whose it was.
        if state in _NO_DECISIONS or user is None:
            continue
        said = _decision(review, user, state)
        order = (said.at_ms, number)
        before = last.get(said.number)
        if before is None or before[0] < order:
            last[said.number] = (order, said)
    if len(pulls) > 1:
        raise FormatError(f"{whole.what} is of {len(pulls)} pull requests, and one is read at a time")
    yield from [said for _, said in last.values()]


_WHY: Final[Mapping[str, str]] = {
    "CHANGES_REQUESTED": "asked for changes last",
    "DISMISSED": "the review was dismissed",
}


def _decision(review: Part, user: Part, state: str) -> _Said:
    why = _WHY.get(state, "")
    if user.get("type").text() == "User":
        account = _account(user, "login", "html_url")
    else:
        # An app's page is elsewhere than its login says.
        account, why = user.get("login").text(_MAX_NAME), "is no person's account"
    told = review.maybe("commit_id")
    if told is None:
        why = why or "does not tell the commit, which is gone"
    return _Said(
        account,
        user.get("id").integer(),
        _moment_ms(review.get("submitted_at")),
        "" if told is None else _commit(told),
        why,
    )


# GitLab


def _gitlab(whole: Part) -> Iterator[_Said]:
    if "approved_by" in whole.mapping():
        raise UnverifiableError(
            f"{whole.what} does not tell which commit was approved",
            hint="""put both answers in one file: jq -n --slurpfile a APPROVALS --slurpfile v VERSIONS \
'{approvals: $a[0], versions: $v[0]}'""",
        )
    versions = [
        (_moment_ms(one.get("created_at")), _commit(one.get("head_commit_sha")))
        for one in whole.get("versions").items(MAX_REVIEWS)
    ]
    versions.sort()
    seen: set[int] = set()
    for one in whole.get("approvals").get("approved_by").items(MAX_REVIEWS):
        user = one.get("user")
        number = user.get("id").integer()
        if number in seen:
            user.refuse("is in it twice")
        seen.add(number)
        yield _approval(one, user, number, versions)


def _approval(one: Part, user: Part, number: int, versions: Sequence[tuple[int, str]]) -> _Said:
    account, moment = _account(user, "username", "web_url"), one.maybe("approved_at")
    if _GITLAB_BOT.fullmatch(user.get("username").text()):
        return _Said(account, number, 0, "", "is no person's account")
    if moment is None:
        return _Said(account, number, 0, "", "does not tell when, as older releases of GitLab do not")
    at_ms = _moment_ms(moment)
    there = [commit for made, commit in versions if made <= at_ms]
    if not there:
        return _Said(account, number, at_ms, "", "approved a version that is not among those of the export")
    return _Said(account, number, at_ms, there[-1])
