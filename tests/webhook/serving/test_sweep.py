"""The sweep: after any changes it knows what judging everything anew would tell, and tells each change of a verdict."""

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import PolicyKey
from lockgate.engine.kinds import Kinds
from lockgate.gatekeeper.exemptions.moments import render_moment
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.sweep import LiveObject, Sweep, SweepFullError, VerdictChange
from lockgate.webhook.serving.sweep_findings import Findings, cut_message

from tests.gatekeeper.exemptions.making import exemption
from tests.gatekeeper.workbench import Json, constraint, manifest, template
from tests.webhook.serving.builders import as_value, gone, key_of, kinds, present

SECOND = 10**9
NOW = 1_780_272_000 * SECOND
COVERED = kinds("v1/Service")
LABELS = """package labels

violation[{"msg": msg}] {
  input.review.object.metadata.labels[name]
  msg := sprintf("%v has the label %v", [input.review.object.metadata.name, name])
}
"""
SERVICES = """package services

violation[{"msg": msg}] {
  data.inventory.namespace[input.review.object.metadata.namespace]["v1"].Service[name]
  msg := sprintf("beside the Service %v", [name])
}
"""
# Every hundred seconds it is of another mind.
CLOCK = """package clock

violation[{"msg": "it is an odd time"}] {
  input.review.object.metadata.labels.clock
  round(time.now_ns() / 1000000000 / 100) % 2 == 1
}
"""
KINDS = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}
EVERY_KIND = {"kinds": [{"apiGroups": ["*"], "kinds": ["*"]}]}
POLICIES = [
    constraint({"match": KINDS}, kind="Labels", name="labels"),
    constraint({"match": EVERY_KIND, "enforcementAction": "warn"}, kind="Labels", name="labels"),
    constraint(
        {"match": {"namespaceSelector": {"matchLabels": {"watched": "yes"}}}}, kind="Labels", name="watched"
    ),
    constraint({"match": KINDS}, kind="Services", name="services"),
    constraint({"match": KINDS}, kind="Clock", name="clock"),
    constraint({"match": KINDS, "enforcementAction": "dryrun"}, kind="Clock", name="clock"),
]
TEMPLATES = [
    template(LABELS, kind="Labels"),
    template(SERVICES, kind="Services"),
    template(CLOCK, kind="Clock"),
]
CONFIG: Json = {
    "apiVersion": "config.gatekeeper.sh/v1alpha1",
    "kind": "Config",
    "metadata": {"name": "config"},
    "spec": {
        "match": [{"processes": ["audit"], "excludedNamespaces": ["b"]}],
        "sync": {"syncOnly": [{"group": "", "version": "v1", "kind": "Service"}]},
    },
}
EXPANSION: Json = {
    "apiVersion": "expansion.gatekeeper.sh/v1beta1",
    "kind": "ExpansionTemplate",
    "metadata": {"name": "pods"},
    "spec": {
        "applyTo": [{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]}],
        "templateSource": "spec.template",
        "generatedGVK": {"group": "", "version": "v1", "kind": "Pod"},
    },
}


def exempting(name: str, policy: tuple[str, str], issued_s: int, expires_s: int) -> Json:
    return exemption(
        name,
        policies=[{"kind": policy[0], "name": policy[1]}],
        match={"namespaces": ["a"]},
        issuedAt=render_moment(NOW + issued_s * SECOND),
        expiresAt=render_moment(NOW + expires_s * SECOND),
    )


EXEMPTIONS = [
    exempting("from-now", ("Labels", "labels"), 0, 150),
    exempting("from-now", ("Labels", "labels"), 0, 350),
    exempting("later", ("Labels", "labels"), 120, 400),
    exempting("earlier", ("Clock", "clock"), -100, 250),
]


class World:
    """A cluster that is told, with a sweep of it that goes on from pass to pass."""

    def __init__(self, told: dict[ObjectKey, int] | None = None) -> None:
        self.live = LiveGate(LiveSettings(point="audit.gatekeeper.sh"))
        self.objects: dict[ObjectKey, LiveObject] = {}
        self.now_ns = NOW
        self.number = 0
        self.sweep = Sweep(told)
        self.tell(*TEMPLATES)

    def tell(self, *values: Json) -> None:
        """Objects that decide, or that policies read."""
        self.live.apply(present(*values), COVERED)

    def forget(self, *values: Json) -> None:
        self.live.apply(gone(*values), COVERED)

    def put(self, value: Json) -> None:
        self.number += 1
        key = key_of(value)
        self.objects[key] = LiveObject(key, str(self.number), as_value(value))

    def remove(self, value: Json) -> None:
        self.objects.pop(key_of(value), None)

    def begin(self, sweep: Sweep | None = None) -> None:
        state = self.live.state
        assert state is not None and not state.problems, state
        (self.sweep if sweep is None else sweep).begin(state, self.now_ns, Kinds())

    def passes(self, sweep: Sweep | None = None) -> list[VerdictChange]:
        """A whole pass, all of whose changes are told."""
        sweep = self.sweep if sweep is None else sweep
        revision, found = sweep.revision, dict(sweep.findings())
        self.begin(sweep)
        changes = [change for one in self.objects.values() if (change := looked(sweep, one)) is not None]
        for change in changes:
            sweep.confirm(change.key)
        served = frozenset([key.kind for key in self.objects])
        for kind in served:
            sweep.end_kind(kind)
        sweep.end(served)
        # What is summed up is summed up again only with another revision.
        assert sweep.revision != revision or dict(sweep.findings()) == found
        return changes

    def anew(self) -> Sweep:
        """What judging everything anew tells."""
        sweep = Sweep()
        self.passes(sweep)
        return sweep


