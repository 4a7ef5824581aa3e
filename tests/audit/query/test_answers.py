"""The fifteen answers on a year whose answers are known, with and without bodies, and what each says is proven."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import leaf_hash, verify_consistency
from lockgate.audit.note import decode_base64
from lockgate.audit.query.answers.answer import Given, LiveObject
from lockgate.audit.query.answers.catalogue import QUESTIONS, answer
from lockgate.audit.query.answers.sample import sample
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.errors import QuestionError
from lockgate.audit.query.question import Question
from lockgate.audit.store.store import open_store
from lockgate.audit.trust import TrustState

from tests.audit.query.asked import engine_of
from tests.audit.query.year import DAY_MS, FIRST_MS, Opening, Year
from tests.audit.trails import MASTER, Trail, tampered

Q3: dict[str, Any] = {"since_ms": FIRST_MS + 181 * DAY_MS, "until_ms": FIRST_MS + 273 * DAY_MS}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    made = Year(tmp_path_factory.mktemp("year"), decisions=2)
    made.build()
    yield made
    made.trail.store.close()


@pytest.fixture(scope="module")
def engine(year: Year) -> Engine:
    return engine_of(year.trail, now_ms=year.clock.now_ms)


def ask(engine: Engine, number: str, opener: Opening | None = None, **given: Any) -> Any:
    made = answer(number, engine, Given(**given), opener)
    assert (made.number == number and made.as_of.size == engine.size) or "size" in given or "at_ms" in given
    assert all(tuple(made.columns) == tuple(type(line).__dataclass_fields__) for line in made.lines)
    # Nobody cosigned it, and the trust came from beside it: no answer says more.
    assert made.proven.state is TrustState.SELF_ATTESTED
    assert any("lie beside the log" in one for one in made.proven.not_shown)
    return made


def test_a1(year: Year, engine: Engine) -> None:
    found = ask(engine, "a1", model="fraud", environment="prod", **Q3)
    expected = [
        index
        for index, model, environment, time in year.known.promotions
        if (model, environment) == ("fraud", "prod") and Q3["since_ms"] <= time < Q3["until_ms"]
    ]
    assert [line.entry for line in found.lines] == expected and len(expected) == 13
    assert all(
        line.requester == MASTER.pseudonym("asker") and not line.requester_name for line in found.lines
    )
    assert {line.standing for line in found.lines} == {"superseded"}
    assert {one.stream for one in found.proven.complete} == {"promotion", "key"}
    (told,) = [one for one in found.proven.complete if one.stream == "promotion"]
    assert (told.first, told.last) == (1, told.end)
    opened = ask(engine, "a1", Opening(year.trail), model="fraud", environment="prod", **Q3)
    assert {line.requester_name for line in opened.lines} == {"asker"}
    assert {one.name for line in opened.lines for one in line.approvers} <= {"asker", "risk-1", "risk-2"}
    assert all(line.evidence[0].startswith("drift of 2026-") for line in opened.lines)


def test_a1_by_approver(year: Year, engine: Engine) -> None:
    found = ask(engine, "a1", approver=MASTER.pseudonym("asker"))
    assert [line.entry for line in found.lines] == year.known.own
    assert ask(engine, "a1", approver=MASTER.pseudonym("nobody")).lines == ()


def test_a2(year: Year, engine: Engine) -> None:
    end = FIRST_MS + 364 * DAY_MS
    live = (LiveObject("/v1/Pod/team-1/ex-330-1/u330-1", {}), LiveObject("/v1/Pod/team-1/none/u", {}))
    found = ask(engine, "a2", Opening(year.trail), at_ms=end, live=live)
    assert {line.exemption: line.uses for line in found.lines} == {
        name: len(uses) for name, uses in year.known.exemption_uses.items()
    }
    assert {line.exemption for line in found.lines if line.ends_soon == "yes"} == {"x-11"}
    assert {line.exemption for line in found.lines if line.state == "active"} == {"x-11", "x-12"}
    assert [line.running for line in found.lines if line.running] == [("/v1/Pod/team-1/ex-330-1/u330-1",)]
    sealed = ask(engine, "a2")
    assert {line.ends_soon for line in sealed.lines} == {"sealed"}
    assert any("sealed" in one for one in sealed.proven.not_shown)


def test_a3(year: Year, engine: Engine) -> None:
    found = ask(engine, "a3")
    assert sum(line.denied for line in found.lines) == len(year.known.denied)
    assert {line.policy for line in found.lines} == {
        "K8sRequired/labels",
        "LockgateApprovedDeviceClasses/gpus",
    }


def test_a4(year: Year, engine: Engine) -> None:
    subject = f"sha256:{70:064x}"
    found = ask(engine, "a4", subject=subject)
    assert [(line.environment, line.source) for line in found.lines] == [
        ("dev", ""),
        ("staging", "dev"),
        ("prod", "staging"),
    ]
    assert [line.before for line in found.lines] == [None, found.lines[0].entry, found.lines[1].entry]
    assert not any(line.is_current for line in found.lines)
    current = [line for line in ask(engine, "a4", model="fraud").lines if line.is_current]
    assert {(line.environment, line.version) for line in current} == {
        ("dev", "357"),
        ("staging", "357"),
        ("prod", "357"),
    }


def test_a5(year: Year, engine: Engine) -> None:
    found = ask(engine, "a5")
    told = {line.entry: line.what for line in found.lines}
    assert [index for index, what in told.items() if what == "approved by whoever asked"] == year.known.own
    assert [index for index, what in told.items() if what == "approved by one person"] == year.known.single
    assert len(told) == len(year.known.own) + len(year.known.single)


def test_a6(year: Year, engine: Engine) -> None:
    found = ask(engine, "a6")
    by = {
        what: [line for line in found.lines if line.what == what]
        for what in ("error", "break-glass", "gap", "refused")
    }
    assert [line.entry for line in by["error"]] == year.known.errors
    assert [line.entry for line in by["break-glass"]] == year.known.glass_uses
    assert sum(line.count for line in by["refused"]) == year.known.refused == 2
    within = [line for line in by["gap"] if line.count < 1_000]
    assert sum(line.count for line in within) == year.known.gap_minutes == 20
    # And the hundred days between the two hours in which somebody looked.
    assert len(by["gap"]) == len(within) + 1


def test_a7(year: Year, engine: Engine) -> None:
    found = ask(engine, "a7", Opening(year.trail), hours=2)
    assert [(line.denied, line.allowed) for line in found.lines] == year.known.retried
    assert {line.labels for line in found.lines} == {('team: "" → "other"',)}
    assert ask(engine, "a7", Opening(year.trail), hours=0).lines == ()
    sealed = ask(engine, "a7", hours=2)
    assert {*year.known.retried} <= {(line.denied, line.allowed) for line in sealed.lines}
    assert all(not line.object for line in sealed.lines)


def test_a8(year: Year, engine: Engine) -> None:
    found = ask(engine, "a8", Opening(year.trail))
    assert [line.entry for line in found.lines] == year.known.old_drift and found.lines
    assert {line.days for line in found.lines} == {45}
    assert ask(engine, "a8", Opening(year.trail), days=46).lines == ()
    assert any("were not looked at" in one for one in ask(engine, "a8").proven.not_shown)


def test_a9(year: Year, engine: Engine) -> None:
    found = ask(engine, "a9", Opening(year.trail))
    by = {
        how: [line.entry for line in found.lines if line.how == how]
        for how in ("observed", "exemption", "break-glass")
    }
    assert by["observed"] == year.known.observed
    assert by["exemption"] == sorted(one for uses in year.known.exemption_uses.values() for one in uses)
    assert by["break-glass"] == year.known.glass_uses
    assert len(found.lines) == sum(map(len, by.values()))
    assert ask(engine, "a9", Opening(year.trail), policy="LockgateNone").lines == ()


def test_a10(year: Year, engine: Engine) -> None:
    found = ask(engine, "a10", Opening(year.trail))
    assert [line.entry for line in found.lines] == year.known.policy_changes
    assert {(line.by, line.policy) for line in found.lines} == {("platform", "K8sRequired/labels")}
    assert {line.by for line in ask(engine, "a10").lines} == {""}
    assert ask(engine, "a10", policy="Other").lines == ()


def test_a11(year: Year, engine: Engine) -> None:
    at = FIRST_MS + 100 * DAY_MS
    found = ask(engine, "a11", Opening(year.trail), at_ms=at)
    models = {line.name: line.value for line in found.lines if line.what == "model"}
    assert models["fraud in prod"].startswith("98 sha256:") and len(models) == 12
    assert {line.name for line in found.lines if line.what == "exemption"} == {"x-2", "x-3"}
    (policies,) = [line.value for line in found.lines if line.what == "policies"]
    assert policies == f"sha256:{120:064x}"
    assert ask(engine, "a11", size=1).lines == ()


def test_a12(year: Year, engine: Engine) -> None:
    size = engine.size - 50
    (line,) = ask(engine, "a12", entry=5, size=size).lines
    raw = next(iter(year.trail.store.entries(5, 6)))
    assert decode_base64(line.leaf, "leaf") == leaf_hash(raw) and line.seen_size == size
    verify_consistency(
        size,
        engine.standing.root_at(size),
        engine.size,
        engine.standing.checkpoint.root,
        [decode_base64(one, "hash") for one in line.consistency],
    )
    for wrong in ({}, {"entry": engine.size}, {"entry": 9, "size": 9}):
        with pytest.raises(QuestionError):
            answer("a12", engine, Given(**wrong), None)  # type: ignore[arg-type]


def test_a13(year: Year, engine: Engine) -> None:
    made = [index for index, _, _, _ in year.known.promotions]
    first, again, other = [ask(engine, "a13", seed=seed) for seed in (7, 7, 8)]
    assert first.lines == again.lines and first.lines != other.lines and len(first.lines) == 25
    assert {line.entry for line in first.lines} <= {*made}
    # As anybody draws it who has the entries.
    ranks = {
        index: sha256(b"lockgate-sample/v1\n7\n" + leaf_hash(raw)).hexdigest()
        for index in made
        for raw in year.trail.store.entries(index, index + 1)
    }
    assert [line.entry for line in first.lines] == sorted(sorted(made, key=ranks.__getitem__)[:25])
    denials = sample(engine, Question(outcomes=("deny",)), Given(count=3, seed=1))
    assert {line.entry for line in denials.lines} <= {*year.known.denied} and len(denials.lines) == 3


def test_a14(year: Year, engine: Engine) -> None:
    opener = Opening(year.trail)
    found = ask(engine, "a14", opener)
    assert [line.entry for line in found.lines] == year.known.accesses
    assert {line.by for line in found.lines} == {"auditor"} and '"why"' in found.lines[0].question
    assert {line.by for line in ask(engine, "a14").lines} == {""}


def test_a15(year: Year, engine: Engine) -> None:
    told = {line.what: line for line in ask(engine, "a15").lines}
    assert told["entries under the checkpoint"].value == str(engine.size)
    assert told["rests on"].verdict == "look" and told["rests on"].value.endswith("self-attested")
    assert told["entries without a checkpoint"].verdict == "good"


def test_there_is_no_other_question(engine: Engine) -> None:
    assert [*QUESTIONS] == [f"a{number}" for number in range(1, 16)]
    with pytest.raises(QuestionError):
        answer("a16", engine, Given(), None)


@pytest.mark.parametrize("number", [one for one in QUESTIONS if one not in ("a12", "a15")])
def test_a_place_that_was_taken_away_is_no_smaller_answer(tmp_path: Path, year: Year, number: str) -> None:
    """Every stream loses an entry: no question is answered without it, unless it asks none of that stream."""
    copy = tmp_path / "trail.db"
    year.trail.store.close()
    copy.write_bytes(Path(year.url.removeprefix("sqlite:///")).read_bytes())
    tampered(copy, "DELETE FROM stream_entry WHERE n = 2")
    store = open_store(f"sqlite:///{copy}", year.trail.store.origin)
    changed = Trail(
        store, year.trail.signer, year.trail.vault, year.trail.recorder, year.trail.appender, year.clock
    )
    honest = answer(number, engine_of(year.trail, now_ms=year.clock.now_ms), Given(), None)
    try:
        found = answer(number, engine_of(changed, now_ms=year.clock.now_ms), Given(), None)
    except VerificationError as error:
        assert error.where
    else:
        assert found.lines == honest.lines
    store.close()


def test_bodies_of_other_entries_are_not_believed(year: Year, engine: Engine) -> None:
    class Swapped(Opening):
        def __call__(self, index: int, raw: bytes) -> Any:
            promoted = [
                index
                for index, data in enumerate(year.trail.store.entries(0, engine.size))
                if b'"event":"requested"' in data
            ]
            at = promoted.index(index) if index in promoted else -1
            if at < 0:
                return super().__call__(index, raw)
            other = promoted[(at + 1) % len(promoted)]
            return super().__call__(other, next(iter(year.trail.store.entries(other, other + 1))))

    with pytest.raises(TrailError, match="another statement"):
        answer("a1", engine, replace(Given(), model="fraud", environment="dev"), Swapped(year.trail))
