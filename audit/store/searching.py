"""Finding entries by the index of records: keys of at most a page at a time, each query led by an index.

What is found is not believed by who verifies: entries say themselves what they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, Final, Literal

from lockgate.audit.errors import VerificationError
from lockgate.audit.store.columns import as_int, as_text, check_kinds
from lockgate.audit.store.reading import StoredLog
from lockgate.audit.store.tables import place_of
from sqlalchemy import Connection, bindparam, text

_LEAF: Final = (int, bytes, bytes)
# Outcomes that entries of a kind may have in the index; those of all other kinds have none.
_OUTCOMES: Final = {"decision": ("allow", "warn", "deny", "error"), "break-glass": ("", "deny", "error")}
_NONE: Final = ("",)
_ALL: Final = ("", "allow", "warn", "deny", "error")
# The text of the partial index's own condition, by which a database knows that it may use it.
_REFUSED: Final = "outcome NOT IN ('', 'allow')"
_MAX_ENVIRONMENTS: Final = 64
_TIME: Final = text("SELECT time_ms FROM record WHERE place = :place")
_REINDEX: Final = (
    "`lockgate audit verify` tells what was changed; `lockgate audit reindex` makes the index anew"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a record has to be, as far as an index knows; empty is anything."""

    kinds: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    model: str = ""
    environment: str = ""
    resource: str = ""

    @property
    def is_scanned_for(self) -> bool:
        """Is there no index that gives these and no others?"""
        return bool(self.resource or (self.kinds and (self.model or self.environment)))


@dataclass(frozen=True, slots=True)
class Span:
    """Entries from `start` to below `stop`, and from which end."""

    start: int
    stop: int
    order: Literal["newest", "oldest"]


class Search:
    """Looks for entries of one log."""

    __slots__ = ("_first", "_log")

    def __init__(self, log: StoredLog) -> None:
        self._log: Final = log
        self._first: Final = place_of(log.log, 0)

    def find(self, wanted: Wanted, span: Span, limit: int) -> list[int]:
        """The first entries that are wanted, at most `limit`."""
        with self._log.engine.connect() as connection:
            parts = [*self._parts(connection, wanted)]
            found = [self._some(connection, part, wanted, span, limit) for part in parts]
        ordered: Iterable[int] = (
            found[0] if len(found) == 1 else merge(*found, reverse=span.order == "newest")
        )
        return list(islice(ordered, limit))

    def _parts(self, connection: Connection, wanted: Wanted) -> Iterator[dict[str, str]]:
        """Conditions of equality, each such that an index gives its records in order."""
        kinds = wanted.kinds
        if not kinds and wanted.outcomes:
            kinds = tuple([kind for kind in _OUTCOMES if {*_OUTCOMES[kind]} & {*wanted.outcomes}])
        if wanted.model:
            environments = (
                [wanted.environment] if wanted.environment else self._environments(connection, wanted.model)
            )
            for environment in environments:
                base = {"model": wanted.model, "environment": environment}
                yield from [{**base, "outcome": one} for one in wanted.outcomes] or [base]
            return
        if wanted.environment:
            for outcome in wanted.outcomes or _ALL:
                yield {"environment": wanted.environment, "outcome": outcome}
            return
        if not kinds:
            yield {}
        for kind in kinds:
            for outcome in _OUTCOMES.get(kind, _NONE):
                if not wanted.outcomes or outcome in wanted.outcomes:
                    yield {"kind": kind, "outcome": outcome}

    def _environments(self, connection: Connection, model: str) -> list[str]:
        """Those in which a model is, each found by a step in the index."""
        query = text("SELECT min(environment) FROM record WHERE model = :model AND environment > :after")
        made: list[str] = []
        first = connection.execute(
            text("SELECT min(environment) FROM record WHERE model = :model"), {"model": model}
        ).scalar_one()
        while first is not None and len(made) < _MAX_ENVIRONMENTS:
            made.append(as_text(first))
            first = connection.execute(query, {"model": model, "after": first}).scalar_one()
        return made

    def _some(
        self, connection: Connection, equal: dict[str, str], wanted: Wanted, span: Span, limit: int
    ) -> list[int]:
        terms = [f"{name} = :{name}" for name in equal]
        if equal.get("outcome") not in (None, "", "allow"):
            terms.append(_REFUSED)
        if equal.get("environment"):
            terms.append("environment <> ''")
        if wanted.resource:
            terms.append("resource = :resource")
        if wanted.kinds and "kind" not in equal:
            terms.append("kind IN :kinds")
        terms += ["place >= :start", "place < :stop"]
        order = "DESC" if span.order == "newest" else "ASC"
        query = f"SELECT place FROM record WHERE {' AND '.join(terms)} ORDER BY place {order} LIMIT :limit"  # noqa: S608
        values: dict[str, Any] = {
            **equal,
            "start": place_of(self._log.log, span.start),
            "stop": place_of(self._log.log, span.stop),
            "limit": limit,
        }
        statement = text(query)
        if wanted.resource:
            values["resource"] = wanted.resource
        if wanted.kinds and "kind" not in equal:
            statement = statement.bindparams(bindparam("kinds", expanding=True))
            values["kinds"] = list(wanted.kinds)
        return [as_int(row[0]) - self._first for row in connection.execute(statement, values)]

    def leaves(self, indices: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        """Leaf hash as stored and bytes of some entries, by index."""
        query = text("SELECT place, leaf_hash, entry FROM leaf WHERE place IN :places").bindparams(
            bindparam("places", expanding=True)
        )
        made: dict[int, tuple[bytes, bytes]] = {}
        with self._log.engine.connect() as connection:
            for start in range(0, len(indices), 500):
                places = [self._first + index for index in indices[start : start + 500]]
                rows = [tuple(row) for row in connection.execute(query, {"places": places})]
                check_kinds(rows, _LEAF)
                made.update({place - self._first: (leaf, entry) for place, leaf, entry in rows})
        return made

    def place_at(self, size: int, time_ms: int) -> int:
        """How many of the first `size` entries were made before a time, as the index tells, by halves."""
        low, high = 0, size
        with self._log.engine.connect() as connection:
            while low < high:
                middle = (low + high) // 2
                found = connection.execute(_TIME, {"place": self._first + middle}).scalar_one_or_none()
                if found is None:
                    raise VerificationError(
                        "it is not in the index of records", where=f"entry {middle}", hint=_REINDEX
                    )
                if as_int(found) >= time_ms:
                    high = middle
                else:
                    low = middle + 1
        return low

    def told_size(self) -> int:
        """How many entries there are, with those that no checkpoint covers yet."""
        return self._log.head().size

    def stream_entries(self, name: str, first: int, count: int) -> list[int]:
        """The entries of a stream from counter `first` on, in order; fewer where there are no more."""
        return self._log.stream_range(name, first, count)

    def stream_length(self, name: str) -> int:
        """The counter of a stream's last entry, as its head tells; 0 where there is no such stream."""
        query = "SELECT n FROM stream_head WHERE name = :name AND id >= :start AND id < :stop"
        span = {"start": self._first, "stop": place_of(self._log.log + 1, 0)}
        with self._log.engine.connect() as connection:
            found = connection.execute(text(query), {"name": name, **span}).scalar_one_or_none()
        return 0 if found is None else as_int(found)

    def streams_named(self, start: str, after: str, limit: int) -> list[str]:
        """Names of streams that begin so, behind `after`, in order."""
        query = (
            "SELECT name FROM stream_head WHERE name > :after AND name >= :low AND name < :high AND id >= :start "
            "AND id < :stop ORDER BY name LIMIT :limit"
        )
        values: dict[str, Any] = {
            "after": after,
            "low": start,
            "high": start[:-1] + chr(ord(start[-1]) + 1),
            "start": self._first,
            "stop": place_of(self._log.log + 1, 0),
            "limit": limit,
        }
        with self._log.engine.connect() as connection:
            return [as_text(row[0]) for row in connection.execute(text(query), values)]
