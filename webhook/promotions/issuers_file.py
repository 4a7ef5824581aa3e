"""`token-issuers.toml`: whose ID tokens count as approvals, for whoever takes them; the key sets lie beside it, and nobody is asked.

[[issuer]]
url = "https://login.example.com"        # as the token's `iss` has it, letter by letter
audiences = ["lockgate-approvals"]       # the clients whose tokens are taken
keys = "login.jwks.json"                 # what the issuer's jwks_uri gives; counted from this file's folder
maximum-lifetime = 3600                  # seconds
"""

from pathlib import Path
from typing import Annotated, Final

from lockgate.audit.promotions.token import BINDING, MAXIMUM_LIFETIME_S, TokenIssuer
from lockgate.audit.promotions.web_keys import MAX_SET, parse_web_keys
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail_config import Table, Text, read_table
from pydantic import Field

_HINT: Final = "write one: docs/promotions.md, approvals by ID token"
# A token that is good for longer than a day is a password.
_LONGEST_LIFETIME_S: Final = 86_400


class IssuerTable(Table):
    """An issuer."""

    url: Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=1024)]
    audiences: Annotated[list[Text], Field(max_length=100)] = []
    keys: Text
    maximum_lifetime: Annotated[int, Field(gt=0, le=_LONGEST_LIFETIME_S)] = MAXIMUM_LIFETIME_S


class IssuersTable(Table):
    """The whole of `token-issuers.toml`."""

    issuer: Annotated[list[IssuerTable], Field(min_length=1, max_length=100)]


def read_issuers(path: str) -> tuple[TokenIssuer, ...]:
    """What such a file says. Raises UsageError, naming the file."""
    shown = printable(path)
    made = read_table(Path(path), IssuersTable, _HINT)
    urls = [one.url for one in made.issuer]
    if len(set(urls)) != len(urls):
        raise UsageError(f"{shown} has one issuer twice")
    if any(name.startswith(BINDING) for one in made.issuer for name in one.audiences):
        raise UsageError(
            f"{shown}: {BINDING}… is what binds a token to a statement, and no client's name",
            hint="leave it out: a token with it as an audience is taken from each of these issuers",
        )
    try:
        return tuple([_issuer(Path(path).parent, one) for one in made.issuer])
    except LockgateError as error:
        raise UsageError(f"{shown}: {error.message}", hint=error.hint) from None


def _issuer(folder: Path, table: IssuerTable) -> TokenIssuer:
    what = f"the key set {printable(table.keys)}"
    data = read_regular(str(folder / table.keys), what, MAX_SET)
    return TokenIssuer(table.url, tuple(table.audiences), parse_web_keys(data, what), table.maximum_lifetime)
