"""What an answer is, and what one is asked with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

from lockgate.audit.errors import FormatError
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.page import AsOf, Completeness
from lockgate.audit.times import parse_time
from lockgate.audit.trust import TrustState

T_co = TypeVar("T_co", covariant=True)
DAY_MS: Final = 24 * 3_600_000
# Of an answer; whoever wants more asks about a shorter time.
MAX_LINES: Final = 10_000
_RANKS: Final = (TrustState.SELF_ATTESTED, TrustState.ANCHORED, TrustState.WITNESSED)


class Opener(Protocol):
    """Opens bodies, for whom may see them; what is opened is recorded by whoever provides this."""

    def __call__(self, index: int, raw: bytes) -> Mapping[str, Any] | None:
        """The body of an entry, None where it was erased. Raises VerificationError where it is not the entry's."""
        ...


@runtime_checkable
class AheadOpener(Opener, Protocol):
    """An opener that is the quicker for being told what comes."""

    def ahead(self, indices: Sequence[int]) -> None:
        """Fetches the sealed bodies of some entries, some hundred at most, and opens none."""
        ...


def look_ahead(opener: Opener | None, indices: Sequence[int]) -> None:
    """Tells an opener which bodies come next, if it wants to know: then they are fetched together."""
    if isinstance(opener, AheadOpener):
        opener.ahead(indices)


@dataclass(frozen=True, slots=True)
class LiveObject:
    """An object as it is now. name: `group/version/kind/namespace/name/uid`, as decisions commit to it."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Given:
    """What a question is about. Times in Unix milliseconds, half-open; size: of the log, None for the latest checkpoint.

    days and hours: how long is too long. policy: `Kind/name` or `Kind` of a policy. live: objects as they are now, where somebody
    has them. seed and count: of a sample.
    """

    model: str = ""
    environment: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    at_ms: int | None = None
    size: int | None = None
    entry: int | None = None
    subject: str = ""
    policy: str = ""
    approver: str = ""
    requester: str = ""
    days: int = 30
    hours: int = 24
    count: int = 25
    seed: int = 0
    live: tuple[LiveObject, ...] | None = None

    def covers(self, time_ms: int) -> bool:
        """Is a time among those in question?"""
        return (self.since_ms is None or time_ms >= self.since_ms) and (
            self.until_ms is None or time_ms < self.until_ms
        )


@dataclass(frozen=True, slots=True)
class Proven:
    """What an answer rests on. state: the weakest of what its entries rest on, and never more than self-attested where the trust
    lies beside the log itself. by: who vouches. complete: streams that were looked at without a gap. shown and not_shown: what is
    proven and what is not, for people."""

    state: TrustState
    by: tuple[str, ...]
    complete: tuple[Completeness, ...]
    shown: tuple[str, ...]
    not_shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """The answer to a question. number: `a1` to `a15`. columns: the names of a line's fields."""

    number: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[T_co, ...]
    as_of: AsOf
    proven: Proven


def rests_on(engine: Engine, entries: Iterable[int]) -> tuple[TrustState, tuple[str, ...]]:
    """The weakest state of some entries, and who vouches for them; of none at all, that of the whole log."""
    assurance = engine.standing.assurance
    ranges = {assurance.of(one) for one in entries} or {*assurance.ranges}
    state = min([one.state for one in ranges], key=_RANKS.index, default=TrustState.SELF_ATTESTED)
    by = sorted({f"{vouch.name} of {vouch.administrator}" for one in ranges for vouch in one.vouches})
    if engine.trusted == "itself":
        state = TrustState.SELF_ATTESTED
    return state, tuple(by)


def proven(
    engine: Engine,
    entries: Iterable[int],
    complete: Iterable[Completeness] = (),
    shown: Iterable[str] = (),
    not_shown: Iterable[str] = (),
) -> Proven:
    """What an answer of these entries rests on."""
    state, by = rests_on(engine, entries)
    told = tuple(complete)
    missing = list(not_shown)
    if engine.trusted == "itself":
        missing.append(
            "the keys and witnesses by which this was verified lie beside the log: verify it from elsewhere (`lockgate audit "
            "verify --log-key`, or an export with its verifier)"
        )
    if told:
        missing.append(
            "where streams end is the word of the log's keeper, until somebody recomputes it (`lockgate audit monitor`, `verify`)"
        )
    return Proven(state, by, told, (*[one.statement for one in told], *shown), tuple(missing))


def columns(line: type[Any]) -> tuple[str, ...]:
    """The names of the fields of a line."""
    return tuple([one.name for one in fields(line)])


def size_of(engine: Engine, given: Given) -> int:
    """As of which size a question is asked. Raises QuestionError."""
    if given.size is not None:
        return engine.as_of(given.size).size
    return engine.size if given.at_ms is None else engine.index.place_at(engine.size, given.at_ms)


def moment(text: object) -> int | None:
    """A time of a body in Unix milliseconds; None for what is none."""
    if not isinstance(text, str):
        return None
    try:
        return parse_time(text if "." in text else text.replace("Z", ".000Z"))
    except FormatError:
        return None
