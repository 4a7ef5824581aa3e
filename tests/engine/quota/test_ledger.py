"""The ledger: what is held, when it is counted as used, and when alone it is let go."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.database.connections import write_transaction
from lockgate.engine.quota.amounts import MAX_AMOUNT, Charge, Limit, QuotaKey
from lockgate.engine.quota.errors import (
    AmountError,
    BusyError,
    NotReadyError,
    QuotaError,
    RepeatedRequestError,
)
from lockgate.engine.quota.outcome import Refused, Reserved, Shortage, TooManyOpen
from lockgate.engine.quota.reservation import UNKNOWN_VERSION, Asked, ObjectKey, ReservationKey
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.engine.quota.store.reading import read_holders, read_reservations
from lockgate.engine.quota.store.schema import open_ledger
from lockgate.engine.quota.windows import TimedCharge
from lockgate.engine.record import changed
from sqlalchemy import text

from tests.engine.quota.ledgers import (
    CLAIMS,
    CLUSTER,
    GPUS,
    SECOND,
    START,
    amounts,
    asked,
    listing,
    make_ledger,
    object_key,
    reference,
    seen,
    updated,
    usages,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = make_ledger(tmp_path)
    yield made
    assert made.repair() == ()
    made.engine.dispose()


def rows(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the ledger has stored."""
    tables = ("counter", "holding", "reservation", "charge", "requester", "ledger")
    with ledger.engine.connect() as connection:
        return {
            table: sorted([tuple(row) for row in connection.execute(text(f"SELECT * FROM quota_{table}"))])
            for table in tables
        }


def test_reserved_then_confirmed_then_released(ledger: Ledger) -> None:
    assert ledger.reserve(asked("a", 8), START) == Reserved()
    assert (amounts(ledger), amounts(ledger, CLAIMS)) == ((0, 8, 0), (0, 1, 0))
    ledger.confirm([seen("a", 8, 5)], START)
    assert (amounts(ledger), amounts(ledger, CLAIMS)) == ((8, 0, 0), (1, 0, 0))
    ledger.end(object_key("a"), reference("a"), 9, START)
    assert (amounts(ledger), amounts(ledger, CLAIMS)) == ((0, 0, 0), (0, 0, 0))


def test_the_limit_is_met_and_not_passed(ledger: Ledger) -> None:
    assert ledger.reserve(asked("a", 30), START) == Reserved()
    ledger.confirm([seen("a", 30, 5)], START)
    assert ledger.reserve(asked("b", 6), START) == Reserved()
    before = rows(ledger)
    assert ledger.reserve(asked("c", 5), START) == Refused((Shortage(GPUS, 40, 30, 6, 0, 5),))
    assert rows(ledger) == before
    assert ledger.reserve(asked("d", 4), START) == Reserved()
    assert amounts(ledger) == (30, 10, 0)


def test_several_quotas_are_reserved_all_or_none_and_every_one_that_refuses_is_named(ledger: Ledger) -> None:
    cluster_wide = QuotaKey(CLUSTER, "everything", "devices/gpu.nvidia.com")
    limits = (Limit(GPUS, 40), Limit(CLAIMS, 1), Limit(cluster_wide, 3))
    charges = (Charge(cluster_wide, 4), Charge(GPUS, 4), Charge(CLAIMS, 2))
    before = rows(ledger)
    found = ledger.reserve(asked("a", 0, charges=charges, limits=limits), START)
    assert found == Refused((Shortage(cluster_wide, 3, 0, 0, 0, 4), Shortage(CLAIMS, 1, 0, 0, 0, 2)))
    assert rows(ledger) == before


def test_the_same_request_again_holds_nothing_more(ledger: Ledger) -> None:
    for _ in range(3):
        assert ledger.reserve(asked("a", 30), START) == Reserved()
    assert amounts(ledger) == (0, 30, 0)
    # Seen meanwhile, or deleted again: it was admitted, and still is.
    ledger.confirm([seen("a", 30, 5)], START)
    assert ledger.reserve(asked("a", 30), START) == Reserved()
    assert amounts(ledger) == (30, 0, 0)


