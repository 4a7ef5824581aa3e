"""Sites over trails, as somebody sees them who may see all, or whom names are masked for."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockgate.audit.pages.site import Site
from lockgate.audit.query.cursor import Cursors
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.parameters import Names
from lockgate.audit.standing import Standing
from lockgate.audit.store.searching import Search
from lockgate.audit.store.store import Store
from lockgate.audit.store.tallies import DayTallies
from lockgate.audit.trust import Trust
from lockgate.audit.vault import Vault
from lockgate.webhook.bodies import open_body
from lockgate.webhook.trail_reading import open_reading


class Keeper:
    """Opens bodies and knows people."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self.opened: list[int] = []

    def __call__(self, index: int, raw: bytes) -> Mapping[str, Any] | None:
        self.opened.append(index)
        for body in self._store.bodies(index, index + 1):
            if body.sealed is not None:
                found = json.loads(open_body(self._vault, index, raw, body))
                assert isinstance(found, dict)
                return found
        return None

    def pseudonym(self, person: str) -> str:
        return self._vault.master.pseudonym(person)

    def namespace_stream(self, namespace: str) -> str | None:
        found = self._vault.find(namespace)
        return None if found is None else found.stream


def site_of(store: Store, vault: Vault, trust: Trust, now_ms: int) -> tuple[Site, Keeper]:
    """A site for somebody who may see all."""
    engine = Engine(
        store,
        Search(store),
        Standing(store, trust, (), now_ms),
        Cursors(b"k" * 32, store.origin),
        now_ms,
    )
    keeper = Keeper(store, vault)
    return Site(
        engine, now_ms, keeper, DayTallies(store), Names(keeper.pseudonym, keeper.namespace_stream), "auditor"
    ), keeper


@contextmanager
def site_at(home: Path, now_ms: int) -> Iterator[tuple[Site, Keeper]]:
    """The same, over a home folder."""
    with open_reading(str(home)) as reading:
        assert reading.trail is not None
        yield site_of(reading.trail.store, reading.trail.vault(), reading.trust, now_ms)
