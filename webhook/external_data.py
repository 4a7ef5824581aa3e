"""Who answers for external data in a check: fixtures first, then, where that is allowed, the policies' Providers."""

import time
from collections.abc import Sequence
from contextlib import ExitStack

from lockgate.engine.external_data import Providers
from lockgate.gatekeeper.external_data.asking import LiveProviders
from lockgate.gatekeeper.external_data.cache import DEFAULT_TTL_S, AnswerCache
from lockgate.gatekeeper.external_data.fixtures import Fixture, FixtureProviders, parse_fixture_object
from lockgate.gatekeeper.external_data.provider import Provider
from lockgate.webhook.inventory_options import ExternalRequest
from lockgate.webhook.policy_sources import read_fixtures


def make_providers(
    request: ExternalRequest,
    files: Sequence[str],
    cwd: str,
    providers: Sequence[Provider],
    stack: ExitStack,
) -> Providers:
    """Who answers. files: where those of the request lie. stack: closes the connections that are kept.

    Raises LockgateError for a file that cannot be used.
    """
    fixtures: dict[str, Fixture] = {}
    for document in read_fixtures(files, cwd):
        for one in parse_fixture_object(document):
            if one.provider in fixtures:
                from lockgate.gatekeeper.fields import root

                root(document).get("providers").refuse(
                    f"provider {one.provider!r} is given twice", "put all that it says into one"
                )
            fixtures[one.provider] = one
    asked = None
    if request.providers:
        # Which imports TLS.
        from lockgate.gatekeeper.external_data.https import ClientCertificate, HttpsProvider

        client = ClientCertificate(request.certificate, request.key) if request.certificate else None
        live = {one.name: HttpsProvider(one, client) for one in providers if one.name not in fixtures}
        for provider in live.values():
            stack.callback(provider.close)
        asked = LiveProviders(live, AnswerCache(DEFAULT_TTL_S, time.monotonic))
    return FixtureProviders(fixtures.values(), asked)
