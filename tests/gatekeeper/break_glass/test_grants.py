"""Break-glass: what a grant lets through, and that whoever may not break the glass lets nothing through."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import Decision, Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.break_glass.grant import render_grant
from lockgate.gatekeeper.break_glass.grants import Grants, stopped_by
from lockgate.gatekeeper.break_glass.policy import valid_signer

from tests.gatekeeper.break_glass.making import (
    ADA,
    END_NS,
    EVE,
    MINUTE_NS,
    START_NS,
    make_grant,
    make_grants,
    make_policy,
    sign,
    unsigned,
)

REPOS = PolicyKey("K8sAllowedRepos", "repos")
LABELS = PolicyKey("K8sRequiredLabels", "owner")
NOW_NS = START_NS + MINUTE_NS


def deny(*keys: PolicyKey) -> Decision:
    return Decision(
        "deny", tuple([Violation(key, "no", ("deny",)) for key in keys]), (), (), "p", "f", matched=1
    )


DENIED = deny(REPOS)
FAILED = Decision("error", (), (Failure(LABELS, "boom"),), (), "p", "f", matched=1)


def lets_through(
    grants: Grants, decision: Decision = DENIED, namespace: str = "ml", now_ns: int = NOW_NS
) -> bool:
    return grants.find(namespace, stopped_by(decision), now_ns) is not None


def test_a_grant_lets_through_what_is_denied_and_what_failed() -> None:
    grants = make_grants(sign(unsigned()))
    assert lets_through(grants)
    assert lets_through(grants, FAILED)
    assert lets_through(grants, namespace="")
    found = grants.find("ml", None, NOW_NS)
    assert found is not None and found.name == "night-1"
    (standing,) = grants.standings(NOW_NS)
    assert (standing.state, standing.signer, standing.why) == ("active", "ada", "")


@pytest.mark.parametrize(
    ("now_ns", "state"),
    [
        (START_NS - 1, "not_yet"),
        (START_NS, "active"),
        (END_NS - 1, "active"),
        (END_NS, "expired"),
        (0, "not_yet"),
        (END_NS * 2, "expired"),
    ],
)
def test_a_grant_holds_in_its_time_only(now_ns: int, state: str) -> None:
    grants = make_grants(sign(unsigned()))
    assert lets_through(grants, now_ns=now_ns) == (state == "active")
    (standing,) = grants.standings(now_ns)
    assert standing.state == state


def changed(**spec: Any) -> dict[str, Any]:
    """A grant that was altered after it was signed."""
    made = sign(unsigned())
    made["spec"].update(spec)
    return made


def renamed() -> dict[str, Any]:
    made = sign(unsigned())
    made["metadata"]["name"] = "night-2"
    return made


WITHOUT_EFFECT: dict[str, tuple[dict[str, Any], str]] = {
    "no signature": (unsigned(), "not signed by ada"),
    "somebody else's": (sign(unsigned(), key=EVE), "not signed by ada"),
    "an unknown signer": (sign(unsigned(), "eve", EVE), "not signed by ada"),
    "a signer's under another name": (sign(unsigned(), "eve", ADA), "not signed by ada"),
    "longer than signed": (changed(until="2026-06-01T00:59:00Z"), "not signed by ada"),
    "another reason": (changed(reason="none of your business"), "not signed by ada"),
    "wider than signed": (changed(namespaces=["kube-public"]), "not signed by ada"),
    "under another name": (renamed(), "not signed by ada"),
    "of another cluster": (
        sign(unsigned(audience="prod-us-1")),
        "it is for 'prod-us-1', and this is 'prod-eu-1'",
    ),
    "too long": (sign(unsigned(until="2026-06-01T01:00:01Z")), "it lasts longer than 1h"),
}


@pytest.mark.parametrize(("value", "why"), WITHOUT_EFFECT.values(), ids=WITHOUT_EFFECT.keys())
def test_what_nobody_may_grant_has_no_effect_and_is_told(value: dict[str, Any], why: str) -> None:
    grants = make_grants(value)
    for namespace, keys in (("ml", [REPOS]), ("", None), ("kube-public", [])):
        assert grants.find(namespace, keys, NOW_NS) is None
    (standing,) = grants.standings(NOW_NS)
    assert standing.state == "refused"
    assert why in standing.why


def test_one_signature_that_counts_is_enough() -> None:
    assert lets_through(make_grants(sign(sign(unsigned(), "eve", EVE))))


def test_a_revoked_grant_has_no_effect() -> None:
    grants = make_grants(sign(unsigned()), revoked=["night-1"])
    assert not lets_through(grants)
    assert grants.standings(NOW_NS)[0].why == "it was revoked"


def test_a_grant_that_was_taken_away_cannot_be_brought_back() -> None:
    grant = make_grant(sign(unsigned()))
    grants = Grants([grant], [make_policy()], frozenset([grant.digest]))
    assert not lets_through(grants)
    assert grants.standings(NOW_NS)[0].why == "it was taken away before: make a new one"


def test_without_exactly_one_policy_nobody_breaks_the_glass() -> None:
    grant = make_grant(sign(unsigned()))
    assert not lets_through(Grants([grant], []))
    assert not lets_through(Grants([grant], [make_policy(), replace(make_policy(), audience="another")]))
    # The same in a file and in the cluster is one.
    assert lets_through(Grants([grant], [make_policy(), make_policy()]))


def test_of_two_of_one_name_each_stands_for_itself() -> None:
    signed, unsigned_one = make_grant(sign(unsigned())), make_grant(unsigned())
    wide = make_grant(unsigned(nonce="e" * 32))
    for grants in ([signed, unsigned_one], [unsigned_one, signed], [wide, signed], [signed, wide]):
        known = Grants(grants, [make_policy()])
        assert sorted([one.state for one in known.standings(START_NS)]) == ["active", "refused"]
        assert known.find("", None, START_NS) is signed
    assert Grants([unsigned_one, wide], [make_policy()]).find("", None, START_NS) is None


@pytest.mark.parametrize(
    ("spec", "namespace", "keys", "reaches"),
    [
        ({"namespaces": ["ml"]}, "ml", [REPOS], True),
        ({"namespaces": ["ml"]}, "ml-2", [REPOS], False),
        ({"namespaces": ["ml"]}, "", [REPOS], False),
        ({"namespaces": ["ml"]}, "ml", None, True),
        ({"policies": [{"kind": REPOS.kind}]}, "ml", [REPOS], True),
        ({"policies": [{"kind": REPOS.kind, "name": "repos"}]}, "", [REPOS], True),
        ({"policies": [{"kind": REPOS.kind, "name": "other"}]}, "ml", [REPOS], False),
        ({"policies": [{"kind": REPOS.kind}]}, "ml", [REPOS, LABELS], False),
        ({"policies": [{"kind": REPOS.kind}, {"kind": LABELS.kind}]}, "ml", [REPOS, LABELS], True),
        # Nothing is known of what could not be judged.
        ({"policies": [{"kind": REPOS.kind}]}, "ml", None, False),
        ({"policies": [{"kind": REPOS.kind}]}, "ml", [], False),
    ],
)
def test_a_grant_reaches_as_far_as_it_says(
    spec: dict[str, Any], namespace: str, keys: list[PolicyKey] | None, reaches: bool
) -> None:
    grants = make_grants(sign(unsigned(**spec)))
    assert (grants.find(namespace, keys, NOW_NS) is not None) == reaches


def test_grants_do_not_add_up() -> None:
    one = sign(unsigned("one", policies=[{"kind": REPOS.kind}]))
    other = sign(unsigned("other", policies=[{"kind": LABELS.kind}]))
    grants = make_grants(one, other)
    assert lets_through(grants, deny(REPOS)) and lets_through(grants, deny(LABELS))
    assert not lets_through(grants, deny(REPOS, LABELS))


def test_what_only_warns_stops_nothing() -> None:
    violations = (Violation(REPOS, "no", ("deny",)), Violation(LABELS, "hm", ("warn",)))
    assert stopped_by(Decision("deny", violations, (), (), "p", "f")) == (REPOS,)


def test_what_failed_or_is_not_evaluated_stops_too() -> None:
    not_evaluated = (NotEvaluated(REPOS, "labels"),)
    assert stopped_by(Decision("error", (), FAILED.failures, not_evaluated, "p", "f")) == (LABELS, REPOS)


MALFORMED: dict[str, dict[str, Any]] = {
    "no reason": unsigned(reason="  "),
    "no ticket": unsigned(ticket=None),
    "a long reason": unsigned(reason="x" * 501),
    "no audience": unsigned(audience=None),
    "an end before its begin": unsigned(until="2026-05-01T00:00:00Z"),
    "no end": unsigned(until=None),
    "a time without a zone": unsigned(until="2026-06-01T00:30:00"),
    "no nonce": unsigned(nonce=None),
    "a short nonce": unsigned(nonce="abc"),
    "no namespaces": unsigned(namespaces=[]),
    "an empty namespace": unsigned(namespaces=[""]),
    "no policies": unsigned(policies=[]),
    "too many namespaces": unsigned(namespaces=[f"n{n}" for n in range(101)]),
    "a field more": unsigned(extra=1),
    "a number for a text": unsigned(reason=3),
    "another version": {**unsigned(), "apiVersion": "breakglass.lockgate.dev/v9"},
    "a long name": unsigned("a" * 101),
    "a name that is none": unsigned("A b"),
    "no base64": unsigned(signatures=[{"signer": "ada", "signature": "%"}]),
}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_grant_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        make_grant(value)


@pytest.mark.parametrize(
    "spec",
    [
        {"audience": None},
        {"signers": None},
        {"signers": [{"name": "ada", "publicKey": "no key"}]},
        {"maxDuration": "25h"},
        {"maxDuration": "2w"},
        {"more": 1},
        {"revoked": "night-1"},
    ],
)
def test_a_malformed_policy_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        make_policy(**spec)


def test_a_policy_without_a_duration_has_four_hours() -> None:
    assert make_policy(maxDuration=None).longest_ns == 4 * 60 * MINUTE_NS


def test_what_is_rendered_is_what_was_read() -> None:
    value = sign(unsigned(namespaces=["a", "b"], policies=[{"kind": "K", "name": "n"}, {"kind": "L"}]))
    grant = make_grant(value)
    signatures = [(one["signer"], one["signature"]) for one in value["spec"]["signatures"]]
    again = render_grant(grant.name, grant.terms, signatures)
    assert again == value
    assert make_grant(again) == grant


@given(st.data())
def test_any_change_of_what_is_signed_undoes_the_signature(data: st.DataObject) -> None:
    value = sign(unsigned(namespaces=["ml"], policies=[{"kind": "K"}]))
    made = deepcopy(value)
    field = data.draw(st.sampled_from(["audience", "reason", "ticket", "nonce"]))
    alphabet = "0123456789abcdef" if field == "nonce" else "abc DEF-1"
    size = 32 if field == "nonce" else data.draw(st.integers(1, 20))
    text = data.draw(st.text(alphabet, min_size=size, max_size=size).filter(str.strip))
    made["spec"][field] = text
    grant = make_grant(made)
    assert (valid_signer(make_policy(), grant) == "ada") == (text == value["spec"][field])
