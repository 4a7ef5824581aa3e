"""What a start finds out from its anchors: behind, forked, fine, or not to be known; and what is then done."""

import pytest
from lockgate.audit.anchors.guard import WhenUnreachable, check_not_behind
from lockgate.audit.anchors.synchronise import BehindAnchorError, synchronise
from lockgate.audit.errors import TrailError, UnverifiableError
from lockgate.audit.note import encode_base64
from lockgate.audit.witness.errors import RefusedError, UnreachableError

from tests.audit.anchors.peers import PeerAnchor, note_anchor
from tests.audit.growing_log import GrowingLog, witness_signer

ONE = WhenUnreachable.ONE_CONFIRMS


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog().grow(40)


def peer(log: GrowingLog) -> PeerAnchor:
    return PeerAnchor(log, witness_signer("w.example/1"))


@pytest.mark.parametrize("kind", ["note", "witness"])
def test_a_log_that_goes_on_is_confirmed(log: GrowingLog, kind: str) -> None:
    anchor = note_anchor(log) if kind == "note" else peer(log)
    for count in (0, 0, 7, 30):
        log.grow(count)
        found = check_not_behind(log, [anchor], log.keys, WhenUnreachable.REFUSE)
        assert [name for name, _ in found.confirmed] == [anchor.name]
        assert found.confirmed[0][1].checkpoint.size == log.size()
        assert len(found.confirmed[0][1].signatures) == (kind == "witness")


@pytest.mark.parametrize("rule", list(WhenUnreachable))
@pytest.mark.parametrize("kind", ["note", "witness"])
def test_a_log_that_was_rolled_back_is_refused(log: GrowingLog, kind: str, rule: WhenUnreachable) -> None:
    anchor = note_anchor(log) if kind == "note" else peer(log)
    check_not_behind(log, [anchor], log.keys, rule)
    old = log.fork(25)
    with pytest.raises(BehindAnchorError) as caught:
        check_not_behind(old, [anchor], log.keys, rule)
    said = str(caught.value)
    assert f"anchor {anchor.name}" in said and "holds size 40" in said and "size 25" in said
    assert encode_base64(old.root(25)) in said
    assert kind == "witness" or encode_base64(log.root(40)) in said
    assert "lockgate audit restore" in caught.value.hint


@pytest.mark.parametrize("kind", ["note", "witness"])
def test_a_log_that_went_on_from_an_old_backup_is_refused(log: GrowingLog, kind: str) -> None:
    for beyond in (0, 1, 30):
        anchor = note_anchor(log) if kind == "note" else peer(log)
        check_not_behind(log, [anchor], log.keys, ONE)
        other = log.fork(25).grow(15 + beyond, "other ")
        with pytest.raises(BehindAnchorError, match="contradicts its anchor"):
            check_not_behind(other, [anchor], log.keys, ONE)


def test_an_emptied_database_is_refused(log: GrowingLog) -> None:
    anchor = note_anchor(log)
    check_not_behind(log, [anchor], log.keys, ONE)
    with pytest.raises(BehindAnchorError, match="behind"):
        check_not_behind(log.fork(0), [anchor], log.keys, ONE)


def test_without_anchors_there_is_nothing_to_check(log: GrowingLog) -> None:
    for rule in WhenUnreachable:
        assert check_not_behind(log, [], log.keys, rule).confirmed == ()
        assert check_not_behind(GrowingLog(), [], log.keys, rule).confirmed == ()


@pytest.mark.parametrize("failure", [UnreachableError("gone"), RefusedError("unknown")])
def test_who_does_not_answer_is_named_and_the_rule_decides(log: GrowingLog, failure: TrailError) -> None:
    silent, good = peer(log), note_anchor(log)

    def start(*anchors: object, rule: WhenUnreachable) -> list[str]:
        silent.failures = [failure]
        found = check_not_behind(log, anchors, log.keys, rule)  # type: ignore[arg-type]
        return [reason for _, reason in found.unconfirmed]

    assert start(silent, rule=WhenUnreachable.GO_ON) == [str(failure)]
    assert start(silent, good, rule=ONE) == [str(failure)]
    for anchors, rule in [((silent,), ONE), ((good, silent), WhenUnreachable.REFUSE)]:
        with pytest.raises(UnverifiableError, match=f"{silent.name}: {failure}"):
            start(*anchors, rule=rule)


def test_one_that_is_silent_does_not_hide_one_that_knows_better(log: GrowingLog) -> None:
    silent, knowing = peer(log), note_anchor(log)
    check_not_behind(log, [knowing], log.keys, ONE)
    silent.failures = [UnreachableError("gone")]
    with pytest.raises(BehindAnchorError):
        check_not_behind(log.fork(30), [silent, knowing], log.keys, WhenUnreachable.GO_ON)


def test_other_replicas_that_append_meanwhile_are_no_rollback(log: GrowingLog) -> None:
    """An anchor that is ahead of the checkpoint that we read first, but not of the database, is fine."""
    anchor = peer(log)
    synchronise(log, anchor, log.keys)
    log.sign_up_to(30)
    real = log.head
    reads = []

    def head() -> object:
        reads.append(1)
        log.sign_up_to(None)
        return real()

    log.head = head  # type: ignore[method-assign, assignment]
    assert synchronise(log, anchor, log.keys).checkpoint.size == 40
    assert reads == [1]


HISTORIES = [
    GrowingLog().grow(5),
    *[GrowingLog().grow(at).fork(at).grow(5 - at, "other ") for at in range(5)],
]


@pytest.mark.parametrize("kind", ["note", "witness"])
def test_every_history_before_every_anchor(kind: str) -> None:
    """Refused exactly when what the anchor saw is not the beginning of what the database holds."""
    for first, seen in enumerate(HISTORIES):
        for held in range(1, 6):
            for second, ours in enumerate(HISTORIES):
                fork = 5 if first == second else min(at - 1 for at in (first, second) if at)
                for size in range(1, 6):
                    anchor = note_anchor(seen) if kind == "note" else peer(seen)
                    anchor.advance(0, (), seen.note(held))
                    log = ours.fork(size)
                    if held <= size and held <= fork:
                        assert synchronise(log, anchor, log.keys).checkpoint.size == size
                    else:
                        with pytest.raises(BehindAnchorError):
                            synchronise(log, anchor, log.keys)
