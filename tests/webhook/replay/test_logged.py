"""What a replay reads of an entry, and entries that no log holds."""

import json
from pathlib import Path

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import FormatError
from lockgate.webhook.replay.logged import is_decision, parse_logged

from tests.audit.trails import make_trail

ENTRY = {
    "commitments": {"body": "x"},
    "kind": "decision",
    "operation": "CREATE",
    "outcome": "deny",
    "streams": [{"k": "policies/1", "n": 1}],
    "time": "2026-07-01T09:30:00.123Z",
}


def test_it_reads_what_the_whole_parser_reads(tmp_path: Path) -> None:
    trail = make_trail(f"sqlite:///{tmp_path}/trail.db")
    try:
        trail.fill(8)
        entries = list(trail.store.entries(0, trail.store.head().size))
    finally:
        trail.close()
    read = 0
    for index, entry in enumerate(entries):
        parsed = parse_entry(entry)
        assert is_decision(entry) == (parsed.kind == "decision")
        if is_decision(entry):
            read += 1
            found = parse_logged(index, entry)
            assert (found.time_ms, found.outcome) == (parsed.time_ms, parsed.value["outcome"])
            assert found.operation == parsed.value["operation"]
            assert found.body == parsed.commitments["body"]
            assert found.streams == {link.name for link in parsed.links}
    assert read == 8


WRONG = {
    "no JSON": b"{",
    "no object": b"[]",
    "too deep": b"[" * 100_000,
    **{
        f"without {name}": json.dumps({key: one for key, one in ENTRY.items() if key != name}).encode()
        for name in ("commitments", "operation", "outcome", "streams", "time")
    },
    "a number for a text": json.dumps({**ENTRY, "outcome": 1}).encode(),
    "streams of another kind": json.dumps({**ENTRY, "streams": ["policies/1"]}).encode(),
    "no time": json.dumps({**ENTRY, "time": "yesterday"}).encode(),
}


@pytest.mark.parametrize("case", WRONG)
def test_entries_that_no_log_holds(case: str) -> None:
    with pytest.raises(FormatError):
        parse_logged(3, WRONG[case])


def test_the_time_is_read_to_the_millisecond() -> None:
    found = parse_logged(3, json.dumps(ENTRY).encode())
    assert (found.index, found.time_ms % 1000) == (3, 123)
