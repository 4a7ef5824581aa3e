"""The rules of entries about promotions: a table of what the log refuses, and three keepers of them that agree."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import RuleError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.promotions import events
from lockgate.audit.promotions.events import PromotionEvent
from lockgate.audit.promotions.history import KIND, STREAM, Promoted, PromotionHistory, Request
from lockgate.audit.streams import model_stream
from lockgate.audit.verify.verify import verify_trail
from sqlalchemy import text

from tests.adversaries.running import stand_alone
from tests.audit.entry_cases import DIGEST, OPENINGS
from tests.audit.test_entry_rules import data_of
from tests.audit.test_verify import trust_of
from tests.audit.trails import ORIGIN, Trail, make_trail, reopen_trail

KEY = "sha256:" + "1" * 64
BYTES = "sha256:" + "b" * 64
OTHER = "sha256:" + "c" * 64
ASKS, FIRST, SECOND = "asks", "first", "second"


def statement(number: int) -> str:
    return f"sha256:{number:064x}"


def promoted(number: int = 1, environment: str = "staging", **other: str) -> Promoted:
    return replace(Promoted("hf:org/fraud", "7", environment, BYTES, statement(number)), **other)


def draft(event: PromotionEvent) -> Draft:
    return Draft(KIND, event.fields, (STREAM, model_stream(event.model, event.environment)))


def key_draft(event: str, key: str = KEY, last_good: int | None = None) -> Draft:
    fields: dict[str, Json] = {"event": event, "use": "statement", "key": key}
    if last_good is not None:
        fields["lastGood"] = last_good
    return Draft("key", fields, ("key",))


class Log:
    """A trail, and what it has of promotions."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail

    def add(self, made: Draft | PromotionEvent) -> int:
        one = made if isinstance(made, Draft) else draft(made)
        return self.trail.appender.append(one).index

    def history(self) -> PromotionHistory:
        made = PromotionHistory()
        for index, data in enumerate(self.trail.store.entries(0, 10_000)):
            entry = parse_entry(data)
            if entry.kind in ("key", KIND):
                made.take(index, entry.kind, entry.value, [link.name for link in entry.links])
        return made

    def ask(self, what: Promoted, **how: object) -> Request:
        self.add(events.requested(what, ASKS, **how))  # type: ignore[arg-type]
        found = self.history().request_of(what.statement)
        assert found is not None
        return found

    def approve(self, request: Request, who: str = FIRST) -> int:
        return self.add(events.approved(request, who, "key", KEY))

    def promote(self, what: Promoted, **how: object) -> int:
        request = self.ask(what, **how)
        return self.add(events.made(request, [self.approve(request)], DIGEST))


@pytest.fixture
def log(tmp_path_factory: pytest.TempPathFactory) -> "Log":
    trail = make_trail(f"sqlite:///{tmp_path_factory.mktemp('trail')}/trail.db")
    log = Log(trail)
    log.add(key_draft("added"))
    return log


def refused(log: Log, event: PromotionEvent | Draft) -> str:
    size = log.trail.store.head().size
    with pytest.raises(RuleError) as told:
        log.add(event)
    assert log.trail.store.head().size == size
    return told.value.message


def test_a_promotion_through_two_environments_and_back(log: Log) -> None:
    first = log.promote(promoted(1), key=KEY)
    second = log.promote(promoted(2, "prod"), source="staging", predecessor=first)
    newer = promoted(3, version="8", subject=OTHER)
    third = log.promote(newer)
    fourth = log.promote(
        replace(newer, environment="prod", statement=statement(4)), source="staging", predecessor=third
    )
    known = log.history()
    current = known.current("hf:org/fraud", "prod")
    assert current is not None and current.index == fourth and current.promoted.version == "8"
    log.promote(promoted(5, "prod"), target=second)
    current = log.history().current("hf:org/fraud", "prod")
    assert current is not None and current.promoted.version == "7" and current.request.target == second
    log.add(events.revoked(current.promoted, current.index, "it drifts"))
    assert log.history().current("hf:org/fraud", "prod") is None
    report = verify_trail(
        log.trail.store, trust_of(log.trail.signer.verifier_key), now_ms=log.trail.clock.now_ms
    )
    assert not report.findings, report.findings


