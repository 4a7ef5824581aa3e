"""In which environment something runs, by clusters, namespaces and labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.errors import UsageError
from lockgate.engine.promotions.mapping import EnvironmentMapping, EnvironmentRule, matches

MAPPING = EnvironmentMapping(
    (
        EnvironmentRule("dev", clusters=("dev-*", "shared"), namespaces=("ml-dev",)),
        EnvironmentRule("staging", namespaces=("*-staging", "ml-both")),
        EnvironmentRule("prod", clusters=("https://prod.example.com",), namespaces=("ml-prod", "ml-both")),
    )
)
BARE = EnvironmentMapping((EnvironmentRule("dev"), EnvironmentRule("prod", namespaces=("prod",))))


@pytest.mark.parametrize(
    ("clusters", "namespaces", "labels", "said", "expected"),
    [
        ([], ["ml-dev"], [], [], "dev"),
        (["dev-1"], [], [], [], "dev"),
        (["dev-1"], ["ml-prod"], [], [], "prod"),
        (["https://prod.example.com"], ["ml-dev"], [], [], "prod"),
        ([], ["ml-both"], [], [], "prod"),
        ([], ["ml-staging"], [], ["dev"], "staging"),
        ([], ["ml-dev"], [], ["prod"], "prod"),
        (["", "shared"], [""], [], [], "dev"),
        # What is not known by anything is unknown, also with a label.
        ([], ["other"], [], [], ""),
        ([], ["other"], ["dev"], [], ""),
        # A label raises, and does not lower.
        ([], ["ml-dev"], ["prod"], [], "prod"),
        ([], ["ml-dev"], ["staging", "dev"], [], "staging"),
        ([], ["ml-prod"], ["dev"], [], "prod"),
        ([], ["ml-prod"], ["nowhere"], [], ""),
        ([], ["ml-prod"], [""], [], ""),
        # A cluster that nobody lists may be any.
        (["other"], ["ml-dev"], [], ["dev"], ""),
        ([], ["ml-dev"], [], ["production"], ""),
    ],
)
def test_places(
    clusters: list[str], namespaces: list[str], labels: list[str], said: list[str], expected: str
) -> None:
    placed = MAPPING.place(clusters, namespaces, labels, said)
    assert placed.environment == expected
    assert bool(placed.why) == (not expected)


def test_clusters_do_not_matter_where_none_are_listed() -> None:
    assert BARE.place(["any"], ["prod"]).environment == "prod"
    assert BARE.place(["any"], ["other"]).environment == ""


def test_names_are_given_once() -> None:
    with pytest.raises(UsageError):
        EnvironmentMapping((EnvironmentRule("dev"), EnvironmentRule("dev")))


NAMES = st.lists(st.sampled_from(["dev", "staging", "prod"]))


@given(NAMES, NAMES, NAMES)
def test_labels_never_lower(said: list[str], labels: list[str], more: list[str]) -> None:
    rank = MAPPING.environments.rank
    less, raised = MAPPING.place((), (), labels, said), MAPPING.place((), (), [*labels, *more], said)
    if not said:
        assert (less.environment, raised.environment) == ("", "")
        return
    low, high = rank(less.environment), rank(raised.environment)
    assert low is not None
    assert high is not None
    assert low <= high


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("*", "", True),
        ("a*", "a", True),
        ("a*b", "ab", True),
        ("ab*ba", "aba", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c", False),
        ("*b*", "abc", True),
        ("A*", "ab", False),
        ("a.b", "axb", False),
        ("*a*a*a*a*a*a*a*a*b", "a" * 253, False),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected
