"""What becomes of grants is told once each, and again where it could not be recorded."""

from typing import Any

import pytest
from lockgate.engine.decision import Decision, PolicyKey, Violation
from lockgate.gatekeeper.break_glass.grants import Grants
from lockgate.webhook.serving.glass_watch import (
    MAX_REFUSED,
    GlassWatch,
    count_states,
    grant_warning,
)

from tests.gatekeeper.break_glass.making import END_NS, START_NS, make_grant, make_grants, sign, unsigned

NONE = Grants((), ())


def told(watch: GlassWatch, grants: Grants, now_ns: int) -> list[tuple[str, str, str]]:
    """What the watch tells, all of it recorded."""
    events = watch.look(grants, now_ns)
    for event in events:
        watch.confirm(event)
    return [(one.event, one.grant.name, one.signer or one.why) for one in events]


def test_a_grant_from_its_begin_to_its_end() -> None:
    watch, grants = GlassWatch(), make_grants(sign(unsigned()))
    assert told(watch, grants, START_NS - 1) == []
    assert told(watch, grants, START_NS) == [("granted", "night-1", "ada")]
    assert told(watch, grants, START_NS + 1) == []
    assert told(watch, grants, END_NS) == [("expired", "night-1", "ada")]
    assert told(watch, grants, END_NS + 1) == []
    assert told(watch, NONE, END_NS + 1) == []


def test_a_grant_that_is_taken_away_is_revoked() -> None:
    watch, grants = GlassWatch(), make_grants(sign(unsigned()))
    assert told(watch, grants, START_NS) == [("granted", "night-1", "ada")]
    assert told(watch, NONE, START_NS + 1) == [("revoked", "night-1", "")]
    assert told(watch, NONE, START_NS + 2) == []


def test_one_that_a_policy_revokes_is_refused_from_then_on() -> None:
    watch = GlassWatch()
    assert told(watch, make_grants(sign(unsigned())), START_NS) == [("granted", "night-1", "ada")]
    revoked = make_grants(sign(unsigned()), revoked=["night-1"])
    assert told(watch, revoked, START_NS + 1) == [("refused", "night-1", "it was revoked")]
    assert told(watch, revoked, START_NS + 2) == []
    assert told(watch, NONE, START_NS + 2) == []


@pytest.mark.parametrize(
    ("value", "now_ns", "event"),
    [(unsigned(), START_NS, "refused"), (sign(unsigned()), END_NS, "expired")],
)
def test_one_that_never_had_an_effect_is_told_too(value: dict[str, Any], now_ns: int, event: str) -> None:
    watch = GlassWatch()
    assert [one[0] for one in told(watch, make_grants(value), now_ns)] == [event]
    assert told(watch, make_grants(value), now_ns) == []


def test_what_is_not_recorded_is_told_again() -> None:
    watch, grants = GlassWatch(), make_grants(sign(unsigned()))
    assert [one.event for one in watch.look(grants, START_NS)] == ["granted"]
    assert told(watch, grants, START_NS + 1) == [("granted", "night-1", "ada")]
    assert [one.event for one in watch.look(NONE, START_NS + 2)] == ["revoked"]
    assert told(watch, NONE, START_NS + 3) == [("revoked", "night-1", "")]


def test_an_altered_grant_is_another() -> None:
    watch = GlassWatch()
    told(watch, make_grants(sign(unsigned())), START_NS)
    again = make_grants(sign(unsigned(reason="another")))
    assert told(watch, again, START_NS) == [("revoked", "night-1", ""), ("granted", "night-1", "ada")]


def test_states_are_counted() -> None:
    grants = make_grants(sign(unsigned()), sign(unsigned("night-2")), unsigned("night-3"))
    assert count_states(grants, START_NS) == {"active": 2, "refused": 1}
    assert count_states(grants, END_NS) == {"expired": 2, "refused": 1}


def test_many_refused_grants_are_told_bit_by_bit() -> None:
    watch = GlassWatch()
    grants = make_grants(*[unsigned(f"forged-{n:02}") for n in range(MAX_REFUSED + 5)], sign(unsigned()))
    first, second, third = [told(watch, grants, START_NS) for _ in range(3)]
    assert (len(first), len(second), third) == (MAX_REFUSED + 1, 5, [])
    assert ("granted", "night-1", "ada") in first


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "what could not be judged"),
        (1, "what K/0 denies"),
        (3, "what K/0, K/1, K/2 deny"),
        (5, "what K/0, K/1, K/2 and 2 more deny"),
    ],
)
def test_a_warning_names_the_grant_and_what_it_goes_past(count: int, text: str) -> None:
    violations = tuple([Violation(PolicyKey("K", str(n)), "no", ("deny",)) for n in range(count)])
    decision = Decision("deny", violations, (), (), "p", "f") if count else None
    said = grant_warning(make_grant(sign(unsigned())), decision)
    assert said == f"[break-glass] night-1 (OPS-1) until 2026-06-01T00:30:00Z lets through {text}"