def looked(sweep: Sweep, one: LiveObject) -> VerdictChange | None:
    return sweep.look(one) if sweep.wants(one.key.kind) else None


def pod(name: str = "p", namespace: str = "a", **labels: str) -> Json:
    return manifest(name=name, namespace=namespace, labels=labels)


def deployment(**labels: str) -> Json:
    metadata = {"labels": labels}
    return {
        **manifest("Deployment", "d", group="apps/v1", namespace="a"),
        "spec": {"template": {"metadata": metadata, "spec": {}}},
    }


def said(sweep: Sweep) -> dict[ObjectKey, Findings]:
    return dict(sweep.findings())


def verdicts(changes: Iterable[VerdictChange]) -> list[tuple[str, str]]:
    return sorted([(change.key.name, change.judged.decision.verdict) for change in changes])


OBJECTS = [
    pod(),
    pod(x="1"),
    pod(clock="1"),
    pod("q", x="1"),
    pod("p", "b", x="1", y="1"),
    pod("q", "b", clock="1"),
    deployment(),
    deployment(x="1"),
]
TOLD = [
    *POLICIES,
    *EXEMPTIONS,
    CONFIG,
    EXPANSION,
    manifest("Namespace", "a", labels={}),
    manifest("Namespace", "a", labels={"watched": "yes"}),
    manifest("Namespace", "b", labels={"watched": "yes"}),
    manifest("Service", "s", namespace="a"),
    manifest("Service", "s", namespace="b"),
]
STEPS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(OBJECTS)),
    st.tuples(st.just("remove"), st.sampled_from(OBJECTS)),
    st.tuples(st.just("tell"), st.sampled_from(TOLD)),
    st.tuples(st.just("tell"), st.sampled_from(TOLD)),
    st.tuples(st.just("forget"), st.sampled_from(TOLD)),
    st.tuples(st.just("wait"), st.sampled_from([50, 100, 130, -50])),
    st.tuples(st.just("look"), st.integers(0, 1_000)),
    st.tuples(st.just("pass"), st.none()),
    st.tuples(st.just("tell last"), st.none()),
)


