"""Questions as texts: what a command's options and an address's query say, read strictly into what is asked."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast, get_args

from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.engine import Asking, Proofs
from lockgate.audit.query.errors import CursorError, QuestionError
from lockgate.audit.query.question import Order, Question, Walk
from lockgate.audit.times import MAX_TIME

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_SIZE: Final = re.compile(r"[0-9]{1,15}")
_PSEUDONYM: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_LARGEST: Final = 2**53
_MAX_DAYS: Final = 36_500
_MAX_SAMPLE: Final = 10_000

FILTERS: Final = frozenset(
    ("kind", "event", "outcome", "model", "environment", "resource", "policy", "policies", "subject", "requester", "approver",
     "namespace", "stream", "since", "until", "order", "walk")
)  # fmt: skip
PAGING: Final = frozenset(("limit", "cursor", "as_of", "proofs"))
GIVEN: Final = frozenset(
    ("model", "environment", "since", "until", "at", "as_of", "entry", "subject", "policy", "approver", "requester", "days",
     "hours", "count", "seed")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """How names are found in entries. person: the pseudonym of a name; namespace: its stream, None where it has no entry yet."""

    person: Callable[[str], str]
    namespace: Callable[[str], str | None]


def parse_moment(text: str, field: str) -> int:
    """Unix milliseconds from `2026-07-01` (its first moment in UTC) or RFC 3339. Raises QuestionError."""
    try:
        if _DATE.fullmatch(text):
            moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        elif _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
        else:
            raise ValueError
        made = round(moment.timestamp() * 1000)
        if not 0 <= made < MAX_TIME:
            raise ValueError
    except (ValueError, OverflowError):
        raise QuestionError(
            f"{text[:40]!r} is no time", field=field, hint="write 2026-07-01 or 2026-07-01T12:00:00Z"
        ) from None
    return made


def parse_number(text: str, field: str, low: int, high: int) -> int:
    """A number in decimal, from `low` to `high`. Raises QuestionError, or CursorError for the limit of a page."""
    if not _SIZE.fullmatch(text) or not low <= int(text) <= high:
        if field == "limit":
            raise CursorError(
                "invalidCount",
                f"a page has {low} to {high} rows",
                hint="ask for fewer, and go on by the cursor",
            )
        raise QuestionError(f"{field} is a number from {low} to {high}, not {text[:40]!r}", field=field)
    return int(text)


class Texts:
    """What is said, by name; each name once, but for those that may be repeated. Raises QuestionError for what is not as it should be."""

    def __init__(self, told: Mapping[str, Sequence[str]], known: frozenset[str]) -> None:
        foreign = sorted(told.keys() - known)
        if foreign:
            raise QuestionError(
                f"there is no {foreign[0][:40]!r} to ask by",
                field=foreign[0][:40],
                hint=f"there are {', '.join(sorted(known))}",
            )
        self._told = told

    def many(self, name: str) -> tuple[str, ...]:
        """What is said, where it may be repeated."""
        return tuple([part for one in self._told.get(name, ()) for part in one.split(",") if part])

    def one(self, name: str) -> str:
        """What is said, "" for nothing."""
        found = self._told.get(name, ())
        if len(found) > 1:
            raise QuestionError(f"{name} is said {len(found)} times", field=name)
        return found[0] if found else ""

    def moment(self, name: str) -> int | None:
        """A moment in Unix milliseconds."""
        text = self.one(name)
        return parse_moment(text, name) if text else None

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A number from `low` to `high`."""
        text = self.one(name)
        return parse_number(text, name, low, high) if text else default

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """One of some words."""
        text = self.one(name) or default
        if text not in choices:
            raise QuestionError(f"{name} is {' or '.join(choices)}, not {text[:40]!r}", field=name)
        return text


def _person(texts: Texts, name: str, names: Names) -> str:
    """A pseudonym; a name is written as it is, and a pseudonym behind `pseudonym:`."""
    text = texts.one(name)
    if not text:
        return ""
    if text.startswith("pseudonym:"):
        found = text.removeprefix("pseudonym:")
        if not _PSEUDONYM.fullmatch(found):
            raise QuestionError(f"a pseudonym has 22 letters, not {found[:40]!r}", field=name)
        return found
    return names.person(text)


# A stream that no log has: of a namespace about which nothing is recorded.
NOWHERE: Final = "namespace/-"


def parse_question(told: Mapping[str, Sequence[str]], names: Names) -> Question:
    """A question of FILTERS. Raises QuestionError."""
    texts = Texts(told, FILTERS)
    stream, namespace = texts.one("stream"), texts.one("namespace")
    if stream and namespace:
        raise QuestionError("a namespace is a stream already", field="namespace")
    if namespace:
        stream = names.namespace(namespace) or NOWHERE
    return Question(
        texts.many("kind"),
        texts.many("event"),
        texts.many("outcome"),
        texts.one("model"),
        texts.one("environment"),
        texts.one("resource"),
        texts.one("policy"),
        texts.one("policies"),
        texts.one("subject"),
        _person(texts, "requester", names),
        _person(texts, "approver", names),
        stream,
        texts.moment("since"),
        texts.moment("until"),
        cast(Order, texts.choice("order", "newest", get_args(Order))),
        cast(Walk, texts.choice("walk", "quick", get_args(Walk))),
    )


def _as_of(texts: Texts) -> dict[str, Any]:
    text = texts.one("as_of")
    if not text:
        return {}
    if _SIZE.fullmatch(text):
        return {"as_of_size": int(text)}
    return {"as_of_ms": parse_moment(text, "as_of")}


def parse_asking(told: Mapping[str, Sequence[str]], most: int) -> Asking:
    """How a page is asked for, of PAGING. Raises QuestionError or CursorError."""
    texts = Texts(told, PAGING)
    limit = texts.number("limit", min(100, most), 1, most)
    proofs = cast(Proofs, texts.choice("proofs", "none", get_args(Proofs)))
    return Asking(limit, texts.one("cursor"), proofs=proofs, **_as_of(texts))


def parse_given(told: Mapping[str, Sequence[str]], names: Names) -> Given:
    """What one of the fifteen questions is about, of GIVEN. Raises QuestionError."""
    texts = Texts(told, GIVEN)
    pinned = _as_of(texts)
    at = texts.moment("at")
    return Given(
        texts.one("model"),
        texts.one("environment"),
        texts.moment("since"),
        texts.moment("until"),
        pinned.get("as_of_ms") if at is None else at,
        pinned.get("as_of_size"),
        None if not texts.one("entry") else texts.number("entry", 0, 0, _LARGEST),
        texts.one("subject"),
        texts.one("policy"),
        _person(texts, "approver", names),
        _person(texts, "requester", names),
        texts.number("days", 30, 0, _MAX_DAYS),
        texts.number("hours", 24, 0, _MAX_DAYS),
        texts.number("count", 25, 1, _MAX_SAMPLE),
        texts.number("seed", 0, 0, _LARGEST),
    )
