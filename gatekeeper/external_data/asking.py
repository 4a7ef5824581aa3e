"""Asks providers: those in process and those over HTTPS, through one cache.

After github.com/open-policy-agent/frameworks constraint/pkg/client/drivers/rego/builtin.go: what the cache knows comes
first, the rest is asked for in one request, and a provider that fails leaves no answer at all. A provider that is gone,
or another one now by the same name, is not answered for from what its predecessor said.
"""

from collections.abc import Mapping
from typing import Final, Protocol, final

from lockgate.engine.decision import Item, Reply
from lockgate.gatekeeper.external_data.cache import AnswerCache
from lockgate.gatekeeper.external_data.wire import ProviderError

# Gatekeeper's words and status for a name that it has no Provider of.
_UNKNOWN: Final = "key is not found in provider cache"
_BAD_REQUEST: Final = 400


class Answerer(Protocol):
    """One provider. Used by several threads at once."""

    @property
    def identity(self) -> str:
        """Another one for each who may answer otherwise: its answers are kept under it."""
        ...

    def answer(self, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """What it says of the keys, within so many seconds if that is given. Raises ProviderError when it fails."""
        ...


@final
class LiveProviders:
    """Providers by their names, and a cache in front of them: the port that evaluations ask (`engine.external_data`)."""

    def __init__(self, answerers: Mapping[str, Answerer], cache: AnswerCache) -> None:
        self._answerers = answerers
        self._cache = cache

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer. Every failure is one of its `system_error`s; nothing is left unanswered."""
        if not keys:
            return Reply((), keeps_s=None)
        answerer = self._answerers.get(provider)
        if answerer is None:
            return Reply(None, _BAD_REQUEST, _UNKNOWN, None)
        known: list[Item] = []
        missing: list[str] = []
        keeps_s = self._cache.ttl_s
        for key in keys:
            found = self._cache.find(answerer.identity, key)
            if found is None:
                missing.append(key)
            else:
                known.append(found[0])
                keeps_s = min(keeps_s, found[1])
        if not missing:
            return Reply(tuple(known), keeps_s=keeps_s)
        try:
            reply = answerer.answer(tuple(missing), seconds)
        except ProviderError as error:
            return Reply(None, error.status, error.message)
        items = reply.items or ()
        if reply.system_error:
            return Reply((*known, *items), reply.status, reply.system_error)
        # A provider speaks for the keys that it was asked for, and for no others.
        asked = frozenset(missing)
        for item in items:
            if item.key in asked:
                self._cache.keep(answerer.identity, item)
        # Of a key that it left out it may say more the next time.
        is_whole = asked <= {item.key for item in items}
        return Reply((*known, *items), reply.status, keeps_s=keeps_s if is_whole else 0.0)
