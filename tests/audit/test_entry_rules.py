"""What the fields of an entry have to say together: our parser, the maker of drafts and the stand-alone verifier agree."""

import pytest
from lockgate.audit.canonical import canonical_bytes
from lockgate.audit.draft import Draft
from lockgate.audit.entry import parse_entry
from lockgate.audit.entry_rules import CASES, MAX_COVERAGE_MS
from lockgate.audit.entry_text import finish
from lockgate.audit.errors import FormatError
from lockgate.audit.merkle import leaf_hash

from tests.adversaries.running import stand_alone as load
from tests.audit.entry_cases import LATER, OPENINGS, Case
from tests.audit.trails import ORIGIN, START_MS
from tests.shared_folder import ROOT


def data_of(case: Case) -> bytes:
    time = "2026-09-21T15:20:00.123Z"
    return canonical_bytes({"kind": case.kind, "streams": [], "time": time, "v": 1, **case.fields})


def name_of(case: Case) -> str:
    return f"{case.kind}: {case.error or sorted(case.fields)}"


@pytest.mark.parametrize("case", [*OPENINGS, *LATER], ids=name_of)
def test_the_parser_and_the_maker(case: Case) -> None:
    if not case.error:
        assert parse_entry(data_of(case)).value == {**parse_entry(data_of(case)).value, **case.fields}
        finish(Draft(case.kind, case.fields), START_MS, (), 0)
        return
    with pytest.raises(FormatError) as parsed:
        parse_entry(data_of(case))
    assert parsed.value.message == case.error
    with pytest.raises(FormatError) as made:
        finish(Draft(case.kind, case.fields), START_MS, (), 0)
    assert made.value.message == case.error


def stand_alone(index: int, case: Case) -> str:
    """What the stand-alone verifier says of an entry that follows an opening, or is one."""
    standalone = load()
    entries = standalone.Entries(ORIGIN)
    before = OPENINGS[:1] if index else []
    try:
        for place, one in enumerate([*before, case]):
            data = data_of(one)
            entries.add(place, data, leaf_hash(data))
    except standalone.Tampered as found:
        return str(found)
    return ""


@pytest.mark.parametrize(
    ("index", "case"),
    [*((0, one) for one in OPENINGS), *((1, one) for one in LATER)],
    ids=[name_of(one) for one in (*OPENINGS, *LATER)],
)
def test_the_stand_alone_verifier(index: int, case: Case) -> None:
    told = stand_alone(index, case)
    assert told.startswith(f"entry {index}: ") if case.error else not told


def test_the_page_says_so() -> None:
    page = (ROOT / "docs" / "trail.md").read_text()
    assert f"at most {MAX_COVERAGE_MS // 60_000} minutes" in page
    for cases in CASES.values():
        for case in cases.cases:
            assert f"`{case}`" in page
