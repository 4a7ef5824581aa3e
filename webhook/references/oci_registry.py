"""Tags of OCI registries: the digest of the manifest, computed from its bytes.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests and, for tokens,
https://distribution.github.io/distribution/spec/auth/token/
"""

import base64
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, final

from lockgate.engine.errors import InputError
from lockgate.engine.foreign_documents import parse_foreign_json
from lockgate.engine.record import record
from lockgate.webhook.references.client import Answer, AskingError, Base, Client, refused
from lockgate.webhook.references.reference import Reference
from lockgate.webhook.references.resolution import SHA256, Digest, Outcome, Resolved, Unresolved
from lockgate.webhook.terminal import printable

_MANIFESTS: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_REALM: Final = re.compile(r'^\s*Bearer\s.*?\brealm="([^"]{1,1024})"', re.IGNORECASE | re.DOTALL)
_SERVICE: Final = re.compile(r'\bservice="([^"]{1,255})"', re.IGNORECASE)
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,65536}")
_MAX_TOKEN: Final = 256 * 1024
_FIX: Final = "write the digest (@sha256:…)"


@record
class Login:
    """Who asks a registry: sent to it, and to where its tokens come from, alone. user: "" where nobody says who."""

    user: str = ""
    password: str = ""

    def headers(self) -> Mapping[str, str]:
        """HTTP's own way."""
        if not self.user:
            return {}
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


@final
class RegistryResolver:
    """One registry. tokens: where its tokens come from; a registry that names another place is not followed there."""

    def __init__(self, host: str, client: Client, tokens: Client, login: Login) -> None:
        self._host = host
        self._client = client
        self._tokens = tokens
        self._login = login

    @property
    def name(self) -> str:
        """What it is called."""
        return f"registry {self._host}"

    def resolve(self, reference: Reference) -> Outcome | None:
        """The digest of a tag's manifest; None for another registry's."""
        host, _, repository = reference.location.partition("/")
        if host != self._host:
            return None
        try:
            digest = self._digest(repository, reference.version)
        except AskingError as error:
            return Unresolved(error.message, _FIX)
        uri = f"oci://{reference.location}@sha256:{digest}"
        return Resolved(Digest(SHA256, digest), uri, "asked", f"the tag may move: {_FIX}")

    def _digest(self, repository: str, tag: str) -> str:
        segments = ["v2", *repository.split("/"), "manifests", tag]
        accept = {"Accept": ", ".join(_MANIFESTS)}
        answer = self._client.get(segments, {}, accept)
        if answer.status == 401:
            answer = self._client.get(segments, {}, {**accept, **self._authorization(answer, repository)})
        if answer.status != 200:
            raise refused(self._client, answer)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _MANIFESTS:
            raise AskingError(
                f"{self._client.base.shown} answers with {printable(kind[:80]) or 'nothing known'}, and no manifest"
            )
        digest = sha256(answer.body).hexdigest()
        told = answer.headers.get("docker-content-digest", "")
        if told.startswith("sha256:") and told != f"sha256:{digest}":
            raise AskingError(
                f"{self._client.base.shown} says {printable(told[:80])} of bytes that are sha256:{digest}"
            )
        return digest

    def _authorization(self, answer: Answer, repository: str) -> Mapping[str, str]:
        """What a registry demands, as far as it was agreed. Raises AskingError."""
        demanded = answer.headers.get("www-authenticate", "")
        if demanded[:6].lower() == "basic " and self._login.user:
            return self._login.headers()
        realm = _REALM.match(demanded)
        if realm is None:
            raise refused(self._client, answer)
        if realm[1].rstrip("/") != self._tokens.base.shown:
            raise AskingError(
                f"{self._client.base.shown} wants a token from {printable(realm[1][:200])}, and [[registry]] does not name it as token-url"
            )
        service = _SERVICE.search(demanded)
        # What may be done with the token is said here, and not by who demands it.
        query = {"scope": f"repository:{repository}:pull"} | (
            {} if service is None else {"service": service[1]}
        )
        given = self._tokens.get([], query, self._login.headers())
        if given.status != 200:
            raise refused(self._tokens, given)
        try:
            told = parse_foreign_json(given.body, "the answer", _MAX_TOKEN)
            token = (told.maybe("token") or told.get("access_token")).text(65_536)
        except InputError as error:
            raise AskingError(f"{self._tokens.base.shown}: {printable(error.message)}") from None
        if not _TOKEN.fullmatch(token):
            raise AskingError(f"{self._tokens.base.shown} gives a token that is none")
        return {"Authorization": f"Bearer {token}"}


def tokens_base(registry: Base) -> Base:
    """Where tokens come from unless it is said: the registry's own /token."""
    return Base(registry.scheme, registry.host, registry.port, "/token")