def test_the_same_request_that_asks_for_something_else_is_refused(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 3), START)
    with pytest.raises(RepeatedRequestError, match="request create-a came before"):
        ledger.reserve(asked("a", 4), START)
    assert amounts(ledger) == (0, 3, 0)


def test_another_request_about_the_same_object_holds_the_larger_of_both(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 30), START)
    assert ledger.reserve(asked("a", 30, request="again"), START) == Reserved()
    assert ledger.reserve(asked("a", 35, request="more"), START) == Reserved()
    assert amounts(ledger) == (0, 35, 0)
    assert ledger.reserve(asked("a", 41, request="too-much"), START) == Refused(
        (Shortage(GPUS, 40, 0, 35, 0, 6),)
    )


def test_an_update_reserves_its_delta_alone(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 30), START)
    ledger.confirm([seen("a", 30, 5)], START)
    assert ledger.reserve(updated("a", 40, 5, "up"), START) == Reserved()
    assert amounts(ledger) == (30, 10, 0)
    ledger.confirm([seen("a", 40, 6)], START)
    assert amounts(ledger) == (40, 0, 0)


def test_what_an_update_gives_back_is_free_when_it_is_seen(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 30, 5)], START)
    assert ledger.reserve(updated("a", 10, 5, "down"), START) == Reserved()
    assert amounts(ledger) == (30, 0, 0)
    ledger.confirm([seen("a", 10, 6)], START)
    assert amounts(ledger) == (10, 0, 0)


def test_concurrent_updates_of_one_object_hold_the_largest_until_one_of_them_is_seen(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 10, 5)], START)
    for devices, request in ((20, "r1"), (15, "r2"), (4, "r3")):
        assert ledger.reserve(updated("a", devices, 5, request), START) == Reserved()
    assert amounts(ledger) == (10, 10, 0)
    # The first was late, and a watch that is late tells of the old version once more.
    ledger.confirm([seen("a", 10, 5)], START)
    assert amounts(ledger) == (10, 10, 0)
    # One was stored on version 5: the others were not, and are asked again.
    ledger.confirm([seen("a", 4, 6)], START)
    assert amounts(ledger) == (4, 0, 0)


def test_an_update_on_a_version_that_was_not_seen_yet_is_held_though_an_older_one_had_as_much(
    ledger: Ledger,
) -> None:
    ledger.confirm([seen("a", 8, 5)], START)
    # Stored as 2 in version 6, which no watch has told of; then 8 again on it.
    ledger.reserve(updated("a", 2, 5, "down"), START)
    ledger.reserve(updated("a", 8, 6, "up"), START)
    ledger.confirm([seen("a", 2, 6)], START)
    assert amounts(ledger) == (2, 6, 0)
    ledger.confirm([seen("a", 8, 7)], START)
    assert amounts(ledger) == (8, 0, 0)


def test_an_update_that_asks_for_no_more_than_the_version_it_is_made_on_writes_nothing(
    ledger: Ledger,
) -> None:
    ledger.confirm([seen("a", 8, 5)], START)
    before = rows(ledger)
    assert ledger.reserve(updated("a", 8, 5, "labels"), START) == Reserved()
    assert rows(ledger) == before


def test_a_late_watch_does_not_take_an_object_back_to_an_older_version(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 8, 6)], START)
    ledger.confirm([seen("a", 2, 5)], START)
    assert amounts(ledger) == (8, 0, 0)
    ledger.end(object_key("a"), reference("a"), 7, START)
    ledger.confirm([seen("a", 8, 6), seen("a", 8, 8)], START)
    assert amounts(ledger) == (0, 0, 0)


