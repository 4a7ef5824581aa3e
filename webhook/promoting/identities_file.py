"""`identities.toml`: who is who, from somewhere else than what is judged.

[[person]]
name = "risk-1"
groups = ["risk"]
keys = ["risk-1.pub.pem"]                # counted from this file's folder
git = ["risk-1@example.com"]             # authors of commits
service-accounts = ["ml/deployer"]
tokens = ["https://issuer.example.com risk-1"]   # issuer and subject
accounts = ["github.com/risk-1"]         # at a forge whose reviews are imported

[[bot]]
name = "image-updater"
owner = "risk-1"                         # whoever answers for what it asks for
git = ["image-updater@example.com"]

[[issuer]]
url = "https://issuer.example.com"
audiences = ["lockgate"]
keys = "issuer.jwks.json"
"""

from pathlib import Path
from typing import Annotated, Final

from lockgate.audit.dsse import PublicKey, parse_public_key
from lockgate.audit.keys.pem_key import key_name
from lockgate.audit.promotions.identities import Identities, Identity, Member
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.promoting.issuer_table import IssuerTable, read_issuers
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail_config import Table, Text, read_table
from pydantic import Field

_LARGEST_KEY: Final = 16 * 1024
_HINT: Final = "write one: docs/promotions.md, who is who"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@ -]{0,98}$")]


class MemberTable(Table):
    """What a person and a bot have in common."""

    name: Name
    keys: list[Text] = []
    git: list[Text] = []
    service_accounts: list[Text] = []
    tokens: list[Text] = []
    accounts: list[Text] = []


class PersonTable(MemberTable):
    """Somebody."""

    groups: list[Text] = []


class BotTable(MemberTable):
    """A program, and who answers for it."""

    owner: Name


class IdentitiesTable(Table):
    """The whole of `identities.toml`."""

    person: Annotated[list[PersonTable], Field(min_length=1)]
    bot: list[BotTable] = []
    issuer: list[IssuerTable] = []


def read_identities(path: str) -> Identities:
    """What the file says. Raises UsageError, naming it."""
    shown = printable(path)
    made = read_table(Path(path), IdentitiesTable, _HINT)
    folder = Path(path).parent
    try:
        people = [_member(one, folder, groups=tuple(one.groups)) for one in made.person]
        bots = [_member(one, folder, owner=one.owner) for one in made.bot]
        return Identities((*people, *bots), read_issuers(made.issuer, folder))
    except LockgateError as error:
        raise UsageError(f"{shown}: {error.message}", hint=error.hint) from None


def _member(one: MemberTable, folder: Path, groups: tuple[str, ...] = (), owner: str = "") -> Member:
    keys: dict[str, PublicKey] = {}
    for named in one.keys:
        key = parse_public_key(read_regular(str(folder / named), f"the key {printable(named)}", _LARGEST_KEY))
        keys[fingerprint(key)] = key
    identities = [
        *[Identity("git", text.lower()) for text in one.git],
        *[Identity("service-account", text) for text in one.service_accounts],
        *[Identity("token", text) for text in one.tokens],
        *[Identity("account", text) for text in one.accounts],
    ]
    return Member(one.name, groups, owner, tuple(identities), keys)


def fingerprint(key: PublicKey) -> str:
    """`sha256:<hex>` over the key's DER (SubjectPublicKeyInfo)."""
    return f"sha256:{key_name(key)}"
