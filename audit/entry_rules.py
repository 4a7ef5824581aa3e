"""What the fields of an entry have to say together, by kind (docs/trail.md, section 2, under the table of kinds)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.errors import FormatError
from lockgate.audit.times import parse_time

MINUTE_MS: Final = 60_000
# An entry says of each of its minutes that somebody judged in it; a longer run hides how few of them were looked at.
MAX_COVERAGE_MS: Final = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Case:
    """The optional fields that an entry of one event or scope has to have, and those that it may have."""

    needs: frozenset[str]
    may: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cases:
    """`field` tells which case it is. Optional fields that no case names are free."""

    field: str
    cases: Mapping[str, Case]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


CASES: Final[Mapping[str, Cases]] = {
    "log": Cases(
        "event",
        {
            "opened": Case(_names("origin vkey"), _names("predecessor lost")),
            "closed": Case(_names("reason"), _names("successor")),
        },
    ),
    "key": Cases(
        "event",
        {
            "added": Case(frozenset()),
            "retired": Case(frozenset()),
            "revoked": Case(frozenset(), _names("lastGood")),
        },
    ),
    "erasure": Cases("scope", {"entry": Case(_names("index")), "namespace": Case(_names("stream"))}),
    "break-glass": Cases(
        "event",
        {
            "granted": Case(_names("reason ticket from until"), _names("claimed")),
            "used": Case(_names("outcome operation resource"), _names("policies claimed")),
            "revoked": Case(frozenset()),
            "expired": Case(frozenset()),
            "refused": Case(_names("reason")),
        },
    ),
    "promotion": Cases(
        "event",
        {
            "requested": Case(_names("requester"), _names("ownApproval from predecessor target key")),
            "approved": Case(_names("request approver assurance"), _names("key")),
            "promoted": Case(_names("request policy"), _names("approvals")),
            "rolled-back": Case(_names("request policy"), _names("approvals")),
            "revoked": Case(_names("promotion reason")),
        },
    ),
    "hold": Cases(
        "event", {"placed": Case(frozenset(), _names("index stream")), "lifted": Case(frozenset())}
    ),
}
# Exactly one of the two has to be there, where either may be.
_ONE_OF: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("hold", "placed"): ("index", "stream"),
    ("key", "added"): ("vkey", "key"),
    ("key", "retired"): ("vkey", "key"),
    ("key", "revoked"): ("vkey", "key"),
}


def check_rules(kind: str, value: Mapping[str, Json]) -> None:
    """Checks the fields of a kind against each other; each on its own is as it should be. Raises FormatError."""
    cases = CASES.get(kind)
    if cases is not None:
        case = str(value[cases.field])
        _check_case(f"{kind} {case}", cases, cases.cases[case], value)
        pair = _ONE_OF.get((kind, case))
        if pair is not None and (pair[0] in value) == (pair[1] in value):
            raise FormatError(f"the entry ({kind} {case}) has to have either {pair[0]} or {pair[1]}")
    if kind == "log":
        _check_lost(value)
    elif kind == "coverage":
        _check_minutes(value)


def _check_case(told: str, cases: Cases, case: Case, value: Mapping[str, Json]) -> None:
    named = frozenset().union(*[one.needs | one.may for one in cases.cases.values()])
    lacking = sorted(case.needs - value.keys())
    if lacking:
        raise FormatError(f"the entry ({told}) lacks {', '.join(lacking)}")
    foreign = sorted((named - case.needs - case.may) & value.keys())
    if foreign:
        raise FormatError(f"the entry ({told}) may not have {', '.join(foreign)}")


def _check_lost(value: Mapping[str, Json]) -> None:
    lost = value.get("lost")
    if lost is None:
        return
    if "predecessor" not in value:
        raise FormatError("the entry (log opened) tells what was lost, and of no predecessor")
    assert isinstance(lost, dict) and isinstance(lost["from"], int) and isinstance(lost["to"], int)
    if lost["from"] > lost["to"]:
        raise FormatError("the entry (log opened) has a lost range that ends before it begins")


def _check_minutes(value: Mapping[str, Json]) -> None:
    start, stop = parse_time(str(value["from"])), parse_time(str(value["to"]))
    if start % MINUTE_MS or stop % MINUTE_MS:
        raise FormatError("the entry (coverage) is not of whole minutes")
    if not start < stop <= start + MAX_COVERAGE_MS:
        raise FormatError(f"the entry (coverage) is not of 1 to {MAX_COVERAGE_MS // MINUTE_MS} minutes")
