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
class OpaEngine:
    """Servers that take policies over."""

    backend: "Backend"

    def take(self, loaded: Loaded) -> tuple[Loaded, list[str]]:
        """What was loaded, with its Rego evaluated by the servers; and remarks on what is not."""
        from lockgate.gatekeeper.opa_policy import on_opa

        policies, here = on_opa(loaded.policies, loaded.templates, self.backend)
        remarks = [f"{key} has no Rego: it is evaluated here, and not by OPA" for key in here]
        return replace(loaded, policies=policies), remarks


@contextmanager
def open_opa(
    urls: Sequence[str], authorities: str | None, token_file: str | None, environment: Mapping[str, str]
) -> Iterator[OpaEngine]:
    """The servers that are named; at the end what is only of this run is removed from them. Raises UsageError."""
    require_opa()
    from lockgate.engine.opa.backend import Backend
    from lockgate.engine.opa.fleet import Fleet
    from lockgate.engine.opa.servers import (
        Access,
        check_authorities,
        check_token,
        parse_addresses,
        read_token,
    )

    token = ""
    if token_file is not None:
        token = read_token(token_file)
    elif environment.get(TOKEN_VARIABLE):
        token = check_token(environment[TOKEN_VARIABLE], TOKEN_VARIABLE)
    path = authorities if authorities is not None else environment.get(AUTHORITIES_VARIABLE) or None
    named = tuple(urls) or tuple(environment.get(URL_VARIABLE, "").split())
    addresses = parse_addresses(named, token=token)
    access = Access(token=token, authorities=None if path is None else check_authorities(path))
    backend = Backend(Fleet(addresses, access))
    try:
        yield OpaEngine(backend)
    finally:
        backend.close()
