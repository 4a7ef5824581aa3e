"""Constraints whose templates ask providers: what they see, what is recorded, and what comes of failures."""

from dataclasses import replace
from typing import Any

import pytest
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import (
    Exchange,
    Failure,
    Item,
    NotEvaluated,
    OnErrorUse,
    PolicyKey,
    Reply,
)
from lockgate.engine.external_data import (
    MAX_KEYS,
    MAX_REQUESTS,
    Providers,
    RecordedProviders,
    UnansweredError,
)
from lockgate.gatekeeper.external_data.on_error import GUARDED
from lockgate.gatekeeper.external_data.policy import ExternalPolicy
from lockgate.gatekeeper.policy import ConstraintPolicy

from tests.gatekeeper.external_data.making import ASKS, asking, bound, decide, load, messages, pod
from tests.gatekeeper.workbench import HIT, constraint, template

KEY = PolicyKey("Probe", "probe")


class Saying:
    """Answers every request alike; `asked` are those that came."""

    def __init__(self, *items: Item, status: int = 200, system_error: str = "", broken: bool = False) -> None:
        self.reply = Reply(None if broken else items, status, system_error)
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        self.asked.append((provider, keys))
        return self.reply


class Echo:
    """Answers each key with itself."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        self.asked.append((provider, keys))
        return Reply(tuple(Item(key, [provider, key]) for key in keys), 200)


class Timed:
    """Notes the time that it is given."""

    def __init__(self) -> None:
        self.seconds: list[float | None] = []

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        self.seconds.append(seconds)
        return Reply((), 200)


class Nobody:
    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        raise UnansweredError(f"provider {provider}")


DOWN = Saying(status=500, system_error="it is gone", broken=True)


def shown(call: str, providers: Providers, limits: dict[str, Any] | None = None) -> list[str]:
    """The value of an expression of Rego as the policy's only message; none where it is undefined."""
    rego = f'package probe\n\nviolation[{{"msg": msg}}] {{ msg := json.marshal({call}) }}\n'
    decision = decide(load(asking(rego), bound()), pod("a"), providers, **(limits or {}))
    return [*messages(decision), *[failure.message for failure in decision.failures]]


@pytest.mark.parametrize(
    ("providers", "expected"),
    [
        (
            Saying(Item("a", {"x": 1}), Item("b", None, "no"), Item("c")),
            '{"errors":[["b","no"]],"responses":[["a",{"x":1}],["c",null]],"status_code":200,"system_error":""}',
        ),
        (Saying(), '{"errors":[],"responses":[],"status_code":200,"system_error":""}'),
        (DOWN, '{"errors":null,"responses":null,"status_code":500,"system_error":"it is gone"}'),
        (
            Saying(Item("a", 1), system_error="half"),
            '{"errors":[],"responses":[["a",1]],"status_code":200,"system_error":"half"}',
        ),
    ],
)
def test_what_a_policy_sees(providers: Saying, expected: str) -> None:
    assert shown('external_data({"provider": "p", "keys": ["a"]})', providers) == [expected]


@pytest.mark.parametrize(
    ("request_text", "asked"),
    [
        ('{"provider": "p", "keys": ["b", "a", "b"]}', ("p", ("b", "a", "b"))),
        ('{"Provider": "p", "KEYS": ["a"], "keys": ["b"]}', ("p", ("b",))),
        ('{"provider": "p", "keys": ["\\u0007\\n"]}', ("p", ("\a\n",))),
        ("null", ("", ())),
        ('{"provider": "p", "keys": [null, "a"], "more": 1}', ("p", ("", "a"))),
        ('{"provider": "p"}', ("p", ())),
        ('{"provider": "p", "keys": null}', ("p", ())),
        ('{"keys": ["a"]}', ("", ("a",))),
        ("{}", ("", ())),
    ],
)
def test_what_is_asked(request_text: str, asked: tuple[str, tuple[str, ...]]) -> None:
    providers = Saying()
    assert len(shown(f"external_data({request_text})", providers)) == 1
    assert providers.asked == [asked]