def test_an_object_moved_to_another_scope_is_charged_in_both_until_it_is_seen(ledger: Ledger) -> None:
    other = QuotaKey(CLUSTER, "gpus/team-b", "devices/gpu.nvidia.com")
    ledger.confirm([seen("a", 8, 5)], START)
    moved = updated("a", 0, 5, "move", charges=(Charge(other, 8),), limits=(Limit(other, 8),))
    assert ledger.reserve(moved, START) == Reserved()
    assert (amounts(ledger), amounts(ledger, other)) == ((8, 0, 0), (0, 8, 0))
    ledger.confirm([seen("a", 0, 6, charges=(Charge(other, 8),))], START)
    assert (amounts(ledger), amounts(ledger, other)) == ((0, 0, 0), (8, 0, 0))


@pytest.mark.parametrize("operation", ["DELETE", "CONNECT"])
def test_a_review_of_a_deletion_releases_nothing(ledger: Ledger, operation: str) -> None:
    ledger.confirm([seen("a", 8, 5)], START)
    before = rows(ledger)
    assert ledger.reserve(asked("a", 8, request="bye", operation=operation), START) == Reserved()
    assert rows(ledger) == before


def test_a_dry_run_is_answered_and_writes_nothing(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 38), START)
    before = rows(ledger)
    assert ledger.reserve(asked("b", 2, dry_run=True), START) == Reserved()
    assert ledger.reserve(asked("b", 3, dry_run=True), START) == Refused((Shortage(GPUS, 40, 0, 38, 0, 3),))
    soft = ledger.reserve(asked("b", 2, dry_run=True, limits=(Limit(GPUS, 40, 39),)), START)
    assert soft == Reserved((Shortage(GPUS, 39, 0, 38, 0, 2),))
    assert rows(ledger) == before


def test_a_soft_limit_is_told_of(ledger: Ledger) -> None:
    limits = (Limit(GPUS, 40, 10),)
    assert ledger.reserve(asked("a", 10, limits=limits), START) == Reserved()
    assert ledger.reserve(asked("b", 1, limits=limits), START) == Reserved((Shortage(GPUS, 10, 0, 10, 0, 1),))


def test_a_lowered_limit_keeps_what_is_held_and_refuses_more(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 20), START)
    ledger.confirm([seen("a", 20, 5)], START)
    assert ledger.reserve(asked("b", 1, hard=10), START) == Refused((Shortage(GPUS, 10, 20, 0, 0, 1),))
    # What asks for no more than it has passes, so that it can be mended.
    assert ledger.reserve(updated("a", 20, 5, "same", limits=(Limit(GPUS, 10),)), START) == Reserved()
    assert ledger.reserve(updated("a", 15, 5, "down", limits=(Limit(GPUS, 10),)), START) == Reserved()
    assert amounts(ledger) == (20, 0, 0)


def test_what_has_no_limit_is_counted_and_a_limit_of_nothing_refuses(ledger: Ledger) -> None:
    assert ledger.reserve(asked("a", MAX_AMOUNT, limits=()), START) == Reserved()
    assert amounts(ledger) == (0, MAX_AMOUNT, 0)
    assert isinstance(ledger.reserve(asked("b", 1, hard=0), START), Refused)


def test_odd_amounts_reach_no_table(ledger: Ledger) -> None:
    before = rows(ledger)
    for amount in (-1, MAX_AMOUNT + 1, 2**63, 2**200):
        with pytest.raises(AmountError):
            ledger.reserve(asked("a", amount), START)
    assert rows(ledger) == before


def test_a_live_object_of_a_huge_amount_is_counted_as_the_most_there_is(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 2**63 - 1, 5)], START)
    assert amounts(ledger) == (MAX_AMOUNT, 0, 0)
    assert isinstance(ledger.reserve(asked("b", 1), START), Refused)


