"""`auditors.toml`: who may ask a trail's API what, for running without a cluster. It belongs outside of the trail's home.

[[auditor]]
name = "risk"
tokens = ["https://login.example.com user-1"]   # issuer and subject of ID tokens
token-sha256 = ["5e88…"]                        # SHA-256 (hex) of a bearer token of at least 20 random characters
namespaces = ["ml", "ml-prod"]                  # or ["*"]
rights = ["records", "actors", "exports", "log", "replays"]

[[issuer]]                                      # as in identities.toml
url = "https://login.example.com"
audiences = ["lockgate-audit"]
keys = "login.jwks.json"
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

from lockgate.audit.errors import FormatError, TrailError, UnverifiableError
from lockgate.audit.promotions.token import TokenIssuer, verify_caller
from lockgate.audit.web.caller import EVERYWHERE, Caller, NotKnownError, Resource
from lockgate.engine.errors import UsageError
from lockgate.webhook.promoting.issuer_table import IssuerTable, read_issuers
from lockgate.webhook.trail_config import Table, Text, read_table
from pydantic import Field

_ALL: Final = "*"
_OIDC: Final = "oidc:"
_FILE: Final = "file:"

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AuditorTable(Table):
    """Somebody who may ask."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@ -]{0,98}$")]
    tokens: list[Text] = []
    token_sha256: list[Digest] = []
    namespaces: list[Text]
    rights: list[Resource]


class AuditorsTable(Table):
    """The file."""

    auditor: list[AuditorTable] = []
    issuer: list[IssuerTable] = []


class Auditors:
    """Knows callers by tokens (an Authenticator), and what they may (Rights). clock: Unix milliseconds."""

    def __init__(
        self, auditors: tuple[AuditorTable, ...], issuers: tuple[TokenIssuer, ...], clock: Callable[[], int]
    ) -> None:
        self._auditors: Final = auditors
        self._issuers: Final = issuers
        self._clock: Final = clock

    def caller(self, token: bytes) -> Caller | None:
        """Whose token it is; None where no issuer and no auditor here knows it. Raises NotKnownError where it does not count."""
        digest = sha256(token).hexdigest()
        for one in self._auditors:
            for known in one.token_sha256:
                if hmac.compare_digest(known, digest):
                    return Caller(f"{_FILE}{one.name}")
        if not self._issuers or token.count(b".") != 2:
            return None
        try:
            found = verify_caller(token, self._issuers, self._clock())
        except UnverifiableError:
            # Another issuer's, such as the cluster's.
            return None
        except TrailError as error:
            raise NotKnownError(error.message) from None
        return Caller(f"{_OIDC}{found.issuer} {found.subject}")

    def allows(self, caller: Caller, resource: Resource, namespace: str) -> bool:
        """May they? What several auditors of the file are, counts together."""
        return any(
            resource in one.rights
            and (_ALL in one.namespaces or (namespace != EVERYWHERE and namespace in one.namespaces))
            for one in self._auditors
            if self._is(one, caller)
        )

    def _is(self, one: AuditorTable, caller: Caller) -> bool:
        if caller.name == f"{_FILE}{one.name}":
            return True
        return caller.name.startswith(_OIDC) and caller.name.removeprefix(_OIDC) in one.tokens


def read_auditors(path: str, clock: Callable[[], int]) -> Auditors:
    """The file. Raises UsageError, with the place, or FormatError for keys that are none."""
    place = Path(path)
    table = read_table(place, AuditorsTable)
    names = [one.name for one in table.auditor]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the auditor {twice} is in {path} twice")
    try:
        issuers = read_issuers(table.issuer, place.parent)
    except FormatError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from None
    return Auditors(tuple(table.auditor), issuers, clock)
