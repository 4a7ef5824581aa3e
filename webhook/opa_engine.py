"""`--engine opa`: which OPA servers evaluate the policies. Options and the environment say it, never the configuration:
that may come with the very change that is judged, and would choose who judges it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lockgate.engine.record import record
from lockgate.gatekeeper.loader import Loaded
from lockgate.webhook.extras import require_opa

if TYPE_CHECKING:
    from lockgate.engine.opa.backend import Backend

URL_VARIABLE: Final = "LOCKGATE_OPA_URL"
AUTHORITIES_VARIABLE: Final = "LOCKGATE_OPA_CA"
TOKEN_VARIABLE: Final = "LOCKGATE_OPA_TOKEN"  # noqa: S105 - a name


@record
class OpaServers:
    """Which servers: their URLs, the token that they are given ("" for none) and the file of authorities ("": public)."""

    urls: tuple[str, ...] = ()
    token: str = ""
    authorities: str = ""


@record
class OpaEngine:
    """Servers that take policies over."""

    backend: "Backend"

    def take(self, loaded: Loaded) -> tuple[Loaded, list[str]]:
        """What was loaded, with its Rego evaluated by the servers; and remarks on what is not."""
        from lockgate.gatekeeper.opa_policy import on_opa

        placed = on_opa(loaded.policies, loaded.templates, self.backend)
        remarks = [f"{key} has no Rego: it is evaluated here, and not by OPA" for key in placed.here]
        return replace(loaded, policies=placed.policies), remarks


@contextmanager
def open_opa(
    urls: Sequence[str], authorities: str | None, token_file: str | None, environment: Mapping[str, str]
) -> Iterator[OpaEngine]:
    """The servers that are named; at the end what is only of this run is removed from them. Raises UsageError."""
    backend = make_backend(named_servers(urls, authorities, token_file, environment))
    try:
        yield OpaEngine(backend)
    finally:
        backend.close()


def named_servers(
    urls: Sequence[str], authorities: str | None, token_file: str | None, environment: Mapping[str, str]
) -> OpaServers:
    """The servers that options and the environment name, checked. Raises UsageError."""
    require_opa()
    from lockgate.engine.opa.servers import check_authorities, check_token, parse_addresses, read_token

    token = ""
    if token_file is not None:
        token = read_token(token_file)
    elif environment.get(TOKEN_VARIABLE):
        token = check_token(environment[TOKEN_VARIABLE], TOKEN_VARIABLE)
    path = authorities if authorities is not None else environment.get(AUTHORITIES_VARIABLE) or None
    named = tuple(urls) or tuple(environment.get(URL_VARIABLE, "").split())
    parse_addresses(named, token=token)
    return OpaServers(named, token, "" if path is None else check_authorities(path))


def make_backend(servers: OpaServers) -> "Backend":
    """The servers as they are asked. Raises UsageError."""
    from lockgate.engine.opa.backend import Backend
    from lockgate.engine.opa.fleet import Fleet
    from lockgate.engine.opa.servers import Access, parse_addresses

    addresses = parse_addresses(servers.urls, token=servers.token)
    return Backend(Fleet(addresses, Access(servers.token, servers.authorities or None)))
