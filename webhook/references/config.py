"""`resolvers.toml`: which servers may be asked about references, by whoever runs the command; kept apart from what is resolved.

timeout = 10                             # seconds for each answer

[hugging-face]
url = "https://huggingface.co"
token-file = "hf.token"                  # counted from this file's folder; sent to this URL alone

[mlflow]                                 # and [model-registry]: Kubeflow's
url = "https://mlflow.example.com"

[[registry]]
host = "registry.example.com"            # as references name it
url = "https://registry.example.com"     # https:// and the host where it is left out
token-url = "https://auth.example.com/token"
user = "ci"
password-file = "registry.password"
ca-file = "ca.pem"                       # in place of the system's authorities
"""

import re
from pathlib import Path
from typing import Annotated, Final

from lockgate.audit.key_files import read_secret
from lockgate.engine.errors import UsageError
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.references.client import Base, Client, parse_base, tls_context
from lockgate.webhook.references.content import ContentResolver
from lockgate.webhook.references.hugging_face import HuggingFaceResolver
from lockgate.webhook.references.mlflow import MlflowResolver
from lockgate.webhook.references.model_registry import ModelRegistryResolver
from lockgate.webhook.references.oci_registry import Login, RegistryResolver, tokens_base
from lockgate.webhook.references.reasons import ReasonResolver
from lockgate.webhook.references.resolution import Resolver
from lockgate.webhook.references.resolving import Resolvers
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail_config import Table, Text, read_table
from pydantic import Field

_HINT: Final = "write one: docs/models.md, asking servers"
_LARGEST_PEM: Final = 1024 * 1024
_SECRET: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_HOST: Final = r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$"


class ServerTable(Table):
    """A server of which there is one."""

    url: Text
    token_file: Text | None = None
    ca_file: Text | None = None


class RegistryTable(Table):
    """An OCI registry."""

    host: Annotated[str, Field(pattern=_HOST, max_length=253)]
    url: Text | None = None
    token_url: Text | None = None
    user: Annotated[str, Field(pattern=r"^[\x21-\x39\x3b-\x7e]{1,256}$")] | None = None
    password_file: Text | None = None
    ca_file: Text | None = None


class ResolversTable(Table):
    """The whole of `resolvers.toml`."""

    timeout: Annotated[int, Field(ge=1, le=60)] = 10
    hugging_face: ServerTable | None = None
    mlflow: ServerTable | None = None
    model_registry: ServerTable | None = None
    registry: list[RegistryTable] = []


def read_resolvers(path: str, signed: tuple[Resolver, ...] = ()) -> Resolvers:
    """Resolvers that ask the servers of a configuration. Raises UsageError or TrailError, naming the file."""
    made = read_table(Path(path), ResolversTable, _HINT)
    place = _Place(Path(path), made.timeout)
    hosts = [one.host for one in made.registry]
    if len(set(hosts)) != len(hosts):
        raise UsageError(f"{printable(path)} has two registries of one host")
    by_scheme: dict[str, list[Resolver]] = {"oci": [place.registry(one) for one in made.registry]}
    if made.hugging_face is not None:
        by_scheme["hf"] = [HuggingFaceResolver(*place.server(made.hugging_face, "hugging-face"))]
    if made.mlflow is not None:
        mlflow = MlflowResolver(*place.server(made.mlflow, "mlflow"))
        by_scheme |= {"models": [mlflow], "runs": [mlflow]}
    if made.model_registry is not None:
        by_scheme["model-registry"] = [
            ModelRegistryResolver(*place.server(made.model_registry, "model-registry"))
        ]
    return Resolvers((ContentResolver(), *signed), by_scheme, ReasonResolver())


def read_model_registries(path: str) -> dict[str, tuple[Client, dict[str, str]]]:
    """What asks the model registries of a configuration, and what they are shown, by the scheme of their references.

    Raises UsageError or TrailError, naming the file.
    """
    made = read_table(Path(path), ResolversTable, _HINT)
    place = _Place(Path(path), made.timeout)
    tables = (("models", made.mlflow, "mlflow"), ("model-registry", made.model_registry, "model-registry"))
    return {scheme: place.server(table, name) for scheme, table, name in tables if table is not None}


class _Place:
    """A configuration's file, from whose folder other files count."""

    def __init__(self, path: Path, timeout_s: int) -> None:
        self._path = path
        self._timeout_s = timeout_s

    def server(self, table: ServerTable, name: str) -> tuple[Client, dict[str, str]]:
        """What asks a server, and what it is shown."""
        client = self._client(self._base(table.url, f"[{name}] url"), table.ca_file)
        if table.token_file is None:
            return client, {}
        return client, {"Authorization": f"Bearer {self._secret(table.token_file)}"}

    def registry(self, table: RegistryTable) -> Resolver:
        """What asks a registry."""
        base = self._base(table.url or f"https://{table.host}", f"[[registry]] {table.host}: url")
        tokens = tokens_base(base)
        if table.token_url is not None:
            tokens = self._base(table.token_url, f"[[registry]] {table.host}: token-url")
        if (table.user is None) != (table.password_file is None):
            raise UsageError(
                f"{self._shown}: [[registry]] {table.host}: user and password-file belong together"
            )
        login = Login()
        if table.user is not None and table.password_file is not None:
            login = Login(table.user, self._secret(table.password_file))
        return RegistryResolver(
            table.host, self._client(base, table.ca_file), self._client(tokens, table.ca_file), login
        )

    @property
    def _shown(self) -> str:
        return printable(str(self._path))

    def _base(self, text: str, where: str) -> Base:
        return parse_base(text, f"{self._shown}: {where}")

    def _client(self, base: Base, ca_file: str | None) -> Client:
        authorities = None
        shown = "" if ca_file is None else printable(ca_file)
        if ca_file is not None:
            authorities = read_regular(
                str(self._path.parent / ca_file), f"the authorities {shown}", _LARGEST_PEM
            )
        try:
            return Client(base, self._timeout_s, tls_context(authorities))
        except ValueError:
            raise UsageError(f"{shown} holds no certificates in PEM") from None

    def _secret(self, named: str) -> str:
        text = read_secret(self._path.parent / named).decode("ascii", "replace").strip()
        if not _SECRET.fullmatch(text):
            raise UsageError(
                f"{printable(named)} holds no token and no password: one line of printable ASCII"
            )
        return text
