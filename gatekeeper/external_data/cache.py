"""Answers of providers that are kept for later reviews, key by key, for a time."""

from collections.abc import Callable
from threading import Lock
from typing import Final, final

from lockgate.engine.codegen.values import render_json
from lockgate.engine.decision import Item

# As `--external-data-provider-response-cache-ttl` of Gatekeeper.
DEFAULT_TTL_S: Final = 180.0
# Each process has a cache, and who writes manifests chooses the keys.
MAX_ITEMS: Final = 10_000
MAX_CHARACTERS: Final = 32_000_000


@final
class AnswerCache:
    """What providers said of keys, errors included. Used by several threads at once.

    ttl_s: how long an answer is kept; 0 keeps none. clock: seconds that only grow.
    """

    def __init__(self, ttl_s: float, clock: Callable[[], float]) -> None:
        self._ttl_s = ttl_s
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[float, int, Item]] = {}
        self._size = 0
        self._lock = Lock()

    @property
    def ttl_s(self) -> float:
        """How long an answer is kept."""
        return self._ttl_s

    def find(self, provider: str, key: str) -> tuple[Item, float] | None:
        """What the provider said of the key, if that is still fresh, and for how many seconds it will be."""
        with self._lock:
            found = self._kept.get((provider, key))
            if found is None:
                return None
            left = self._ttl_s - (self._clock() - found[0])
            if left <= 0:
                self._drop((provider, key))
                return None
            return found[2], left

    def keep(self, provider: str, item: Item) -> None:
        """Keeps what the provider said of a key; the oldest answers make room."""
        if self._ttl_s <= 0:
            return
        size = len(provider) + len(item.key) + len(item.error) + len(render_json(item.value))
        if size > MAX_CHARACTERS:
            return
        named = (provider, item.key)
        with self._lock:
            if named in self._kept:
                self._drop(named)
            self._kept[named] = (self._clock(), size, item)
            self._size += size
            while len(self._kept) > MAX_ITEMS or self._size > MAX_CHARACTERS:
                self._drop(next(iter(self._kept)))

    def _drop(self, named: tuple[str, str]) -> None:
        _, size, _ = self._kept.pop(named)
        self._size -= size