@pytest.mark.parametrize(
    "request_text",
    [
        '{"provider": "p", "keys": [1]}',
        '{"provider": "p", "keys": [["a"]]}',
        '{"provider": "p", "keys": "a"}',
        '{"provider": 1, "keys": ["a"]}',
        '{"provider": "p", "keys": {"b", "a"}}',
        '{"provider": "p", "keys": set()}',
        '{"provider": "p", "keys": ["a"], "more": [{"x": {1}}]}',
        '{"provider": "p", "keys": ["a"], "more": {1: 2}}',
        '{"provider": "p", "keys": ["a"], 1: 2}',
        '["p", "a"]',
        '"p"',
    ],
)
def test_wrong_requests_are_undefined(request_text: str) -> None:
    providers = Saying()
    assert shown(f"external_data({request_text})", providers) == []
    assert providers.asked == []


def test_each_request_is_made_once_a_review() -> None:
    rego = """package probe

violation[{"msg": msg}] {
  asked := [{"provider": "p", "keys": ["a"]}, {"provider": "p", "keys": ["a"]}, {"provider": "q", "keys": ["a"]}][_]
  msg := json.marshal(external_data(asked).responses)
}
"""
    providers = Echo()
    loaded = load(asking(rego), bound("one"), bound("two"))
    decision = decide(loaded, pod(), providers)
    assert sorted(providers.asked) == [("p", ("a",)), ("q", ("a",))]
    assert sorted(set(messages(decision))) == ['[["a",["p","a"]]]', '[["a",["q","a"]]]']
    decide(loaded, pod(), providers)
    assert len(providers.asked) == 4


def test_the_decision_has_what_was_asked_and_answered() -> None:
    decision = decide(load(asking(), bound("z", asks="z"), bound("a", asks="a")), pod("x", "y"), Echo())
    assert decision.exchanges == tuple(
        Exchange(name, ("x", "y"), Reply((Item("x", [name, "x"]), Item("y", [name, "y"])), 200))
        for name in ("a", "z")
    )


def test_replay_gives_the_same_decision() -> None:
    loaded = load(asking(), bound())
    first = decide(loaded, pod("a", "b"), Saying(Item("a", 1), Item("b", None, "unsigned")))
    assert messages(first) == ["b: unsigned"]
    assert decide(loaded, pod("a", "b"), RecordedProviders(first.exchanges)) == first
    other = decide(loaded, pod("a"), RecordedProviders(first.exchanges))
    assert other.not_evaluated == (NotEvaluated(KEY, "an answer of provider 'p' that was not recorded"),)


def test_without_providers_it_is_not_evaluated_by_name() -> None:
    loaded = load(asking(), bound(), template(HIT, kind="Plain"), constraint(kind="Plain"))
    decision = decide(loaded, pod("a"), None)
    assert decision.not_evaluated == (NotEvaluated(KEY, "the answers of provider 'p' (external_data)"),)
    assert messages(decision) == ["hit"]


def test_what_needs_no_answer_is_evaluated_without_providers() -> None:
    rego = 'package probe\n\nviolation[{"msg": "x"}] { input.review.object.kind == "Node"; external_data({}).x }\n'
    decision = decide(load(asking(rego), bound()), pod("a"), None)
    assert (decision.verdict, decision.not_evaluated) == ("allow", ())


def test_not_being_answered_is_no_negation() -> None:
    rego = (
        'package probe\n\nviolation[{"msg": "x"}] { not external_data({"provider": "p", "keys": ["a"]}).x }\n'
    )
    for providers in (None, Nobody()):
        decision = decide(load(asking(rego), bound()), pod("a"), providers)
        assert decision.violations == ()
        assert len(decision.not_evaluated) == 1


@pytest.mark.parametrize(
    ("rego", "said"),
    [
        (
            f'x := [1 | i := numbers.range(1, {MAX_REQUESTS + 1})[_]; external_data({{"provider": sprintf("%v", [i])}})]; msg := "x"',
            f"more than {MAX_REQUESTS} requests for one review",
        ),
        (
            f'k := [sprintf("%v", [i]) | i := numbers.range(0, {MAX_KEYS})[_]]; external_data({{"keys": k}}); msg := "x"',
            f"a request of more than {MAX_KEYS} keys",
        ),
    ],
)
def test_limits_end_the_evaluation(rego: str, said: str) -> None:
    loaded = load(asking(f'package probe\n\nviolation[{{"msg": msg}}] {{ {rego} }}\n'), bound())
    decision = decide(loaded, pod("a"), Saying(), max_steps=10_000_000)
    assert decision.verdict == "error"
    assert said in decision.failures[0].message