def test_whoever_asks_does_not_approve(log: Log) -> None:
    request = log.ask(promoted())
    assert "does not approve" in refused(log, events.approved(request, ASKS, "key", KEY))


def test_whoever_asks_approves_where_the_policy_lets_them(log: Log) -> None:
    request = log.ask(promoted(), own_approval=True)
    log.approve(request, ASKS)


def test_nobody_approves_twice(log: Log) -> None:
    request = log.ask(promoted())
    log.approve(request)
    assert "approved it before" in refused(log, events.approved(request, FIRST, "key", KEY))


def test_a_statement_is_asked_for_once(log: Log) -> None:
    log.ask(promoted())
    assert "recorded before" in refused(log, events.requested(promoted(), SECOND))


def test_a_promotion_is_made_once(log: Log) -> None:
    request = log.ask(promoted())
    approval = log.approve(request)
    log.add(events.made(request, [approval], DIGEST))
    assert "made before" in refused(log, events.made(request, [approval], DIGEST))
    assert "made before" in refused(log, events.approved(request, SECOND, "key", KEY))


def test_an_approval_of_another_statement(log: Log) -> None:
    mine, other = log.ask(promoted(1)), log.ask(promoted(2))
    approval = log.approve(other)
    assert "this very statement" in refused(log, events.made(mine, [approval], DIGEST))


@pytest.mark.parametrize("changed", ["model", "version", "environment", "subject", "statement"])
def test_an_approval_that_says_something_else_than_its_request(log: Log, changed: str) -> None:
    request = log.ask(promoted())
    value = OTHER if changed in ("subject", "statement") else "another"
    moved = replace(request, promoted=replace(request.promoted, **{changed: value}))
    assert "does not ask for this" in refused(log, events.approved(moved, FIRST, "key", KEY))


@pytest.mark.parametrize(
    "changed",
    [{"model": "hf:org/other"}, {"version": "8"}, {"subject": OTHER}, {"environment": "development"}],
    ids=str,
)
def test_a_predecessor_that_promoted_something_else(log: Log, changed: dict[str, str]) -> None:
    first = log.promote(promoted(1, **changed))
    event = events.requested(promoted(2, "prod"), ASKS, source="staging", predecessor=first)
    assert "promoted another version" in refused(log, event)


def test_a_predecessor_that_is_only_asked_for(log: Log) -> None:
    request = log.ask(promoted(1))
    event = events.requested(promoted(2, "prod"), ASKS, source="staging", predecessor=request.index)
    assert "no promotion that was made" in refused(log, event)


def test_a_predecessor_that_was_revoked_meanwhile(log: Log) -> None:
    first = log.promote(promoted(1))
    request = log.ask(promoted(2, "prod"), source="staging", predecessor=first)
    approval = log.approve(request)
    log.add(events.revoked(promoted(1), first, "it has a back door"))
    assert "was revoked" in refused(log, events.made(request, [approval], DIGEST))


def test_what_was_revoked_does_not_come_back(log: Log) -> None:
    first = log.promote(promoted(1))
    log.add(events.revoked(promoted(1), first, "it has a back door"))
    assert "were revoked" in refused(log, events.requested(promoted(2), ASKS))
    assert "were revoked" in refused(log, events.requested(promoted(3), ASKS, target=first))
    assert "revoked before" in refused(log, events.revoked(promoted(1), first, "again"))


def test_revoked_bytes_are_revoked_under_every_name(log: Log) -> None:
    first = log.promote(promoted(1))
    log.add(events.revoked(promoted(1), first, "it has a back door"))
    assert "were revoked in staging, by entry" in refused(
        log, events.requested(promoted(2, model="hf:org/copy"), ASKS)
    )


def test_another_models_promotion_of_the_same_bytes_stands(log: Log) -> None:
    """It has to be revoked by itself; nothing new of these bytes enters."""
    first, other = log.promote(promoted(1)), log.promote(promoted(2, model="hf:org/copy"))
    log.add(events.revoked(promoted(1), first, "it drifts"))
    current = log.history().current("hf:org/copy", "staging")
    assert current is not None and current.index == other


