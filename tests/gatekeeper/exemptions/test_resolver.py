"""The resolver: what an exemption permits, what it never does, and what is told of it."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Failure, PolicyKey
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.exemptions.exemption import message_digest
from lockgate.gatekeeper.target import Cluster, review_document

from tests.gatekeeper.exemptions.making import (
    DAY_NS,
    KEY,
    NOW_NS,
    decision,
    exemption,
    loaded,
    policy,
    read,
    review,
    signed,
    violation,
)

KEY_A = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
KEY_B = Ed25519PrivateKey.from_private_bytes(b"b" * 32)


def standing(*values: dict[str, Any], now_ns: int = NOW_NS, key: PolicyKey = KEY) -> tuple[str, str]:
    (only,) = loaded(*values).standings([key], now_ns)
    return only.state, only.why


def exempts(*values: dict[str, Any], now_ns: int = NOW_NS, **asked: Any) -> bool:
    made = loaded(*values).resolve(review(**asked), decision(violation()), now_ns)
    assert made.verdict == ("allow" if made.exempted else "deny")
    assert bool(made.exempted) != bool(made.violations)
    return bool(made.exempted)


def test_what_is_exempt_says_by_whom_and_until_when() -> None:
    made = loaded(exemption(ticket="OPS-1")).resolve(review(), decision(violation()), NOW_NS)
    (one,) = made.exempted
    assert (one.exemption, one.owner, one.ticket) == ("one", "team-fraud", "OPS-1")
    assert one.violation == violation() and one.expires_ns == NOW_NS + 30 * DAY_NS
    assert (made.verdict, made.violations, made.matched) == ("allow", (), 3)


def test_only_what_is_exempt_goes() -> None:
    other = violation("latest", key=PolicyKey("Images", "tags"), actions=("warn",))
    made = loaded(exemption()).resolve(review(), decision(violation(), other), NOW_NS)
    assert (made.verdict, made.violations) == ("warn", (other,))


def test_a_policy_that_failed_is_never_exempt() -> None:
    failed = decision(violation(), failures=(Failure(KEY, "it broke"),))
    made = loaded(exemption()).resolve(review(), failed, NOW_NS)
    assert made.verdict == "error" and made.failures == failed.failures and made.exempted


@pytest.mark.parametrize(
    ("namespace", "kind", "wanted"),
    [("ml", "Deployment", True), ("ml", "StatefulSet", True), ("other", "Deployment", False)],
)
def test_match(namespace: str, kind: str, wanted: bool) -> None:
    assert exempts(exemption(), namespace=namespace, kind=kind) is wanted


def test_match_by_what_is_not_known_exempts_nothing() -> None:
    unknown = {"namespaceSelector": {"matchLabels": {"tier": "dev"}}}
    assert not exempts(exemption(match=unknown))


DEV = {"namespaceSelector": {"matchLabels": {"tier": "dev"}}}
SPACES: dict[str, dict[str, Value]] = {
    name: {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"tier": tier}},
    }
    for name, tier in (("ml", "dev"), ("shop", "prod"))
}


@pytest.mark.parametrize(
    ("api_version", "kind", "metadata", "match", "wanted"),
    [
        ("apps/v1", "Deployment", {"name": "a", "namespace": "ml"}, DEV, True),
        ("apps/v1", "Deployment", {"name": "a", "namespace": "shop"}, DEV, False),
        ("apps/v1", "Deployment", {"name": "a", "namespace": "elsewhere"}, DEV, False),
        # What is in no namespace passes a constraint's lists of them.
        ("rbac.authorization.k8s.io/v1", "ClusterRole", {"name": "a"}, {"namespaces": ["ml"]}, False),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", {"name": "a"}, DEV, False),
        ("x.io/v1", "Unknown", {"name": "a"}, {"namespaces": ["ml"]}, False),
        ("x.io/v1", "Unknown", {"name": "a"}, DEV, False),
        ("x.io/v1", "Unknown", {"name": "a", "namespace": "ml"}, {"namespaces": ["ml"]}, True),
        # The API server takes no namespace for these.
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            {"name": "a", "namespace": "ml"},
            {"namespaces": ["ml"]},
            False,
        ),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", {"name": "a", "namespace": "ml"}, DEV, False),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", {"name": "a"}, {"name": "a"}, True),
        # A Namespace's labels are its own.
        ("v1", "Namespace", {"name": "shop", "labels": {"tier": "dev"}}, DEV, False),
        ("v1", "Namespace", {"name": "ml", "labels": {"tier": "dev"}}, DEV, False),
        ("v1", "Namespace", {"name": "ml"}, {"namespaces": ["ml"]}, True),
        ("v1", "Namespace", {"name": "shop"}, {"namespaces": ["ml"]}, False),
        ("v1", "ConfigMap", {"name": "my.config", "namespace": "ml"}, {"name": "my.config"}, True),
        ("batch/v1", "Job", {"generateName": "run-", "namespace": "ml"}, {"name": "run-*"}, True),
        ("batch/v1", "Job", {"generateName": "run-", "namespace": "ml"}, {"name": "run-"}, False),
    ],
)
def test_an_exemption_takes_no_object_that_its_match_only_lets_pass(
    api_version: str, kind: str, metadata: dict[str, Any], match: dict[str, Any], wanted: bool
) -> None:
    value = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    asked = review_document(read(value), Cluster(namespaces=SPACES), operation="CREATE")
    made = loaded(exemption(match=match)).resolve(asked, decision(violation()), NOW_NS)
    assert bool(made.exempted) is wanted


@pytest.mark.parametrize(
    ("policies", "wanted"),
    [
        ([{"kind": "Images"}], True),
        ([{"kind": "Images", "name": "pinned"}], True),
        ([{"kind": "Images", "name": "other"}], False),
        ([{"kind": "images"}], False),
        ([{"kind": "*"}], False),
        ([{"kind": "Other"}, {"kind": "Images"}], True),
    ],
)
def test_selections(policies: list[dict[str, str]], wanted: bool) -> None:
    assert exempts(exemption(policies=policies)) is wanted


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ({"path": "spec.image"}, True),
        ({"path": "spec"}, False),
        ({"path": "spec.image", "message": "not pinned"}, True),
        ({"path": "spec.image", "message": "not pinned!"}, False),
        ({"message": "not pinned"}, True),
        ({"messageSha256": message_digest("not pinned")}, True),
        ({"messageSha256": message_digest("other")}, False),
        ({"messageMasked": "not ***"}, True),
        ({"messageMasked": "***pinned"}, True),
        ({"messageMasked": "other ***"}, False),
    ],
)
def test_single_violations(wanted: dict[str, str], taken: bool) -> None:
    assert exempts(exemption(violations=[wanted])) is taken
    assert exempts(exemption(violations=[{"path": "elsewhere"}, wanted])) is taken


def test_a_violation_without_a_path_is_not_at_one() -> None:
    made = loaded(exemption(violations=[{"path": "spec"}])).resolve(
        review(), decision(violation(path=None)), NOW_NS
    )
    assert made.verdict == "deny"


@pytest.mark.parametrize(
    ("moment", "wanted", "state"),
    [
        (NOW_NS - 31 * DAY_NS - 1, False, "not yet"),
        (NOW_NS - 31 * DAY_NS, True, "active"),
        (NOW_NS + 30 * DAY_NS - 1, True, "active"),
        (NOW_NS + 30 * DAY_NS, False, "expired"),
    ],
)
def test_time(moment: int, wanted: bool, state: str) -> None:
    assert exempts(exemption(), now_ns=moment) is wanted
    assert standing(exemption(), now_ns=moment)[0] == state


def test_without_rules_an_exemption_lasts_a_year_at_most() -> None:
    long = exemption(expiresAt="2027-05-02T00:00:00Z")
    assert exempts(long)
    too_long = exemption(expiresAt="2027-05-03T00:00:00Z")
    assert not exempts(too_long)
    assert standing(too_long) == (
        "refused",
        "an exemption from Images/pinned lasts 366d at most, from 2026-05-01T00:00:00Z",
    )


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        ([{"maxDuration": "61d"}], "active"),
        ([{"maxDuration": "60d"}], "refused"),
        ([{"maxDuration": "90d"}, {"maxDuration": "10d"}], "refused"),
        ([{"policies": [{"kind": "Images"}], "never": True}], "refused"),
        ([{"policies": [{"kind": "Images", "name": "other"}], "never": True}], "active"),
        ([{"requireTicket": True}], "refused"),
        ([{"never": False}], "active"),
    ],
)
def test_rules(rules: list[dict[str, Any]], state: str) -> None:
    values = [exemption(), policy(*rules)]
    assert standing(*values)[0] == state
    assert exempts(*values) is (state == "active")


def test_where_a_signature_is_required_an_unsigned_one_has_no_effect() -> None:
    rules = policy({"requireSignature": True}, anna=KEY_A, ben=KEY_B)
    plain = exemption()
    assert not exempts(plain, rules)
    assert standing(plain, rules) == (
        "refused",
        "an exemption from Images/pinned needs a signature by anna or ben",
    )
    assert exempts(signed(plain, "anna", KEY_A), rules)
    assert exempts(signed(signed(plain, "nobody", KEY_A), "ben", KEY_B), rules)


@pytest.mark.parametrize("change", ["expiresAt", "match", "policies", "owner", "name"])
def test_a_signature_covers_all_of_it(change: str) -> None:
    rules = policy({"requireSignature": True}, anna=KEY_A)
    made = signed(exemption(), "anna", KEY_A)
    assert exempts(made, rules)
    if change == "name":
        made["metadata"]["name"] = "two"
    else:
        made["spec"][change] = exemption(
            expiresAt="2026-07-02T00:00:00Z",
            match={"namespaces": ["ml", "prod"]},
            policies=[{"kind": "Images"}],
            owner="team",
        )["spec"][change]
    assert not exempts(made, rules)


def test_signatures_by_others_or_under_others_names_do_not_count() -> None:
    rules = policy({"policies": [{"kind": "Images"}], "signers": ["anna"]}, anna=KEY_A, ben=KEY_B)
    assert exempts(signed(exemption(), "anna", KEY_A), rules)
    for signer, key in (("ben", KEY_B), ("anna", KEY_B), ("ben", KEY_A), ("", KEY_A)):
        if signer:
            assert not exempts(signed(exemption(), signer, key), rules)
    short = exemption(signatures=[{"signer": "anna", "signature": "AAAA"}])
    assert not exempts(short, rules)


def test_rules_of_all_policies_hold_together() -> None:
    strict = policy({"policies": [{"kind": "Images"}], "requireTicket": True})
    loose = policy({"maxDuration": "365d"})
    assert not exempts(exemption(), strict, loose)
    assert exempts(exemption(ticket="OPS-1"), strict, loose)


def test_one_that_is_for_no_policy_is_said() -> None:
    state, why = standing(exemption(policies=[{"kind": "Imagse"}]))
    assert (state, why) == ("refused", "no policy that is loaded is Imagse")


def test_one_that_rules_refuse_for_some_of_its_policies() -> None:
    rules = policy({"policies": [{"kind": "Claims"}], "never": True})
    both = exemption(policies=[{"kind": "Images"}, {"kind": "Claims"}])
    keys = [KEY, PolicyKey("Claims", "classes")]
    (one,) = loaded(both, rules).standings(keys, NOW_NS)
    assert (one.state, one.why) == ("active", "Claims/classes may never be exempt")


def test_two_of_one_name() -> None:
    with pytest.raises(PolicyError, match="defined twice"):
        loaded(exemption(), exemption())


def test_nothing_to_resolve_costs_nothing() -> None:
    denied = decision(violation())
    assert loaded().resolve(review(), denied, NOW_NS) is denied
    allowed = decision()
    assert loaded(exemption()).resolve(review(), allowed, NOW_NS) is allowed


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]), st.sampled_from(["m", "n"]), st.sampled_from(["deny", "warn"])
        ),
        max_size=8,
    ),
    st.sets(st.sampled_from(["a", "b", "c"])),
    st.sampled_from(["ml", "other"]),
)
def test_violations_are_split_and_none_is_lost(
    said: list[tuple[str, str, Any]], names: set[str], namespace: str
) -> None:
    found = [
        violation(message, key=PolicyKey("Images", name), actions=(action,)) for name, message, action in said
    ]
    before = decision(*found)
    values = [exemption(name, policies=[{"kind": "Images", "name": name}]) for name in sorted(names)]
    after = loaded(*values).resolve(review(namespace), before, NOW_NS)
    gone = [one.violation for one in after.exempted]
    assert [one for one in found if one not in gone] == [one for one in after.violations if one not in gone]
    assert len(gone) + len(after.violations) == len(found)
    assert all(one.policy.name in names for one in gone)
    order = {"allow": 0, "warn": 1, "deny": 2, "error": 3}
    assert order[after.verdict] <= order[before.verdict]
    if namespace == "other":
        assert after is before or after == before
