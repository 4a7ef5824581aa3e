"""How many exemptions are in which state, and that they are counted anew when their moments pass."""

from lockgate.engine.decision import PolicyKey
from lockgate.webhook.serving.exemption_states import ExemptionCounts, ExemptionStates

from tests.gatekeeper.exemptions.making import DAY_NS, KEY, NOW_NS, exemption, loaded, policy

JULY_1_NS = NOW_NS + 30 * DAY_NS
FOUR = (
    exemption("ends-first"),
    exemption("ends-later", expiresAt="2026-08-01T00:00:00Z"),
    exemption("to-come", issuedAt="2026-06-15T00:00:00Z"),
    exemption("over", expiresAt="2026-05-15T00:00:00Z"),
    exemption("of-nothing", policies=[{"kind": "Other", "name": "x"}]),
)


def counted(states: ExemptionStates, now_ns: int = NOW_NS) -> ExemptionCounts:
    return states.count(EXEMPTIONS, [KEY], now_ns)


EXEMPTIONS = loaded(*FOUR)


def test_each_state_is_counted_and_the_first_end_told() -> None:
    found = counted(ExemptionStates())
    assert found == ExemptionCounts(
        {"active": 2, "not_yet": 1, "expired": 1, "refused": 1}, JULY_1_NS / 1_000_000_000
    )


def test_counts_change_when_a_moment_passes_and_when_the_clock_goes_back() -> None:
    states = ExemptionStates()
    moments = {
        NOW_NS: (2, 1),
        NOW_NS + 14 * DAY_NS - 1: (2, 1),
        NOW_NS + 14 * DAY_NS: (3, 0),
        JULY_1_NS: (1, 0),
        NOW_NS + 100 * DAY_NS: (0, 0),
        NOW_NS - DAY_NS: (2, 1),
        NOW_NS - 40 * DAY_NS: (0, 5),
    }
    for now_ns, (active, to_come) in moments.items():
        found = counted(states, now_ns)
        assert (found.states.get("active", 0), found.states.get("not_yet", 0)) == (active, to_come), now_ns
        assert (found.first_end_s is None) == (active == 0)


def test_nothing_is_counted_twice_while_nothing_changes() -> None:
    states = ExemptionStates()
    assert counted(states) is counted(states, NOW_NS + 1)


def test_other_policies_and_rules_count_anew() -> None:
    states = ExemptionStates()
    assert counted(states).states["active"] == 2
    assert states.count(EXEMPTIONS, [PolicyKey("Other", "x")], NOW_NS).states["active"] == 1
    never = loaded(*FOUR, policy({"never": True}))
    found = states.count(never, [KEY], NOW_NS)
    assert (found.states["refused"], found.first_end_s) == (3, None)
    assert states.count(None, [KEY], NOW_NS) == ExemptionCounts()