def test_a_request_costs_steps() -> None:
    assert any(
        "steps" in text for text in shown('external_data({"keys": []})', Saying(), {"max_steps": 2000})
    )


def test_the_policy_decides_where_nothing_is_said() -> None:
    decision = decide(load(asking(), bound()), pod("a"), DOWN)
    assert messages(decision) == ["down: it is gone"]
    assert decision.on_error == ()


ON_ERROR = "lockgate.dev/on-error"


@pytest.mark.parametrize("at", ["constraint", "template"])
@pytest.mark.parametrize(
    ("said", "verdict", "found", "failed"),
    [
        ("deny", "error", [], ["provider 'p' of external data failed: it is gone"]),
        ("warn", "warn", ["not judged, since provider 'p' of external data failed: it is gone"], []),
        ("allow", "allow", [], []),
    ],
)
def test_on_error(said: Any, verdict: str, found: list[str], failed: list[str], at: str) -> None:
    annotations = {ON_ERROR: said}
    on_template, on_constraint = (annotations, None) if at == "template" else (None, annotations)
    loaded = load(asking(annotations=on_template), bound(annotations=on_constraint))
    decision = decide(loaded, pod("a"), DOWN)
    assert decision.verdict == verdict
    assert messages(decision) == found
    assert decision.failures == tuple(Failure(KEY, text) for text in failed)
    assert decision.on_error == (OnErrorUse(KEY, said, "p", "it is gone"),)
    # It is for failures alone.
    answered = decide(loaded, pod("a"), Saying(Item("a", None, "unsigned")))
    assert (messages(answered), answered.on_error) == (["a: unsigned"], ())
    asleep = decide(loaded, pod("a"), Nobody())
    assert (asleep.not_evaluated, asleep.on_error) == ((NotEvaluated(KEY, "provider p"),), ())


def test_the_constraints_word_comes_first() -> None:
    loaded = load(asking(annotations={ON_ERROR: "allow"}), bound(annotations={ON_ERROR: "deny"}))
    assert decide(loaded, pod("a"), DOWN).verdict == "error"


def test_a_constraint_that_only_notes_does_not_warn() -> None:
    loaded = load(asking(), bound(annotations={ON_ERROR: "warn"}, enforcementAction="dryrun"))
    (violation,) = decide(loaded, pod("a"), DOWN).violations
    assert violation.actions == ("dryrun",)


def test_each_use_is_recorded_by_policy() -> None:
    loaded = load(asking(), *[bound(name, annotations={ON_ERROR: "allow"}) for name in ("b", "a")])
    assert [str(use.policy) for use in decide(loaded, pod("a"), DOWN).on_error] == ["Probe/a", "Probe/b"]


def test_what_is_known_of_a_failure_counts_for_every_policy() -> None:
    """The second policy's request is not made again, and fails as the first one's did."""
    providers = Saying(status=500, system_error="gone", broken=True)
    loaded = load(asking(), bound("a"), bound("b", annotations={ON_ERROR: "deny"}))
    decision = decide(loaded, pod("a"), providers)
    assert len(providers.asked) == 1
    assert [failure.policy.name for failure in decision.failures] == ["b"]


GUARDED_TEMPLATES = [
    *[(family, f"{family}/some_rule", ASKS) for family in sorted(GUARDED)],
    *[
        (family, "", ASKS.replace("package probe", f"# about it\npackage lockgate.{family}.some_rule"))
        for family in sorted(GUARDED)
    ],
    ("quota", "", ASKS.replace("package probe", "package  lockgate.quota")),
]


@pytest.mark.parametrize("at", ["constraint", "template"])
@pytest.mark.parametrize("said", ["allow", "warn", "deny"])
@pytest.mark.parametrize(("family", "rule", "rego"), GUARDED_TEMPLATES)
def test_guarded_families_are_not_loosened(family: str, rule: str, rego: str, said: str, at: str) -> None:
    made = asking(rego, annotations={"lockgate.dev/rule": rule} if rule else {})
    one = bound()
    (made if at == "template" else one)["metadata"]["annotations"][ON_ERROR] = said
    loaded = load(made, one)
    if said == "deny":
        assert not loaded.errors
        return
    (error,) = loaded.errors
    assert f"{said} is refused for rules of the family {family}" in error.message
    assert error.location is not None
    assert error.location.file == ("policy-0.json" if at == "template" else "policy-1.json")


