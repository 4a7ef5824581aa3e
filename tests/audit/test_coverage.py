"""Coverage: a line for every minute, whoever judges or does not."""

from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.coverage import Coverage, InForce
from lockgate.audit.draft import Draft
from lockgate.audit.entry import parse_entry
from lockgate.audit.entry_rules import MINUTE_MS
from lockgate.audit.entry_text import finish
from lockgate.audit.streams import StreamLink
from lockgate.audit.times import parse_time

START = 1_790_000_040_000
FIRST = InForce("1" * 64, "c" * 64, "lockgate/test")
SECOND = InForce("2" * 64, "c" * 64, "lockgate/test")


def told(drafts: list[Draft]) -> list[tuple[object, ...]]:
    lines: list[tuple[object, ...]] = []
    for draft in drafts:
        value = parse_entry(finish(draft, START, [StreamLink(draft.streams[0], 1, None)], 0)).value
        counts = [value[name] for name in ("judged", "unmatched", "refused")]
        lines.append((str(value["from"])[14:16], str(value["to"])[14:16], str(value["policies"])[7], *counts))
    return lines


def minute(number: int) -> str:
    return f"{(START // MINUTE_MS + number) % 60:02}"


def test_a_minute_in_which_nothing_was_judged_has_its_entry() -> None:
    coverage = Coverage("a", FIRST, START + 5)
    assert coverage.tick(START + MINUTE_MS - 1) == []
    assert told(coverage.tick(START + MINUTE_MS)) == [(minute(0), minute(1), "1", 0, 0, 0)]
    coverage.count_judged()
    coverage.count_unmatched()
    coverage.count_unmatched()
    coverage.count_refused()
    assert told(coverage.tick(START + 2 * MINUTE_MS + 7)) == [(minute(1), minute(2), "1", 1, 2, 1)]
    assert coverage.tick(START + 2 * MINUTE_MS + 8) == []


def test_other_policies_within_a_minute() -> None:
    coverage = Coverage("a", FIRST, START)
    coverage.count_judged()
    assert told(coverage.change(SECOND, START + 10)) == [(minute(0), minute(1), "1", 1, 0, 0)]
    coverage.count_unmatched()
    assert told(coverage.tick(START + MINUTE_MS)) == [(minute(0), minute(1), "2", 0, 1, 0)]


def test_a_clock_that_goes_back_loses_no_count() -> None:
    coverage = Coverage("a", FIRST, START)
    coverage.count_judged()
    assert coverage.tick(START - 10 * MINUTE_MS) == []
    coverage.count_judged()
    assert told(coverage.tick(START + MINUTE_MS)) == [(minute(0), minute(1), "1", 2, 0, 0)]


def test_other_policies_after_a_minute_that_no_tick_ended() -> None:
    coverage = Coverage("a", FIRST, START)
    coverage.count_judged()
    assert told(coverage.change(SECOND, START + MINUTE_MS + 10)) == [(minute(0), minute(1), "1", 1, 0, 0)]
    coverage.count_judged()
    assert told(coverage.tick(START + 2 * MINUTE_MS)) == [(minute(1), minute(2), "2", 1, 0, 0)]


def test_a_pause_is_not_covered() -> None:
    """A stopped process, a closed lid: only minutes that the next tick ended are claimed, and no count is lost."""
    coverage = Coverage("a", FIRST, START)
    assert len(coverage.tick(START + MINUTE_MS)) == 1
    coverage.count_judged()
    assert coverage.tick(START + 5 * MINUTE_MS + 9) == []
    coverage.count_judged()
    assert told(coverage.tick(START + 6 * MINUTE_MS)) == [(minute(5), minute(6), "1", 2, 0, 0)]


def test_other_policies_after_a_pause() -> None:
    coverage = Coverage("a", FIRST, START)
    coverage.count_judged()
    assert told(coverage.change(SECOND, START + 5 * MINUTE_MS)) == [(minute(5), minute(6), "1", 1, 0, 0)]
    assert told(coverage.tick(START + 6 * MINUTE_MS)) == [(minute(5), minute(6), "2", 0, 0, 0)]


@given(st.lists(st.integers(-200_000, 400_000), max_size=30))
def test_no_minute_is_claimed_that_was_not_ticked(steps: list[int]) -> None:
    """Whatever the clock does: an entry is of one minute, in which there was a tick, and so was one in the next."""
    now = START
    coverage = Coverage("a", FIRST, now)
    ticked = {now // MINUTE_MS}
    counted = seen = 0
    for step in steps:
        now += step
        coverage.count_judged()
        counted += 1
        for draft in coverage.tick(now):
            start = parse_time(str(draft.fields["from"]))
            assert parse_time(str(draft.fields["to"])) == start + MINUTE_MS
            assert start // MINUTE_MS in ticked
            assert now // MINUTE_MS == start // MINUTE_MS + 1
            judged = draft.fields["judged"]
            assert isinstance(judged, int)
            seen += judged
        ticked.add(now // MINUTE_MS)
    for draft in coverage.change(SECOND, now):
        seen += int(str(draft.fields["judged"]))
    assert seen == counted