def test_counters_that_would_leave_their_range_fail_and_stay(ledger: Ledger) -> None:
    huge = [seen(f"u{number}", MAX_AMOUNT, 5) for number in range(2**14)]
    with write_transaction(ledger.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO quota_counter (cluster, scope, dimension, start_s, used, reserved, spent) "
                "VALUES (:cluster, :scope, :dimension, 0, :used, 0, 0)"
            ),
            {"cluster": GPUS.cluster, "scope": GPUS.scope, "dimension": GPUS.dimension, "used": 2**62 - 1},
        )
    with pytest.raises(QuotaError, match="cannot be counted any more"):
        ledger.confirm(huge[:1], START)
    assert isinstance(ledger.reserve(asked("b", 2, limits=()), START), Refused)
    assert amounts(ledger) == (2**62 - 1, 0, 0)
    assert [one.has for one in ledger.repair()] == [(0, 0, 0)]


def test_open_reservations_of_a_requester_are_bounded(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, most_open=3)
    for uid in "abc":
        assert ledger.reserve(asked(uid, 1), START) == Reserved()
    assert ledger.reserve(asked("d", 1), START) == TooManyOpen("ann", 3)
    assert amounts(ledger) == (0, 3, 0)
    assert ledger.reserve(asked("d", 1, requester="bob"), START) == Reserved()
    ledger.confirm([seen("a", 1, 5)], START)
    ledger.cancel(asked("b", 1).key, START)
    for uid in "ef":
        assert ledger.reserve(asked(uid, 1), START) == Reserved()
    assert ledger.reserve(asked("g", 1), START) == TooManyOpen("ann", 3)
    ledger.end(object_key("e"), reference("e"), 9, START)
    assert ledger.reserve(asked("g", 1), START) == Reserved()


def test_what_could_not_be_recorded_is_given_up_and_may_be_asked_again(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 40), START)
    ledger.cancel(asked("a", 40).key, START)
    assert amounts(ledger) == (0, 0, 0)
    assert ledger.reserve(asked("b", 40), START) == Reserved()
    assert isinstance(ledger.reserve(asked("a", 40), START), Refused)
    ledger.cancel(asked("b", 40).key, START)
    assert ledger.reserve(asked("a", 40), START) == Reserved()
    # Nobody knows of it: nothing to be done.
    ledger.cancel(ReservationKey(object_key("z"), "r"), START)
    assert amounts(ledger) == (0, 40, 0)


def test_a_read_that_finds_nothing_releases_what_it_was_for_alone(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 5), START)
    ledger.reserve(asked("a", 7, request="later"), START)
    ledger.settle(object_key("a"), {"create-a"}, None, START)
    assert amounts(ledger) == (0, 7, 0)
    ledger.settle(object_key("a"), {"later"}, None, START)
    assert amounts(ledger) == (0, 0, 0)
    with ledger.engine.connect() as connection:
        states = [one.state for one in read_reservations(connection, object_key("a"))]
    assert states == ["released", "released"]


def test_what_was_released_and_is_there_after_all_is_counted(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 5), START)
    ledger.settle(object_key("a"), {"create-a"}, None, START)
    ledger.confirm([seen("a", 5, 9)], START)
    assert amounts(ledger) == (5, 0, 0)


def test_a_read_that_finds_the_object_confirms_it(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 5), START)
    ledger.settle(object_key("a"), {"create-a"}, seen("a", 5, 9), START)
    assert amounts(ledger) == (5, 0, 0)
    with ledger.engine.connect() as connection:
        assert [one.state for one in read_reservations(connection, object_key("a"))] == ["confirmed"]


def test_a_read_that_finds_the_version_an_update_was_made_on_releases_the_update(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 5, 9)], START)
    ledger.reserve(updated("a", 8, 9, "up"), START)
    ledger.reserve(updated("a", 6, 9, "later"), START)
    ledger.settle(object_key("a"), {"up"}, seen("a", 5, 9), START)
    assert amounts(ledger) == (5, 1, 0)


