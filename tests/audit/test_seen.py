"""Claimed and seen: which records were seen, as entries tell it, and what verifiers say of such entries."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.entry import MAX_ENTRY, parse_entry
from lockgate.audit.entry_text import finish
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.reader import TrailReader
from lockgate.audit.seen import SEEN, SEEN_WITHIN_MS, SeenRecords, is_claim, names_record, seen_drafts
from lockgate.audit.standing import Standing
from lockgate.audit.streams import StreamLink

from tests.adversaries.running import NOW_MS
from tests.audit.test_export import stand_alone, verified
from tests.audit.trails import START_MS, Trail, open_trail
from tests.faults.checking import trust_of


@given(st.sets(st.integers(0, 2_000) | st.integers(10**15, 10**15 + 500), max_size=600))
def test_the_entries_name_these_records_and_no_others(records: set[int]) -> None:
    named: set[int] = set()
    for draft in seen_drafts("a", records):
        made = finish(draft, START_MS, [StreamLink(SEEN, 10**15, b"p" * 32)], 0)
        assert len(made) <= MAX_ENTRY
        ranges = parse_entry(made).value["records"]
        assert isinstance(ranges, list)
        for start, stop in zip(ranges[::2], ranges[1::2], strict=True):
            assert isinstance(start, int) and isinstance(stop, int)
            assert named.isdisjoint(range(start, stop))
            named |= set(range(start, stop))
            assert names_record(ranges, start) and names_record(ranges, stop - 1)
            assert names_record(ranges, stop) == (stop in ranges[::2])
    assert named == records


@pytest.mark.parametrize(
    ("more", "claims"),
    [
        ({"caller": "token"}, True),
        ({"caller": "mtls", "outcome": "warn"}, True),
        ({"caller": "mtls", "outcome": "deny"}, False),
        ({"caller": "mtls", "outcome": "error"}, False),
        # It was let through all the same.
        ({"caller": "mtls", "outcome": "deny", "mode": "observe"}, True),
        ({}, False),
        ({"caller": "mtls", "kind": "policy"}, False),
    ],
)
def test_what_claims_something(more: dict[str, Json], claims: bool) -> None:
    assert is_claim({"kind": "decision", "outcome": "allow", **more}) is claims


def tell(trail: Trail, *records: int) -> int:
    """Appends an entry of what was seen; returns its index."""
    (draft,) = seen_drafts("replica", records)
    return trail.appender.append(draft).index


def seen(reader: TrailReader, trail: Trail, *indices: int) -> list[int | None]:
    standing = Standing(reader, trust_of(trail.signer.verifier_key), (), NOW_MS)
    entries = [parse_entry(standing.prove(index).entry) for index in indices]
    records = SeenRecords(reader, standing, min(indices))
    return [records.seen_at(index, entry) for index, entry in zip(indices, entries, strict=True)]


def test_where_a_record_was_seen(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(8)
        first = tell(trail, 1, 2, 5)
        trail.fill(3)
        second = tell(trail, 3, 10)
        # Told again: the first counts.
        tell(trail, 3)
        trail.appender.close()
        expected = [first, first, second, None, first, second, second]
        asked = (1, 2, 3, 4, 5, 3, 10)
        assert seen(trail.store, trail, *asked) == expected
        export_trail(trail.store, tmp_path / "export", trail.vkey, ExportRequest())
        assert seen(ExportFolder(tmp_path / "export"), trail, *asked) == expected


def test_what_comes_too_late_does_not_count(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(2)
        trail.clock.now_ms += SEEN_WITHIN_MS + 1_000
        tell(trail, 1)
        trail.appender.close()
        assert seen(trail.store, trail, 1, 2) == [None, None]


def test_the_store_finds_the_entries_behind_any_place(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        places = []
        for number in range(1, 40):
            trail.fill(number % 3)
            places.append(tell(trail, 0))
        for after in range(trail.store.head().size + 1):
            found = list(trail.store.seen_entries(after))
            assert found == [place for place in places if place > after]


def test_a_log_without_any(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(3)
        assert list(trail.store.seen_entries(0)) == []


def checked(folder: Path, drafts: Sequence[Draft]) -> tuple[list[str], str]:
    """What both verifiers say of a log with these entries from entry 5 on."""
    with open_trail(folder) as trail:
        trail.fill(4)
        for draft in drafts:
            trail.appender.append(draft)
        trail.appender.close()
        export_trail(trail.store, folder / "export", trail.vkey, ExportRequest())
    report = verified(folder / "export", trail.vkey)
    done = stand_alone(folder / "export", "--log-key", trail.vkey)
    assert (report.exit_code, done.returncode) in ((0, 0), (3, 3))
    return [f"{one.where}: {one.message}" for one in report.findings], done.stderr


def test_verifiers_know_them(tmp_path: Path) -> None:
    assert checked(tmp_path, [*seen_drafts("a", [1, 3, 4]), *seen_drafts("a", [1])]) == ([], "")


def test_what_comes_behind_cannot_have_been_seen(tmp_path: Path) -> None:
    findings, said = checked(tmp_path, [*seen_drafts("a", [1, 5])])
    assert findings == ["entry 5: it tells of records that come behind it"]
    assert "entry 5: tells of records that come behind it" in said