@given(st.lists(STEPS, max_size=14))
def test_what_is_judged_where_it_may_have_changed_is_what_judging_everything_tells(
    steps: list[tuple[str, Any]],
) -> None:
    world = World()
    world.tell(manifest("Namespace", "a"), manifest("Namespace", "b"))
    told: dict[ObjectKey, str] = {}
    for step, given_value in steps:
        match step:
            case "put":
                world.put(given_value)
            case "remove":
                world.remove(given_value)
            case "tell":
                world.tell(given_value)
            case "forget":
                world.forget(given_value)
            case "wait":
                world.now_ns += given_value * SECOND
            case "look":
                # A pass that comes to its end nowhere, and of which nothing is told.
                world.begin()
                objects = list(world.objects.values())
                for one in random.Random(given_value).sample(objects, len(objects) // 2):
                    looked(world.sweep, one)
            case "pass":
                told.update({one.key: one.judged.decision.verdict for one in world.passes()})
            case _:
                # Another takes over, with what was told.
                world.sweep = Sweep(dict(world.sweep.told()))
    told.update({one.key: one.judged.decision.verdict for one in world.passes()})
    anew = world.anew()
    assert said(world.sweep) == said(anew)
    assert dict(world.sweep.told()) == dict(anew.told())
    # Whoever reads what was told knows each object's verdict.
    now = dict.fromkeys(world.objects, "allow") | {key: verdict_of(one) for key, one in said(anew).items()}
    assert {key: told.get(key, "allow") for key in world.objects} == now
    assert world.passes() == []


def verdict_of(findings: Findings) -> str:
    outcomes = {one.outcome for one in findings}
    if "failure" in outcomes:
        return "error"
    actions = {action for one in findings if one.outcome == "violation" for action in one.actions}
    return "deny" if "deny" in actions else "warn" if "warn" in actions else "allow"


def test_only_what_may_have_changed_is_judged() -> None:
    world = World()
    world.tell(manifest("Namespace", "a"), manifest("Namespace", "b"), POLICIES[0], POLICIES[3])
    for number in range(10):
        world.put(pod(f"p{number}", "ab"[number % 2], x="1"))
        world.put(manifest("ConfigMap", f"c{number}", namespace="a"))

    def judged() -> int:
        before = world.sweep.counts.judged
        world.passes()
        return world.sweep.counts.judged - before

    # No policy is for ConfigMaps. What is told is judged once.
    assert judged() == 10
    assert judged() == 0
    world.put(pod("p0", "a"))
    # Its verdict has changed, and it was judged by all policies.
    assert judged() == 1
    # Another Namespace concerns those inside.
    world.tell(manifest("Namespace", "b", labels={"x": "y"}))
    assert judged() == 5
    # What policies read of the inventory concerns all, and under these policies alone.
    world.tell(manifest("Service", "s", namespace="b"))
    assert judged() == 10 + 5
    # Exemptions concern what violates.
    world.tell(EXEMPTIONS[0])
    assert judged() == 9 + 4
    world.now_ns += 100 * SECOND
    assert judged() == 0
    world.now_ns += 100 * SECOND
    assert judged() == 4 + 4
    world.forget(POLICIES[3])
    # Nobody has to be asked for what a policy that is gone said; the change is told with the whole Decision.
    assert judged() == 5


def test_an_exemption_that_ends_is_told_without_a_change_of_the_object() -> None:
    world = World()
    world.tell(manifest("Namespace", "a"), POLICIES[0])
    world.put(pod(x="1"))
    assert verdicts(world.passes()) == [("p", "deny")]
    world.tell(EXEMPTIONS[0])
    (change,) = world.passes()
    assert [one.exemption for one in change.judged.decision.exempted] == ["from-now"]
    assert change.judged.decision.verdict == "allow"
    assert change.judged.decision.valid_until_ns == NOW + 150 * SECOND
    assert world.passes() == []
    world.now_ns += 150 * SECOND
    assert verdicts(world.passes()) == [("p", "deny")]


def test_a_change_that_could_not_be_told_is_told_again() -> None:
    world = World()
    world.tell(manifest("Namespace", "a"), POLICIES[0])
    world.put(pod(x="1"))
    world.begin()
    (one,) = world.objects.values()
    assert world.sweep.look(one) is not None
    assert verdicts(world.passes()) == [("p", "deny")]
    assert world.passes() == []


def test_who_takes_over_tells_what_has_changed_since() -> None:
    first = World()
    first.tell(manifest("Namespace", "a"), POLICIES[0])
    first.put(pod("bad", x="1"))
    first.put(pod("mended", x="1"))
    first.put(pod("gone", x="1"))
    first.put(pod("good"))
    first.passes()
    second = World(dict(first.sweep.told()))
    second.tell(manifest("Namespace", "a"), POLICIES[0])
    for value in (pod("bad", x="1"), pod("mended"), pod("good", x="1")):
        second.put(value)
    assert verdicts(second.passes()) == [("good", "deny"), ("mended", "allow")]
    assert {key.name for key, _ in second.sweep.told()} == {"bad", "good"}


def test_a_policy_that_is_gone_objects_no_more() -> None:
    world = World()
    world.tell(manifest("Namespace", "a"), POLICIES[0])
    world.put(pod(x="1"))
    world.passes()
    world.forget(POLICIES[0])
    # No policy is for its kind, and it is looked at all the same, once.
    assert verdicts(world.passes()) == [("p", "allow")]
    world.begin()
    (key,) = world.objects
    assert not world.sweep.wants(key.kind)
    assert said(world.sweep) == {}


def test_messages_are_kept_up_to_a_limit_and_counted_beyond() -> None:
    world = World()
    world.sweep = Sweep(max_messages=30)
    world.tell(manifest("Namespace", "a"), POLICIES[0])
    for name in ("p", "q"):
        world.put(pod(name, **{f"x{number}": "1" for number in range(25)}))
    world.passes()
    found = [one for findings in said(world.sweep).values() for one in findings]
    assert [one.count for one in found] == [25, 25]
    assert sorted([len(one.messages) for one in found]) == [0, 20]


def test_there_is_a_limit_of_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockgate.webhook.serving.sweep.MAX_OBJECTS", 1)
    world = World()
    world.tell(manifest("Namespace", "a"), POLICIES[0])
    world.put(pod("p"))
    world.put(pod("q"))
    with pytest.raises(SweepFullError, match="more than 1 objects"):
        world.passes()


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("a" * 256, "a" * 256),
        ("a" * 257, "a" * 253 + "..."),
        ("é" * 128, "é" * 128),
        # Half of a letter is left out.
        ("é" * 129, "é" * 126 + "..."),
    ],
)
def test_messages_are_cut_as_in_a_status(message: str, wanted: str) -> None:
    assert cut_message(message) == wanted


def test_a_policy_that_looks_at_the_clock_is_named() -> None:
    world = World()
    world.tell(*[POLICIES[0], POLICIES[3], POLICIES[4]])
    gate = world.live.gate
    assert gate is not None
    assert gate.policies.momentary == {PolicyKey("Clock", "clock")}
