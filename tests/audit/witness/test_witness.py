"""The witness itself: its table, what it remembers, its clock, and many requests at once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.cosignature import verify_cosignatures
from lockgate.audit.note import Note, VerifierKey, parse_note, render_verifier_key
from lockgate.audit.witness.state import MAX_EVIDENCE, StateError, WitnessState
from lockgate.audit.witness.wire import parse_add_checkpoint, parse_signature_lines, parse_size_answer
from lockgate.audit.witness.witness import Answer

from tests.audit.growing_log import GrowingLog, witness_signer
from tests.audit.witness.running import NOW, Witnesses
from tests.audit.witness.steps import request, steps

SIGNER = witness_signer("witness.example/w1")
LOG = GrowingLog().grow(9)


def cosigned(body: bytes, answer: Answer, key: VerifierKey) -> int:
    """The time of the cosignature in an answer, verified over the note of the request."""
    note = parse_note(parse_add_checkpoint(body).note)
    made = verify_cosignatures(Note(note.text, parse_signature_lines(answer.body)), [key])
    assert len(made) == 1
    return made[0].time


def test_its_table(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog()
    witness = witnesses(tmp_path, {log.origin: log.keys}, SIGNER)
    for step in steps(log):
        answer = witness.add_checkpoint(step.body)
        assert answer.status == step.status, (step.name, answer)
        if step.status == 200:
            assert cosigned(step.body, answer, SIGNER.verifier_key) == NOW
        if step.status == 409:
            assert answer.kind == "text/x.tlog.size"
            assert parse_size_answer(answer.body) == step.size, step.name
        assert step.status == 200 or b"\xe2\x80\x94" not in answer.body


def test_it_remembers_over_a_restart(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog().grow(50)
    logs = {log.origin: log.keys}
    assert witnesses(tmp_path, logs, SIGNER).add_checkpoint(request(log, 0, 40)).status == 200
    again = witnesses(tmp_path, logs, SIGNER)
    assert again.add_checkpoint(request(log, 0, 50)).status == 409
    assert again.add_checkpoint(request(log.fork(39).grow(11, "x"), 40, 50)).status == 422
    assert again.add_checkpoint(request(log, 40, 50)).status == 200


def test_a_second_key_of_the_log_is_as_good(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog().grow(20)
    rotated = GrowingLog(log.origin, seed=5, leaves=log.leaves)
    witness = witnesses(tmp_path, {log.origin: (*log.keys, *rotated.keys)}, SIGNER)
    assert witness.add_checkpoint(request(log, 0, 10)).status == 200
    assert witness.add_checkpoint(request(rotated, 10, 20)).status == 200


def test_a_witness_key_is_no_key_of_a_log(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog().grow(5)
    witness = witnesses(tmp_path, {log.origin: [SIGNER.verifier_key]}, SIGNER)
    assert witness.add_checkpoint(request(log, 0, 5)).status == 403


def test_an_empty_log_is_cosigned_and_then_grows(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog().grow(3)
    witness = witnesses(tmp_path, {log.origin: log.keys}, SIGNER)
    assert [witness.add_checkpoint(request(log, 0, size)).status for size in (0, 0, 3)] == [200, 200, 200]


def test_two_trees_of_one_size_are_kept_as_evidence(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog().grow(9)
    witness = witnesses(tmp_path, {log.origin: log.keys}, SIGNER)
    witness.add_checkpoint(request(log, 0, 9))
    for place in range(MAX_EVIDENCE + 5):
        assert witness.add_checkpoint(request(log.fork(8).grow(1, f"{place} "), 9, 9)).status == 409
    state = WitnessState(tmp_path / "witness.db", render_verifier_key(SIGNER.verifier_key))
    kept = state.evidence(log.origin)
    state.close()
    assert len(kept) == MAX_EVIDENCE
    assert {one.checkpoint.size for one in kept} == {9}
    assert len({one.checkpoint.root for one in kept}) == MAX_EVIDENCE
    assert log.note(9) in [one.note for one in kept]


def test_a_clock_that_goes_back_signs_no_earlier_time(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog().grow(50)
    times = iter([NOW, NOW - 200, NOW - 10_000, NOW + 1])
    witness = witnesses(tmp_path, {log.origin: log.keys}, SIGNER, lambda: next(times))
    bodies = [request(log, old, old + 10) for old in (0, 10, 20, 20)]
    answers = [witness.add_checkpoint(body) for body in bodies]
    assert [one.status for one in answers] == [200, 200, 503, 200]
    made = [
        cosigned(body, one, SIGNER.verifier_key)
        for body, one in zip(bodies, answers, strict=True)
        if one.status == 200
    ]
    assert made == [NOW, NOW, NOW + 1]


def test_many_requests_at_once_make_one_history(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog().grow(64)
    other = log.fork(20).grow(44, "other ")
    logs = {log.origin: log.keys}
    witnesses(tmp_path, logs, SIGNER)
    # Two witnesses over one file, as two processes would be.
    both = [witnesses(tmp_path, logs, SIGNER) for _ in range(2)]
    bodies = [
        request(one, old, new)
        for one in (log, other)
        for old, new in [(0, 10), (0, 30), (10, 30), (10, 31), (30, 40), (30, 64), (31, 64), (40, 64)]
    ] * 3
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: both[one[0] % 2].add_checkpoint(one[1]), enumerate(bodies)))
    sizes: dict[int, bytes] = {}
    for body, answer in zip(bodies, answers, strict=True):
        if answer.status == 200:
            checkpoint = parse_note(parse_add_checkpoint(body).note).text
            size = int(checkpoint.split("\n")[1])
            assert sizes.setdefault(size, checkpoint.encode()) == checkpoint.encode()
    assert sizes
    assert all(text.decode() == log.text(size) for size, text in sizes.items()) or all(
        text.decode() == other.text(size) for size, text in sizes.items()
    )


VKEY = render_verifier_key(SIGNER.verifier_key)


def test_a_memory_that_is_gone_is_not_begun_again(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="without its memory"):
        WitnessState(tmp_path / "witness.db", VKEY)
    assert list(tmp_path.iterdir()) == []


def test_a_memory_is_made_once_for_one_key_and_read_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "witness.db"
    WitnessState.create(path, VKEY).close()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StateError, match="cannot be made"):
        WitnessState.create(path, VKEY)
    with pytest.raises(StateError, match="another witness key"):
        WitnessState(path, render_verifier_key(witness_signer("witness.example/w2").verifier_key))


@pytest.mark.parametrize(
    "change",
    [
        "update log set size = size - 1",
        "update log set root = zeroblob(32)",
        "delete from log",
        "update log set origin = 'other'",
    ],
)
def test_the_file_itself_refuses_to_go_back(tmp_path: Path, witnesses: Witnesses, change: str) -> None:
    log = GrowingLog().grow(9)
    witnesses(tmp_path, {log.origin: log.keys}, SIGNER).add_checkpoint(request(log, 0, 9))
    connection = sqlite3.connect(tmp_path / "witness.db")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(change)
    connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "update log set size = size + 1",
        "update log set size = size + 1, root = zeroblob(32)",
        "update log set note = cast('no note' as blob)",
        "drop table log",
    ],
)
def test_a_damaged_memory_signs_nothing(tmp_path: Path, witnesses: Witnesses, change: str) -> None:
    log = GrowingLog().grow(20)
    witness = witnesses(tmp_path, {log.origin: log.keys}, SIGNER)
    witness.add_checkpoint(request(log, 0, 9))
    connection = sqlite3.connect(tmp_path / "witness.db")
    connection.execute(change)
    connection.commit()
    connection.close()
    assert witness.add_checkpoint(request(log, 9, 20)).status == 503
    assert witness.add_checkpoint(request(log, 10, 20)).status == 503


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "witness.db"
    path.write_bytes(b"not a database, certainly" * 50)
    with pytest.raises(StateError, match="cannot be"):
        WitnessState(path, VKEY)


def test_another_history_in_between_is_seen(tmp_path: Path, witnesses: Witnesses) -> None:
    """What another process had cosigned after we looked, and before we wrote, decides."""
    log = GrowingLog().grow(40)
    other = log.fork(10).grow(30, "other ")
    logs = {log.origin: log.keys}
    second = witnesses(tmp_path, logs, SIGNER)
    second.add_checkpoint(request(log, 0, 10))

    asked = iter([request(other, 10, 20)])

    def clock() -> int:
        for body in asked:
            assert second.add_checkpoint(body).status == 200
        return NOW

    answer = witnesses(tmp_path, logs, SIGNER, clock).add_checkpoint(request(log, 10, 30))
    assert (answer.status, answer.body) == (409, b"20\n")
    assert second.add_checkpoint(request(log, 20, 30)).status == 422


@given(st.binary(max_size=400), st.sampled_from(["alone", "before", "behind", "within"]), st.data())
def test_any_bytes_get_an_answer_that_signs_nothing(made: bytes, how: str, data: st.DataObject) -> None:
    """Noise, alone or mixed into a good request; a changed request is never cosigned, unless it says the same."""
    good = request(LOG, 0, 9)
    place = data.draw(st.integers(0, len(good)))
    body = {
        "alone": made,
        "before": made + good,
        "behind": good + made,
        "within": good[:place] + made + good[place + len(made) :],
    }[how]
    with TemporaryDirectory() as folder, closing(Witnesses()) as witnesses:
        answer = witnesses(Path(folder), {LOG.origin: LOG.keys}, SIGNER).add_checkpoint(body)
    assert answer.status in (400, 403, 404, 409, 422) or (
        answer.status == 200 and parse_note(parse_add_checkpoint(body).note).text == LOG.text(9)
    )
