"""Loading many templates and constraints: everything wrong is reported, nothing good is lost."""

from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import PolicyKey
from lockgate.gatekeeper.loader import load_policies

from tests.gatekeeper.workbench import constraint, document, manifest, template


def test_one_bad_template_hides_nothing() -> None:
    given_documents = [
        document(template("package a\n\nviolation[", kind="Bad"), "bad.yaml"),
        document(constraint({}, kind="Bad"), "bad-constraint.yaml"),
        document(template(kind="Good"), "good.yaml"),
        document(constraint({}, kind="Good", name="one"), "one.yaml"),
        document(constraint({"colour": "red"}, kind="Good", name="two"), "two.yaml"),
        document(constraint({}, kind="Nobody"), "nobody.yaml"),
        document(manifest(), "pod.yaml"),
    ]
    loaded = load_policies(given_documents)
    assert [policy.key for policy in loaded.policies.policies] == [PolicyKey("Good", "one")]
    assert [error.location.file for error in loaded.errors if error.location] == [
        "bad.yaml",
        "nobody.yaml",
        "two.yaml",
    ]
    assert [made.kind for made in loaded.templates] == ["Good"]


def test_two_of_one_name_are_an_error() -> None:
    pair = [document(template(), "one.yaml"), document(template(), "two.yaml")]
    errors = load_policies(pair).errors
    assert len(errors) == 1 and "defined twice" in errors[0].message and "one.yaml" in errors[0].message
    bound = [document(constraint({}), "three.yaml"), document(constraint({}), "four.yaml")]
    errors = load_policies([*pair[:1], *bound]).errors
    assert len(errors) == 1 and "defined twice" in errors[0].message and "four.yaml" in errors[0].message


@given(st.permutations(range(6)))
def test_order_does_not_matter(order: list[int]) -> None:
    everything = [
        document(template(kind="A"), "0"),
        document(template(kind="B"), "1"),
        document(constraint({}, kind="A", name="x"), "2"),
        document(constraint({}, kind="A", name="y"), "3"),
        document(constraint({}, kind="B", name="x"), "4"),
        document(constraint({}, kind="C", name="z"), "5"),
    ]
    first = load_policies(everything)
    other = load_policies([everything[index] for index in order])
    assert first.policies.digest == other.policies.digest
    assert [policy.key for policy in first.policies.policies] == [
        policy.key for policy in other.policies.policies
    ]
    assert [str(error) for error in first.errors] == [str(error) for error in other.errors]


def test_the_digest_is_of_all_policies() -> None:
    one = [document(template()), document(constraint({}))]
    assert load_policies(one).policies.digest != load_policies(one[:1]).policies.digest
    warn = [one[0], document(constraint({"enforcementAction": "warn"}))]
    assert load_policies(one).policies.digest != load_policies(warn).policies.digest
