"""Reads a ledger for people: what every key has, who holds it, and since when."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, final

from lockgate.engine.quota.amounts import QuotaKey, Usage
from lockgate.engine.quota.holding import Holding
from lockgate.engine.quota.outcome import Holder
from lockgate.engine.quota.reservation import ObjectKey
from lockgate.engine.quota.store.history import Span, read_spans
from lockgate.engine.quota.store.holdings import find_holdings
from lockgate.engine.quota.store.reading import read_holders, read_usages
from lockgate.engine.quota.store.rebuilding import advancing
from lockgate.engine.quota.store.schema import open_ledger
from sqlalchemy import Connection

# Objects that one query names.
_AT_ONCE: Final = 200


@final
class LedgerReader:
    """The ledger of a cluster, by one connection."""

    def __init__(self, connection: Connection, cluster: str) -> None:
        self._connection: Final = connection
        self._cluster: Final = cluster

    def usages(self) -> tuple[Usage, ...]:
        """What every key has, by scope, dimension and window."""
        return read_usages(self._connection, self._cluster)

    def holders(self, key: QuotaKey, most: int) -> tuple[Holder, ...]:
        """The objects that hold most of a key, the largest first."""
        return read_holders(self._connection, key, most)

    def holdings_over_time(self, others: Iterable[ObjectKey]) -> dict[ObjectKey, Holding]:
        """The live objects that are charged over time, and others that there are."""
        wanted = sorted({*advancing(self._connection, self._cluster), *others})
        found: dict[ObjectKey, Holding] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = find_holdings(self._connection, wanted[start : start + _AT_ONCE])
            found |= {key: one.holding for key, one in some.items()}
        return found

    def spans(self, most: int) -> tuple[Span, ...]:
        """When objects held what; of those that are gone the latest."""
        return read_spans(self._connection, self._cluster, most)


@contextmanager
def reading_ledger(url: str, cluster: str) -> Iterator[LedgerReader]:
    """A reader of the ledger in a database, as `open_ledger` names it. Raises QuotaError."""
    engine = open_ledger(url)
    try:
        with engine.connect() as connection:
            yield LedgerReader(connection, cluster)
    finally:
        engine.dispose()
