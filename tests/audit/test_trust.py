"""The three states: who counts as somebody else, what a quorum and a recent word are, and what nobody else vouches for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.cosignature import CosignatureSigner
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.note import make_verifier_key
from lockgate.audit.trust import AnchoredNote, Assurance, Trust, TrustedWitness, TrustState, assess
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.growing_log import GrowingLog, witness_signer

NOW = 1_800_000_000
DAY = 86_400
SIGNERS = {name: witness_signer(f"w.example/{name}", place) for place, name in enumerate("abc", 50)}
WHO = {"a": "Auditors Ltd", "b": "Bank plc", "c": "Platform Team"}


def made_trust(log: GrowingLog, quorum: str = "any", names: str = "abc", who: dict[str, str] = WHO) -> Trust:
    witnesses = [TrustedWitness(name, SIGNERS[name].verifier_key, who[name]) for name in names]
    policy = "quorum none\n"
    if names:
        lines = [f"witness {one.name} {_vkey(one)}\n" for one in witnesses]
        policy = f"{''.join(lines)}group all-of-them {quorum} {' '.join(names)}\nquorum all-of-them\n"
    return Trust(log.origin, log.keys, "Platform Team", tuple(witnesses), parse_witness_policy(policy), DAY)


def _vkey(witness: TrustedWitness) -> str:
    from lockgate.audit.note import render_verifier_key

    return render_verifier_key(witness.key)


def cosign(
    log: GrowingLog, size: int, name: str, time: int = NOW, signer: CosignatureSigner | None = None
) -> None:
    line = (signer or SIGNERS[name]).sign(log.text(size), time)
    log.lines.setdefault(size, []).append(line)


def judged(
    log: GrowingLog,
    trust: Trust,
    anchored: tuple[AnchoredNote, ...] = (),
    now: int = NOW,
    size: int | None = None,
) -> Assurance:
    size = log.size() if size is None else size
    notes = [log.note(one) for one in sorted({*log.lines, log.size()}, reverse=True)]
    return assess(trust, size, log.root, notes, anchored, now)


def shape(made: Assurance) -> list[tuple[int, int, str]]:
    return [(one.start, one.stop, one.state) for one in made.ranges]


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog().grow(100)


def test_the_states_are_spelt_so_and_only_the_last_is_green() -> None:
    assert [(one.value, one.is_green) for one in TrustState] == [
        ("self-attested", False),
        ("anchored by the same administrator", False),
        ("witnessed by another administrator", True),
    ]


def test_a_log_by_itself_is_self_attested(log: GrowingLog) -> None:
    for trust in (made_trust(log, names=""), made_trust(log)):
        made = judged(log, trust)
        assert made.state is TrustState.SELF_ATTESTED
        assert shape(made) == [(0, 100, "self-attested")]
        assert made.statement(5) == "entry 5: self-attested"
    assert "no trusted witness has cosigned" in str(made)


def test_another_administrators_witness_makes_it_green_and_is_named(log: GrowingLog) -> None:
    cosign(log, 100, "a")
    made = judged(log, made_trust(log))
    assert made.state is TrustState.WITNESSED
    assert made.statement(99) == "entry 99: witnessed by another administrator (a of Auditors Ltd)"
    assert shape(made) == [(0, 100, "witnessed by another administrator")]
    with pytest.raises(VerificationError, match="no checkpoint covers entry 100"):
        made.statement(100)


def test_the_tail_that_nobody_else_saw_is_named(log: GrowingLog) -> None:
    cosign(log, 60, "a")
    cosign(log, 80, "c")
    made = judged(log, made_trust(log))
    assert made.state is TrustState.WITNESSED
    assert str(made).splitlines() == [
        "witnessed by another administrator",
        "entries 0 to 59: witnessed by another administrator (a of Auditors Ltd, c of Platform Team)",
        "entries 60 to 79: anchored by the same administrator (c of Platform Team)",
        "entries 80 to 99: self-attested",
    ]


@pytest.mark.parametrize("name", ["Platform Team", "platform team", "  PLATFORM   team "])
def test_the_same_administrator_under_another_spelling_is_the_same(log: GrowingLog, name: str) -> None:
    cosign(log, 100, "a")
    made = judged(log, made_trust(log, names="a", who={"a": name}))
    assert made.state is TrustState.ANCHORED
    assert shape(made) == [(0, 100, "anchored by the same administrator")]


@pytest.mark.parametrize(
    ("quorum", "cosigned", "state", "middle"),
    [
        ("any", {"a": 90}, TrustState.WITNESSED, 90),
        ("any", {"c": 90}, TrustState.ANCHORED, 0),
        ("2", {"a": 90}, TrustState.SELF_ATTESTED, 0),
        ("2", {"a": 90, "b": 70}, TrustState.WITNESSED, 70),
        ("2", {"a": 90, "c": 95}, TrustState.WITNESSED, 90),
        ("all", {"a": 90, "b": 70}, TrustState.SELF_ATTESTED, 0),
        ("all", {"a": 90, "b": 70, "c": 80}, TrustState.WITNESSED, 70),
    ],
)
def test_quorums(
    log: GrowingLog, quorum: str, cosigned: dict[str, int], state: TrustState, middle: int
) -> None:
    for name, size in cosigned.items():
        cosign(log, size, name)
    made = judged(log, made_trust(log, quorum))
    assert made.state is state
    assert [one.stop for one in made.ranges if one.state.is_green] == ([middle] if middle else [])
    if state is TrustState.SELF_ATTESTED:
        assert "less than the quorum" in str(made)


@pytest.mark.parametrize(
    ("time", "is_green"),
    [(NOW, True), (NOW - DAY, True), (NOW - DAY - 1, False), (NOW + 300, True), (NOW + 301, False)],
)
def test_an_old_or_a_future_word_says_nothing_of_now(log: GrowingLog, time: int, is_green: bool) -> None:
    cosign(log, 100, "a", time)
    made = judged(log, made_trust(log))
    assert made.state.is_green is is_green
    # What the witness saw it saw, whenever that was.
    assert made.of(50).state is TrustState.WITNESSED
    assert ("cut off" in str(made)) is not is_green


def test_an_old_word_of_one_does_not_become_recent_by_another(log: GrowingLog) -> None:
    cosign(log, 100, "a", NOW - 2 * DAY)
    cosign(log, 100, "c", NOW)
    assert judged(log, made_trust(log)).state is TrustState.ANCHORED


def test_the_later_word_on_the_same_size_counts(log: GrowingLog) -> None:
    cosign(log, 100, "a", NOW - 2 * DAY)
    cosign(log, 100, "a", NOW)
    assert judged(log, made_trust(log)).state is TrustState.WITNESSED


def test_a_note_read_from_an_anchor_is_an_anchor_and_no_witness(log: GrowingLog) -> None:
    kept = AnchoredNote("configmap a/b", "platform team", log.note(70))
    made = judged(log, made_trust(log), (kept,))
    assert made.state is TrustState.ANCHORED
    assert shape(made) == [(0, 70, "anchored by the same administrator"), (70, 100, "self-attested")]
    assert "configmap a/b of platform team" in made.statement(0)
    # Not even when it is said to be somebody else's: it is not signed by them.
    made = judged(log, made_trust(log), (replace(kept, administrator="Auditors Ltd"),))
    assert not made.state.is_green and not made.of(0).state.is_green


def test_an_anchor_that_saw_more_or_else_is_an_error(log: GrowingLog) -> None:
    trust = made_trust(log)
    with pytest.raises(VerificationError, match="only 60 entries are shown"):
        assess(trust, 60, log.root, [log.note(60)], (AnchoredNote("m", "p", log.note(61)),), NOW)
    with pytest.raises(VerificationError, match="only 60 entries are shown"):
        assess(trust, 60, log.root, [log.note(61)], (), NOW)
    other = log.fork(10).grow(90, "other ")
    for notes, anchored in [
        ([other.note(50)], ()),
        ([log.note()], (AnchoredNote("m", "p", other.note(50)),)),
    ]:
        with pytest.raises(VerificationError, match="another tree of size 50"):
            assess(trust, 100, log.root, notes, anchored, NOW)


def test_cosignatures_that_prove_nothing(log: GrowingLog) -> None:
    """By an unknown key, by an unknown name, on a note of a stranger."""
    cosign(log, 100, "a", signer=witness_signer("w.example/stranger", 77))
    assert judged(log, made_trust(log)).state is TrustState.SELF_ATTESTED
    stranger = GrowingLog(log.origin, seed=9, leaves=log.leaves)
    cosign(stranger, 100, "a")
    with pytest.raises(VerificationError, match="not signed by"):
        assess(made_trust(log), 100, log.root, [stranger.note()], (), NOW)


def test_a_wrong_line_of_a_trusted_witness_is_an_error(log: GrowingLog) -> None:
    log.lines[100] = [SIGNERS["a"].sign(log.text(99), NOW)]
    with pytest.raises(VerificationError, match=r"w\.example/a"):
        judged(log, made_trust(log))


def test_one_key_is_one_party(log: GrowingLog) -> None:
    trust = made_trust(log, names="ab")
    again = replace(
        trust.witnesses[1], key=make_verifier_key("w.example/z", trust.witnesses[0].key.public, 4)
    )
    own = replace(trust.witnesses[1], key=make_verifier_key("w.example/z", log.keys[0].public, 4))
    namesake = replace(trust.witnesses[1], name="a")
    for witness in (again, own, namesake):
        with pytest.raises(FormatError):
            replace(trust, witnesses=(trust.witnesses[0], witness))


LOG = GrowingLog().grow(30)


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.tuples(st.integers(1, 30), st.integers(NOW - 2 * DAY, NOW + 600)),
        max_size=3,
    ),
    st.sampled_from(["any", "2", "all"]),
    st.none() | st.integers(1, 30),
)
def test_ranges_are_whole_and_never_green_without_somebody_else(
    cosigned: dict[str, tuple[int, int]], quorum: str, kept: int | None
) -> None:
    log = LOG.fork(30)
    for name, (size, time) in cosigned.items():
        cosign(log, size, name, time)
    anchored = () if kept is None else (AnchoredNote("m", "p", log.note(kept)),)
    made = judged(log, made_trust(log, quorum), anchored)
    assert made.ranges[0].start == 0 and made.ranges[-1].stop == 30
    assert all(one.stop == two.start for one, two in zip(made.ranges, made.ranges[1:], strict=False))
    others = [size for name, (size, _) in cosigned.items() if name != "c"]
    need = {"any": 1, "2": 2, "all": 3}[quorum]
    for one in made.ranges:
        if one.state.is_green:
            assert others and one.stop <= max(others)
            assert sum(size >= one.stop for size, _ in cosigned.values()) >= need
    assert not made.state.is_green or made.ranges[0].state.is_green
    # More cosigners never make it less.
    if "a" not in cosigned:
        cosign(log, 30, "a", NOW)
        more = judged(log, made_trust(log, quorum), anchored)
        assert list(TrustState).index(more.state) >= list(TrustState).index(made.state)
