"""Approvals that somebody gave elsewhere than with a key: by an ID token, or by reviewing a pull request; as `record_approval` takes them."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from lockgate.audit.errors import FormatError, UnverifiableError, VerificationError
from lockgate.audit.promotions.identities import Identities, Identity
from lockgate.audit.promotions.imported import (
    MAX_EXPORT,
    ImportedApproval,
    Uncounted,
    read_imported_approvals,
)
from lockgate.audit.promotions.signed_token import MAX_TOKEN
from lockgate.audit.promotions.statement import PromotionStatement
from lockgate.audit.times import render_time
from lockgate.engine.record import record
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable

# What a statement calls the commit that it deploys (`promote --change commit=…`).
COMMIT: Final = "commit"


@record
class Reviews:
    """What an export says of the statement's commit, by account; and who does not count, with the reason."""

    given: tuple[tuple[str, Mapping[str, Any]], ...]
    uncounted: tuple[Uncounted, ...]


def read_token(path: str) -> dict[str, Any]:
    """An ID token in a file. Raises UsageError or FormatError."""
    shown = printable(path)
    try:
        return {"token": read_regular(path, shown, MAX_TOKEN).decode("ascii").strip()}
    except UnicodeDecodeError:
        raise FormatError(f"{shown} holds no ID token: it is no ASCII text") from None


def commit_of(statement: PromotionStatement) -> str:
    """The commit that a statement deploys. Raises UnverifiableError where it names none."""
    found = statement.change.get(COMMIT, "")
    if not found:
        raise UnverifiableError(
            "the statement names no commit, and a review is of a commit",
            hint="ask with lockgate promote --change commit=HASH",
        )
    return found


def read_reviews(path: str, statement: PromotionStatement) -> Reviews:
    """Who approved the statement's commit, by an export of a pull request. Raises LockgateError."""
    data = read_regular(path, printable(path), MAX_EXPORT)
    found = read_imported_approvals(data, commit_of(statement), printable(path))
    digest = f"sha256:{sha256(data).hexdigest()}"
    return Reviews(tuple([(one.account, _details(one, digest)) for one in found.approvals]), found.uncounted)


def _details(one: ImportedApproval, export: str) -> dict[str, Any]:
    return {
        "account": one.account,
        "number": one.number,
        "commit": one.commit,
        "reviewedAt": render_time(one.at_ms),
        "export": export,
    }


def reviewing_account(
    details: Mapping[str, Any], statement: PromotionStatement, identities: Identities
) -> Identity:
    """The account of a review that is of the statement's commit: with its number where the identity map has that. Raises TrailError."""
    if details.get("commit") != commit_of(statement):
        raise VerificationError("the review is of another commit than the statement's")
    account, number = details.get("account"), details.get("number")
    if type(account) is not str or type(number) is not int:
        raise FormatError("a review is by an account, with its number")
    # A login that was given up may be somebody else's; a number is nobody else's.
    numbered = Identity("account", f"{account}#{number}")
    return numbered if identities.member(numbered) is not None else Identity("account", account)
