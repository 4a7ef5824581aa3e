"""The Providers of a cluster that a process asks: made anew where they change, with one cache for all that they said."""

import time
from collections.abc import Callable, Sequence
from typing import Final, final

from lockgate.engine.external_data import Providers
from lockgate.gatekeeper.external_data.asking import LiveProviders
from lockgate.gatekeeper.external_data.cache import DEFAULT_TTL_S, AnswerCache
from lockgate.gatekeeper.external_data.client_certificate import ClientFiles
from lockgate.gatekeeper.external_data.https import HttpsProvider
from lockgate.gatekeeper.external_data.provider import Provider


@final
class LiveHttps:
    """Gives who answers for the Providers as they are now. One thread at a time calls `provide`.

    client: what they are shown.
    """

    def __init__(self, client: ClientFiles | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._client: Final = client
        self._cache: Final = AnswerCache(DEFAULT_TTL_S, clock)
        self._known: dict[Provider, HttpsProvider] = {}

    def provide(self, providers: Sequence[Provider]) -> Providers:
        """Who answers. What has not changed keeps its connections; what is gone ends them with its last request."""
        before, client = self._known, self._client
        self._known = {one: before.get(one) or HttpsProvider(one, client) for one in providers}
        for one, asked in before.items():
            if one not in self._known:
                asked.close()
        return LiveProviders({one.name: asked for one, asked in self._known.items()}, self._cache)

    def close(self) -> None:
        """Ends all connections."""
        self.provide(())


def make_provide(certificate: str, key: str) -> "Callable[[Sequence[Provider]], Providers]":
    """What `LiveSettings.provide` takes. certificate, key: files with what providers are shown, "" for nothing."""
    return LiveHttps(ClientFiles(certificate, key) if certificate else None).provide