def test_a_read_that_finds_nothing_of_what_was_seen_ends_it(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 5, 9)], START)
    ledger.reserve(updated("a", 8, 9, "up"), START)
    ledger.settle(object_key("a"), {"up"}, None, START)
    assert amounts(ledger) == (0, 0, 0)


def test_a_request_about_what_is_gone_is_ended_by_a_read_as_any_other(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 5, 9)], START)
    ledger.end(object_key("a"), reference("a"), 10, START)
    ledger.reserve(updated("a", 8, 9, "late"), START)
    assert amounts(ledger) == (0, 8, 0)
    ledger.settle(object_key("a"), {"late"}, None, START)
    assert (amounts(ledger), ledger.open_reservations()) == ((0, 0, 0), ())


def test_versions_that_cannot_be_read_end_nothing_but_a_creation(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 5), START)
    ledger.confirm([seen("a", 5, UNKNOWN_VERSION)], START)
    assert amounts(ledger) == (5, 0, 0)
    ledger.reserve(updated("a", 8, UNKNOWN_VERSION, "up"), START)
    ledger.confirm([seen("a", 5, UNKNOWN_VERSION)], START)
    assert amounts(ledger) == (5, 3, 0)
    ledger.settle(object_key("a"), {"up"}, seen("a", 8, UNKNOWN_VERSION), START)
    assert amounts(ledger) == (8, 0, 0)


def test_nothing_is_reserved_before_a_rebuild(tmp_path: Path) -> None:
    ledger = Ledger(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}"), CLUSTER)
    for one in (asked("a", 1), asked("a", 1, dry_run=True)):
        with pytest.raises(NotReadyError, match="has not been rebuilt"):
            ledger.reserve(one, START)
    ledger.rebuild([listing(7, seen("x", 40, 5))], START)
    assert isinstance(ledger.reserve(asked("a", 1), START), Refused)


def test_who_starts_waits_for_a_rebuild_and_who_runs_does_not(ledger: Ledger) -> None:
    started = Ledger(ledger.engine, CLUSTER)
    epoch = started.need_rebuild()
    worker = Ledger(ledger.engine, CLUSTER)
    worker.need_epoch(epoch)
    for one in (started, worker):
        with pytest.raises(NotReadyError):
            one.reserve(asked("a", 1), START)
    assert ledger.reserve(asked("a", 1), START) == Reserved()
    # It is not for any cluster's rebuild that they wait.
    Ledger(ledger.engine, "other").rebuild((), START)
    with pytest.raises(NotReadyError):
        started.reserve(asked("b", 1), START)
    started.rebuild((), START)
    assert started.reserve(asked("b", 1), START) == Reserved()
    assert worker.reserve(asked("c", 1), START) == Reserved()


def test_a_list_ends_what_is_gone_and_keeps_what_is_newer_or_open(ledger: Ledger) -> None:
    ledger.confirm([seen("gone", 1, 5), seen("new", 2, 12), seen("grown", 9, 11)], START)
    ledger.reserve(asked("open", 4), START)
    ledger.confirm([seen("pod", 16, 5, reference=changed(reference("pod"), resource="pods"))], START)
    ledger.relist(listing(10, seen("grown", 1, 8), seen("unknown", 8, 7)), START)
    # 2 of the new, 9 of the grown, 8 of the unknown, 16 of the pod.
    assert amounts(ledger) == (35, 4, 0)


def test_a_list_that_is_late_brings_nothing_back(ledger: Ledger) -> None:
    ledger.end(object_key("a"), reference("a"), 9, START)
    ledger.relist(listing(8, seen("a", 5, 5)), START)
    assert amounts(ledger) == (0, 0, 0)


def test_a_rebuild_takes_in_what_objects_are_charged_now(ledger: Ledger) -> None:
    """Other quotas charge the same version of an object otherwise."""
    ledger.confirm([seen("a", 5, 5)], START)
    ledger.rebuild([listing(9, seen("a", 0, 5, charges=(Charge(CLAIMS, 1),)))], START)
    assert (amounts(ledger), amounts(ledger, CLAIMS)) == ((0, 0, 0), (1, 0, 0))


