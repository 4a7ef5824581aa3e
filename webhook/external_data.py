"""Who answers for external data in a check: fixtures first, then, where that is allowed, the policies' Providers."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from lockgate.engine.devices.shelf import Devices
from lockgate.engine.external_data import Providers
from lockgate.gatekeeper.external_data.asking import LiveProviders
from lockgate.gatekeeper.external_data.cache import DEFAULT_TTL_S, AnswerCache
from lockgate.gatekeeper.external_data.fixtures import FixtureProviders, load_fixtures
from lockgate.gatekeeper.external_data.kinds import DEVICES_PROVIDER
from lockgate.gatekeeper.external_data.provider import Provider
from lockgate.webhook.inventory_options import ExternalRequest
from lockgate.webhook.policy_sources import read_fixtures

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.engine.documents.document import Document
    from lockgate.gatekeeper.external_data.https import HttpsProvider
    from lockgate.webhook.promotions.file_environments import FileEnvironments


def _models(request: ExternalRequest, cwd: str) -> "list[Document]":
    if request.models is None:
        return []
    # Which imports cryptography.
    from lockgate.webhook.extras import require_facts

    require_facts()
    from lockgate.webhook.scanning.known_models import known_models

    return [known_models(request.models, cwd, time.time_ns() // 1_000_000)]


def recorded_promotions(request: ExternalRequest, cwd: str) -> "Sequence[Document]":
    """What the trail that is named has of promotions. Raises LockgateError."""
    if not request.promotions:
        return []
    # Which imports a database.
    from lockgate.webhook.extras import require_audit

    require_audit()
    from lockgate.webhook.promoting.followed_promotions import read_promotions

    return read_promotions(os.path.join(cwd, request.promotions))


def make_providers(
    request: ExternalRequest,
    files: Sequence[str],
    cwd: str,
    providers: Sequence[Provider],
    devices: Devices | None,
    stack: ExitStack,
    environments: "FileEnvironments | None" = None,
) -> Providers:
    """Who answers. files: where those of the request lie. devices: what the inventory tells of them, if policies ask.

    stack: closes the connections that are kept. environments: answers for the file that is judged.

    Raises LockgateError for a file that cannot be used.
    """
    fixtures = {
        one.provider: one
        for one in load_fixtures(
            [*read_fixtures(files, cwd), *_models(request, cwd), *recorded_promotions(request, cwd)]
        )
    }
    asked = None
    live: dict[str, HttpsProvider] = {}
    if request.providers:
        # Which imports TLS.
        from lockgate.gatekeeper.external_data.client_certificate import ClientFiles
        from lockgate.gatekeeper.external_data.https import HttpsProvider as Live

        client = ClientFiles(request.certificate, request.key) if request.certificate else None
        if client is not None:
            client.check()
        live = {one.name: Live(one, client) for one in providers if one.name not in fixtures}
        for provider in live.values():
            stack.callback(provider.close)
        asked = LiveProviders(live, AnswerCache(DEFAULT_TTL_S, time.monotonic))
    others: Providers | None = asked
    # Whoever is named as that provider knows more.
    if devices is not None and not (devices.lacking and DEVICES_PROVIDER in live):
        # Which imports CEL.
        from lockgate.gatekeeper.external_data.devices import DeviceProviders

        others = DeviceProviders(devices, asked)
    if environments is not None:
        environments.answer_before(others)
        others = environments
    return FixtureProviders(fixtures.values(), others)