def test_a_revocation_is_of_the_bytes_whichever_entry_promoted_them(log: Log) -> None:
    first, second = log.promote(promoted(1)), log.promote(promoted(2))
    request = log.ask(promoted(3, "prod"), source="staging", predecessor=second)
    approval = log.approve(request)
    log.add(events.revoked(promoted(1), first, "it has a back door"))
    known = log.history()
    assert known.current("hf:org/fraud", "staging") is None
    assert f"entry {second}, was revoked" in refused(log, events.made(request, [approval], DIGEST))
    event = events.requested(promoted(4, "prod"), ASKS, source="staging", predecessor=second)
    assert f"entry {second}, was revoked" in refused(log, event)
    assert "revoked before" in refused(log, events.revoked(promoted(2), second, "it has a back door"))


def test_a_rollback_to_what_was_never_there(log: Log) -> None:
    first = log.promote(promoted(1))
    event = events.requested(promoted(2, "prod"), ASKS, target=first)
    assert "no promotion of these bytes into prod" in refused(log, event)


@pytest.mark.parametrize("ended", ["retired", "revoked"])
def test_a_key_that_was_given_up_signs_no_more(log: Log, ended: str) -> None:
    request = log.ask(promoted())
    log.add(key_draft(ended))
    assert "not enrolled: it was given up" in refused(log, events.approved(request, FIRST, "key", KEY))
    assert "not enrolled" in refused(log, events.requested(promoted(2), ASKS, key=KEY))
    assert "does not come back" in refused(log, key_draft("added"))


def test_a_key_that_nobody_enrolled(log: Log) -> None:
    request = log.ask(promoted())
    assert "not enrolled" in refused(log, events.approved(request, FIRST, "key", OTHER))


def test_a_revoked_key_takes_with_it_what_it_signed_too_late(log: Log) -> None:
    first = log.promote(promoted(1))
    good = log.trail.store.head().size
    second = log.promote(promoted(2, environment="prod"), source="staging", predecessor=first)
    log.add(key_draft("revoked", last_good=good))
    known = log.history()
    assert known.current("hf:org/fraud", "staging") is not None
    assert known.current("hf:org/fraud", "prod") is None
    made = known.made_by(second)
    assert made is not None and not known.is_sound(made)


def test_an_approval_by_a_key_that_was_revoked_before_it_counted(log: Log) -> None:
    request = log.ask(promoted())
    good = log.trail.store.head().size
    approval = log.approve(request)
    log.add(key_draft("revoked", last_good=good))
    assert "was given up" in refused(log, events.made(request, [approval], DIGEST))


def test_an_entry_outside_its_streams(log: Log) -> None:
    event = events.requested(promoted(), ASKS)
    assert "in the stream of promotions" in refused(log, Draft(KIND, event.fields, (STREAM,)))
    assert "in the stream of promotions" in refused(log, Draft(KIND, event.fields, ()))


def test_the_rules_hold_for_whoever_opens_the_log_next(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('trail')}/trail.db"
    log = Log(make_trail(url))
    log.add(key_draft("added"))
    request = log.ask(promoted())
    approval = log.approve(request)
    log.trail.close()
    log = Log(reopen_trail(url))
    assert "recorded before" in refused(log, events.requested(promoted(), SECOND))
    log.add(events.made(request, [approval], DIGEST))
    log.trail.close()