def test_a_counter_that_somebody_changed_is_repaired_and_told(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 5, 5)], START)
    with write_transaction(ledger.engine) as connection:
        connection.execute(text("UPDATE quota_counter SET used = 1, reserved = 2"))
    found = ledger.rebuild([listing(9, seen("a", 5, 5))], START)
    assert [(one.key, one.had, one.has) for one in found] == [
        (GPUS, (1, 2, 0), (5, 0, 0)),
        (CLAIMS, (1, 2, 0), (1, 0, 0)),
    ]


def test_what_cannot_be_told_any_more_stays_held(ledger: Ledger) -> None:
    """A class is gone, by which the devices of a driver were counted: the objects still have them."""
    ledger.confirm([seen("a", 30, 5)], START)
    ledger.confirm([seen("a", 0, 6, charges=(Charge(CLAIMS, 1),), is_known=False)], START)
    assert (amounts(ledger), amounts(ledger, CLAIMS)) == ((30, 0, 0), (1, 0, 0))
    # What is more counts.
    ledger.confirm([seen("a", 35, 7, is_known=False)], START)
    ledger.rebuild([listing(9, seen("a", 0, 7, charges=(), is_known=False))], START)
    assert (amounts(ledger), amounts(ledger, CLAIMS)) == ((35, 0, 0), (1, 0, 0))
    # Once it can be told, it is what it is.
    ledger.rebuild([listing(9, seen("a", 10, 7))], START)
    assert amounts(ledger) == (10, 0, 0)
    ledger.confirm([seen("a", 0, 8, charges=(), is_known=False)], START)
    ledger.end(object_key("a"), reference("a"), 9, START)
    assert (amounts(ledger), amounts(ledger, CLAIMS)) == ((0, 0, 0), (0, 0, 0))


def test_what_was_reserved_is_held_where_the_first_sight_cannot_tell(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 30), START)
    ledger.reserve(updated("a", 40, 5, "later"), START)
    ledger.confirm([seen("a", 0, 5, charges=(), is_known=False)], START)
    assert amounts(ledger) == (30, 10, 0)
    ledger.settle(object_key("a"), ["later"], seen("a", 0, 5, charges=(), is_known=False), START)
    assert amounts(ledger) == (30, 0, 0)


def test_time_that_cannot_be_told_goes_on(ledger: Ledger) -> None:
    hours = changed(GPUS, dimension="gpu-seconds/gpu.nvidia.com")
    timed = (TimedCharge(hours, 2, "month", 600),)
    ledger.confirm([seen("a", 2, 5, timed=timed)], START)
    before = {key: one.used for key, one in usages(ledger).items()}
    ledger.confirm([seen("a", 0, 6, charges=(), is_known=False)], START)
    assert {key: one.used for key, one in usages(ledger).items()} == before
    longer = (TimedCharge(hours, 1, "month", None),)
    ledger.confirm([seen("a", 0, 7, charges=(), timed=longer, is_known=False)], START)
    assert sum(one.used for key, one in usages(ledger).items() if key.window) > 1_200


def test_pruning_forgets_what_is_over_and_no_more(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 5), START)
    ledger.confirm([seen("a", 5, 5), seen("b", 6, 6)], START)
    ledger.end(object_key("a"), reference("a"), 7, START)
    ledger.reserve(asked("c", 1), START)
    before = rows(ledger)
    ledger.prune(START)
    assert rows(ledger) == before | {"requester": rows(ledger)["requester"]}
    ledger.prune(START + 1)
    assert [row[1] for row in rows(ledger)["holding"]] == ["b", "c"]
    assert [row[1] for row in rows(ledger)["reservation"]] == ["c"]
    assert amounts(ledger) == (6, 1, 0)


