"""What another outcome means for its object, and how changes are counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import Action
from lockgate.webhook.replay import difference as module
from lockgate.webhook.replay.difference import Difference, effect_of, policies_of
from lockgate.webhook.replay.outcome import Outcome, Said, standing_of
from lockgate.webhook.replay.subject import Subject

A, B = "K8sNo/a", "K8sNo/b"


def violation(policy: str, *actions: Action, message: str = "no") -> Said:
    return Said(policy, "violation", actions, message)


NOTHING: Outcome = frozenset()
DENIED = frozenset([violation(A, "deny")])
WARNED = frozenset([violation(A, "warn")])
DRYRUN = frozenset([violation(A, "dryrun")])
FAILED = frozenset([Said(A, "failure", (), "broken")])
UNKNOWN = frozenset([Said(A, "unknown", (), "needs more")])
EXEMPT = frozenset([Said(A, "exempted", ("deny",), "no", "until-march")])
DENIED_BY_B = frozenset([violation(B, "deny")])

# before, after → effect, by policies
EFFECTS = {
    "nothing": (DENIED, DENIED, None, set[str]()),
    "a denial": (NOTHING, DENIED, "denied", {"K8sNo/a"}),
    "a failure": (WARNED, FAILED, "denied", {"K8sNo/a"}),
    "a denial beside a warning": (WARNED, WARNED | DENIED_BY_B, "denied", {"K8sNo/b"}),
    "a denial that was unknown": (UNKNOWN, DENIED_BY_B, "denied", {"K8sNo/b"}),
    "a warning": (NOTHING, WARNED, "warned", {"K8sNo/a"}),
    "let through": (DENIED, NOTHING, "letThrough", {"K8sNo/a"}),
    "let through with a warning": (DENIED_BY_B, WARNED, "letThrough", {"K8sNo/b"}),
    "exempted": (DENIED, EXEMPT, "letThrough", {"K8sNo/a"}),
    "an exemption less": (EXEMPT, DENIED, "denied", {"K8sNo/a"}),
    "a warning less": (WARNED, NOTHING, "relieved", {"K8sNo/a"}),
    "not known any more": (DENIED, UNKNOWN, "unknown", {"K8sNo/a"}),
    "known now": (UNKNOWN, NOTHING, "letThrough", {"K8sNo/a"}),
    "denied by another": (DENIED, DENIED_BY_B, "saidOtherwise", {"K8sNo/a", "K8sNo/b"}),
    "a dryrun": (NOTHING, DRYRUN, "saidOtherwise", {"K8sNo/a"}),
    "in other words": (
        DENIED,
        frozenset([violation(A, "deny", message="never")]),
        "saidOtherwise",
        {"K8sNo/a"},
    ),
}


@pytest.mark.parametrize("case", EFFECTS)
def test_effects(case: str) -> None:
    before, after, effect, policies = EFFECTS[case]
    assert effect_of(before, after) == effect
    if effect is not None:
        assert policies_of(effect, before, after) == policies


OUTCOMES = st.frozensets(
    st.builds(
        Said,
        st.sampled_from([A, B]),
        st.sampled_from(["violation", "failure", "unknown", "exempted"]),
        st.sampled_from([("deny",), ("warn",), ("dryrun",), ("deny", "warn")]),
        st.sampled_from(["no", "never"]),
    ),
    max_size=3,
)
SUBJECTS = st.builds(
    Subject, st.just("v1"), st.just("Pod"), st.sampled_from(["", "x", "y", "z"]), st.sampled_from("abcd")
)


@given(OUTCOMES, OUTCOMES)
def test_every_change_of_what_becomes_of_an_object_is_named(before: Outcome, after: Outcome) -> None:
    effect = effect_of(before, after)
    assert (effect is None) == (before == after)
    refused = {"denied", "failed"}
    was, now = standing_of(before), standing_of(after)
    assert (effect == "denied") == (now in refused and was not in refused)
    if effect is not None:
        assert policies_of(effect, before, after)


@given(st.lists(st.tuples(SUBJECTS, OUTCOMES, OUTCOMES), max_size=30), st.integers(0, 30))
def test_parts_come_to_the_whole(changes: list[tuple[Subject, Outcome, Outcome]], cut: int) -> None:
    whole, first, second = Difference(), Difference(), Difference()
    for place, (subject, before, after) in enumerate(changes):
        whole.take(subject, before, after, place)
        (first if place < cut else second).take(subject, before, after, place)
    first.add(second)
    assert (first.compared, first.counts, first.by_policy) == (whole.compared, whole.counts, whole.by_policy)
    assert first.by_namespace == whole.by_namespace
    for effect in module.EFFECTS:
        assert first.objects(effect) == whole.objects(effect)


def test_what_is_kept_is_bounded_and_what_is_counted_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OBJECTS", 3)
    monkeypatch.setattr(module, "MAX_NAMESPACES", 2)
    found = Difference()
    for place in range(10):
        found.take(Subject("v1", "Pod", f"team-{place}", "p"), NOTHING, DENIED)
    assert (found.count("denied"), len(found.by_object), found.beyond) == (10, 3, 7)
    assert found.by_namespace == {"team-0": {"denied": 1}, "team-1": {"denied": 1}, "(others)": {"denied": 8}}
