"""`[[issuer]]` in `identities.toml`: whose ID tokens count as approvals. Their key sets lie beside it, and nobody is asked.

[[issuer]]
url = "https://login.example.com"        # as the token's `iss` has it, letter by letter
audiences = ["lockgate-approvals"]       # the clients whose tokens are taken
keys = "login.jwks.json"                 # what the issuer's jwks_uri gives; counted from the file's folder
maximum-lifetime = 3600                  # seconds
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from lockgate.audit.promotions.token import BINDING, MAXIMUM_LIFETIME_S, TokenIssuer
from lockgate.audit.promotions.web_keys import MAX_SET, parse_web_keys
from lockgate.engine.errors import UsageError
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail_config import Table, Text
from pydantic import Field

# A token that is good for longer than a day is a password.
_LONGEST_LIFETIME_S: Final = 86_400


class IssuerTable(Table):
    """Who issues ID tokens. Without a client, those count that have the statement as their audience."""

    url: Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=1024)]
    audiences: Annotated[list[Text], Field(max_length=100)] = []
    keys: Text
    maximum_lifetime: Annotated[int, Field(gt=0, le=_LONGEST_LIFETIME_S)] = MAXIMUM_LIFETIME_S


def read_issuers(tables: Sequence[IssuerTable], folder: Path) -> tuple[TokenIssuer, ...]:
    """The issuers, with the keys in their files. Raises LockgateError."""
    urls = [one.url for one in tables]
    twice = next((one for one in urls if urls.count(one) > 1), None)
    if twice is not None:
        raise UsageError(f"the issuer {printable(twice)} is in it twice")
    if any(name.startswith(BINDING) for one in tables for name in one.audiences):
        raise UsageError(
            f"{BINDING}… is what binds a token to a statement, and no client's name",
            hint="leave it out: a token with it as an audience is taken from each of these issuers",
        )
    return tuple([_issuer(folder, one) for one in tables])


def _issuer(folder: Path, table: IssuerTable) -> TokenIssuer:
    what = f"the key set {printable(table.keys)}"
    data = read_regular(str(folder / table.keys), what, MAX_SET)
    return TokenIssuer(table.url, tuple(table.audiences), parse_web_keys(data, what), table.maximum_lifetime)