def test_holders_are_told_the_largest_first(ledger: Ledger) -> None:
    ledger.confirm([seen("a", 3, 5), seen("b", 9, 6)], START)
    ledger.reserve(asked("c", 5), START)
    with ledger.engine.connect() as connection:
        found = read_holders(connection, GPUS, 2)
    assert [(one.uid, one.state, one.amount) for one in found] == [
        ("b", "confirmed", 9),
        ("c", "reserved", 5),
    ]


def test_in_the_callers_transaction_it_counts_when_that_commits(ledger: Ledger) -> None:
    with write_transaction(ledger.engine) as connection:
        assert ledger.reserve_on(connection, asked("a", 30), START) == Reserved()
        assert isinstance(ledger.reserve_on(connection, asked("b", 11), START), Refused)
        assert ledger.reserve_on(connection, asked("c", 10), START) == Reserved()
    assert amounts(ledger) == (0, 40, 0)
    with pytest.raises(ZeroDivisionError), write_transaction(ledger.engine) as connection:
        ledger.reserve_on(connection, asked("d", 0), START)
        raise ZeroDivisionError
    assert amounts(ledger, CLAIMS) == (0, 2, 0)


def test_who_finds_the_ledger_taken_is_refused_after_a_few_attempts(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    impatient = Ledger(open_ledger_of(tmp_path, 1), CLUSTER)
    with write_transaction(ledger.engine), pytest.raises(BusyError, match="in 4 attempts"):
        impatient.reserve(asked("a", 1), START)
    assert impatient.reserve(asked("a", 1), START) == Reserved()


def open_ledger_of(place: Path, busy_ms: int) -> Any:
    from lockgate.engine.database.connections import open_engine

    return open_engine(f"sqlite:///{place / 'ledger.db'}", QuotaError, None, busy_ms)


def test_threads_share_a_limit(ledger: Ledger) -> None:
    found: list[Asked] = []

    def reserve(name: str) -> None:
        for number in range(8):
            one = asked(f"{name}{number}", 1)
            if ledger.reserve(one, START) == Reserved():
                found.append(one)

    threads = [threading.Thread(target=reserve, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert amounts(ledger) == (0, 40, 0)


def test_another_clusters_objects_are_no_business_of_the_ledger(ledger: Ledger) -> None:
    other = changed(seen("a", 1, 5), key=ObjectKey("other", "a"), charges=())
    with pytest.raises(QuotaError, match="was given an object of other"):
        ledger.confirm([other], START)


def test_a_database_that_fails_says_so_without_its_statements(ledger: Ledger) -> None:
    with write_transaction(ledger.engine) as connection:
        connection.execute(text("ALTER TABLE quota_ledger RENAME TO elsewhere"))
    for call in (
        lambda: ledger.reserve(asked("a", 1), START),
        lambda: ledger.reserve(asked("a", 1, dry_run=True), START),
        lambda: ledger.need_rebuild(),
    ):
        with pytest.raises(QuotaError, match=r"ledger failed: no such table: quota_ledger$"):
            call()
    with write_transaction(ledger.engine) as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO quota_ledger"))


def test_a_ledger_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    with write_transaction(ledger.engine) as connection:
        connection.execute(text("UPDATE quota_version SET version_num = '9999'"))
    with pytest.raises(QuotaError, match="newer than this program"):
        open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_a_ledger_and_a_trail_have_room_in_one_database(tmp_path: Path) -> None:
    from tests.audit.trails import make_trail

    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    ledger = Ledger(open_ledger(f"sqlite:///{tmp_path / 'trail.db'}"), CLUSTER)
    ledger.rebuild((), START)
    outcomes = []
    receipt = trail.appender.append(
        trail.decide(1),
        within=lambda connection: outcomes.append(ledger.reserve_on(connection, asked("a", 8), START)),
    )
    assert (receipt.index, outcomes) == (1, [Reserved()])
    assert usages(ledger)[GPUS].reserved == 8
    trail.close()
    assert START % SECOND == 0