def test_other_families_may_be_loosened() -> None:
    made = asking(annotations={"lockgate.dev/rule": "workloads/signed", ON_ERROR: "allow"})
    assert not load(made, bound()).errors


@pytest.mark.parametrize("word", ["", "Deny", "ignore", "deny "])
def test_a_word_that_is_none(word: str) -> None:
    (error,) = load(asking(), bound(annotations={ON_ERROR: word})).errors
    assert "is none of deny, warn, allow" in error.message


def test_where_nobody_is_asked_it_is_remarked_on() -> None:
    bound_here = constraint(kind="Plain")
    bound_here["metadata"]["annotations"] = {ON_ERROR: "allow"}
    loaded = load(asking(), bound(annotations={ON_ERROR: "warn"}), template(HIT, kind="Plain"), bound_here)
    (lint,) = loaded.lints
    assert lint.message == "lockgate.dev/on-error has no effect: the template does not call external_data"
    assert lint.location.file == "policy-3.json"


def test_a_provider_is_told_what_time_is_left() -> None:
    loaded = load(asking(), bound())
    for seconds in (None, 7.0):
        providers = Timed()
        decide(loaded, pod("a"), providers, max_seconds=seconds)
        (left,) = providers.seconds
        assert left is None if seconds is None else left is not None and 0 < left <= seconds


def test_what_comes_of_failures_is_in_the_digest() -> None:
    digests = {
        load(asking(), bound(annotations=annotations)).policies.digest
        for annotations in ({}, {ON_ERROR: "deny"}, {ON_ERROR: "warn"}, {ON_ERROR: "allow"})
    }
    assert len(digests) == 4


def test_only_those_that_ask_are_of_the_kind() -> None:
    loaded = load(asking(), bound(), template(HIT, kind="Plain"), constraint(kind="Plain"))
    kinds = {policy.key.kind: type(policy) for policy in loaded.policies.policies}
    assert kinds == {"Probe": ExternalPolicy, "Plain": ConstraintPolicy}


def test_answers_do_not_outlive_the_review() -> None:
    """A request that depends on parameters alone is still made for each review."""
    rego = """package probe

violation[{"msg": msg}] {
  r := external_data({"provider": input.parameters.provider, "keys": ["k"]})
  msg := json.marshal(r.responses)
}
"""
    loaded = load(asking(rego), bound())
    for number in range(3):
        providers = Saying(Item("k", number))
        assert messages(decide(loaded, pod("a"), providers)) == [f'[["k",{number}]]']


def test_a_mock_stands_in() -> None:
    rego = """package probe

mock(r) := {"responses": [[k, "mocked"] | k := r.keys[_]]}

violation[{"msg": msg}] {
  r := external_data({"provider": "p", "keys": ["k"]}) with external_data as mock
  msg := json.marshal(r.responses)
}
"""
    decision = decide(load(asking(rego), bound()), pod("a"), None)
    assert messages(decision) == ['[["k","mocked"]]']


def test_inside_a_with_the_same_providers_are_asked() -> None:
    rego = """package probe

violation[{"msg": msg}] {
  r := external_data({"provider": "p", "keys": ["k"]}) with input.x as 1
  msg := json.marshal(r.responses)
}
"""
    decision = decide(load(asking(rego), bound()), pod("a"), Echo())
    assert messages(decision) == ['[["k",["p","k"]]]']
    assert len(decision.exchanges) == 1


def test_the_inventory_is_there_too() -> None:
    rego = """package probe

violation[{"msg": msg}] {
  r := external_data({"provider": "p", "keys": ["k"]})
  msg := sprintf("%v %v", [r.status_code, count(data.inventory)])
}
"""
    decision = decide(load(asking(rego), bound()), pod("a"), Echo())
    assert messages(decision) == ["200 0"]


def test_values_may_be_anything() -> None:
    value: Value = {"a": [{"b": None}, True, "é"]}
    found = decide(load(asking(), bound()), pod("x"), Saying(Item("x", value)))
    assert replace(found, exchanges=()).exchanges == ()
    assert found.exchanges[0].reply.items == (Item("x", value),)