def test_an_index_of_streams_that_hides_an_entry(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Who writes to the database and has no key does not make the log forget a revocation."""
    url = f"sqlite:///{tmp_path_factory.mktemp('trail')}/trail.db"
    log = Log(make_trail(url))
    log.add(key_draft("added"))
    first = log.promote(promoted(1))
    log.add(events.revoked(promoted(1), first, "it has a back door"))
    log.trail.close()
    log = Log(reopen_trail(url))
    with log.trail.store.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE stream_entry SET place = place - 1 WHERE stream = "
                "(SELECT id FROM stream_head WHERE name = 'promotion') AND n = 4"
            )
        )
    with pytest.raises(Exception, match="what the log has of promotions cannot be read"):
        log.add(events.requested(promoted(2), ASKS))
    log.trail.appender.close()
    log.trail.store.close()


# --- The keepers agree

_EVENTS = ("requested", "approved", "promoted", "rolled-back", "revoked", "key added", "key revoked")


@dataclass(frozen=True)
class Step:
    kind: str
    value: dict[str, Json]
    streams: tuple[str, ...]


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Entries that are right by themselves, and mostly wrong together: all refer to few others."""
    made: list[Step] = []
    for _ in range(draw(st.integers(1, 14))):
        event = draw(st.sampled_from(_EVENTS))
        if event.startswith("key"):
            fields: dict[str, Json] = {
                "event": event.removeprefix("key "),
                "use": "statement",
                "key": draw(st.sampled_from([KEY, OTHER])),
            }
            if event == "key revoked" and draw(st.booleans()):
                fields["lastGood"] = draw(st.integers(0, 14))
            made.append(Step("key", fields, ("key",)))
            continue
        before = draw(st.integers(0, max(0, len(made) - 1)))
        like = made[before].value if made and "statement" in made[before].value else {}
        fields = {
            "event": event,
            "model": like.get("model", draw(st.sampled_from(["m", "n"]))),
            "environment": like.get("environment", draw(st.sampled_from(["a", "b"]))),
            "subject": like.get("subject", draw(st.sampled_from([BYTES, OTHER]))),
            "statement": like.get("statement", statement(draw(st.integers(0, 3)))),
        }
        if event == "requested":
            fields["requester"] = draw(st.sampled_from([ASKS, FIRST]))
            if draw(st.booleans()):
                fields["statement"] = statement(len(made) + 10)
            match draw(st.sampled_from(["none", "from", "target"])):
                case "from":
                    fields |= {"from": str(fields["environment"]), "predecessor": before}
                    fields["environment"] = draw(st.sampled_from(["a", "b"]))
                case "target":
                    fields["target"] = before
            if draw(st.integers(0, 3)) == 0:
                fields["key"] = KEY
            if draw(st.integers(0, 3)) == 0:
                fields["ownApproval"] = "allowed"
        elif event == "approved":
            fields |= {"request": before, "approver": draw(st.sampled_from([ASKS, FIRST, SECOND]))}
            fields["assurance"] = draw(st.sampled_from(["key", "token"]))
            if fields["assurance"] == "key":
                fields["key"] = draw(st.sampled_from([KEY, OTHER]))
        elif event == "revoked":
            fields |= {"promotion": before, "reason": "because"}
        else:
            request = like.get("request", before)
            fields |= {"request": request, "policy": DIGEST}
            if draw(st.booleans()):
                fields["approvals"] = [before, before + 1]
        made.append(Step(KIND, fields, (STREAM, f"model/{fields['model']}/{fields['environment']}")))
    return made


@settings(max_examples=400, deadline=None)
@given(steps())
def test_the_keepers_agree(given_steps: list[Step]) -> None:
    history = PromotionHistory()
    module = stand_alone()
    other = module.Promotions()
    for index, step in enumerate(given_steps):
        value: dict[str, Json] = {
            **step.value,
            "kind": step.kind,
            "streams": [{"k": one} for one in step.streams],
        }
        try:
            history.take(index, step.kind, value, step.streams)
            ours = ""
        except RuleError as error:
            ours = error.message
        try:
            other.add(index, value, "here")
            theirs = ""
        except module.Tampered as error:
            theirs = str(error)
        assert bool(ours) == bool(theirs), (step, ours, theirs)


def test_the_stand_alone_verifier_finds_a_rule_that_is_broken() -> None:
    """As the keeper of a log could write it, who has the log's key."""
    module = stand_alone()
    entries = module.Entries(ORIGIN)
    opening = data_of(OPENINGS[0])
    entries.add(0, opening, leaf_hash(opening))
    fields = dict(
        events.approved(Request(0, promoted(), ASKS, "", "", None, None, False), FIRST, "token").fields
    )
    streams: list[Json] = [{"k": STREAM, "n": 1}, {"k": model_stream("hf:org/fraud", "staging"), "n": 1}]
    data = data_of(replace(OPENINGS[0], kind=KIND, fields={**fields, "streams": streams}))
    with pytest.raises(module.Tampered, match="of no request"):
        entries.add(1, data, leaf_hash(data))
