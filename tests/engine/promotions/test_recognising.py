"""Recognition where the pairs of `tests/webhook/promotions` do not reach: digests, order, and laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.errors import UsageError
from lockgate.engine.promotions.environments import Environments
from lockgate.engine.promotions.recognising import NothingEarlier, recognise
from lockgate.engine.promotions.subjects import Holder, Subject
from lockgate.engine.promotions.versions import is_lower

ORDER = Environments(("dev", "prod"))


def holder(environment: str, *subjects: Subject, name: str = "a") -> Holder:
    return Holder("apps", "Deployment", "n", name, environment, subjects)


def image(version: str, digest: str = "", key: str = "r/s") -> Subject:
    return Subject("image", key, version, "moving", ("spec", key), digest)


def test_a_tag_with_other_bytes_is_a_floating_move() -> None:
    before, after = [holder("prod", image("1", "sha256:a"))], [holder("prod", image("1", "sha256:b"))]
    [event] = recognise(before, after, ORDER, NothingEarlier())
    assert (event.happening, event.former) == ("floating", image("1", "sha256:a"))


@pytest.mark.parametrize(("old", "new"), [("", "sha256:b"), ("sha256:a", ""), ("sha256:a", "sha256:a")])
def test_bytes_that_nobody_resolved_move_nowhere(old: str, new: str) -> None:
    assert (
        recognise(
            [holder("prod", image("1", old))], [holder("prod", image("1", new))], ORDER, NothingEarlier()
        )
        == ()
    )


@pytest.mark.parametrize("names", [("dev", ""), ("dev", "dev")])
def test_environments_need_names(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="each once"):
        Environments(names)


def test_environments_below() -> None:
    order = Environments(("dev", "staging", "prod"))
    assert list(order.below("prod")) == ["staging", "dev"]
    assert list(order.below("dev")) == list(order.below("other")) == []
    assert (order.rank("prod"), order.rank("other")) == (2, None)


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1", "2"),
        ("1.9", "1.10"),
        ("v1.2.3", "1.2.4"),
        ("1.0.0-alpha", "1.0.0-alpha.1"),
        ("1.0.0-alpha.1", "1.0.0-alpha.beta"),
        ("1.0.0-beta.2", "1.0.0-beta.11"),
        ("1.0.0-rc.1", "1.0.0"),
        ("validated-v1.0", "validated-v1.1"),
    ],
)
def test_versions_with_an_order(lower: str, higher: str) -> None:
    assert is_lower(lower, higher)
    assert not is_lower(higher, lower)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0.0"),
        ("1.0.0+a", "1.0.0+b"),
        ("main", "v1"),
        ("a-1", "b-2"),
        ("0123456789012345678901234567890123456789", "1123456789012345678901234567890123456789"),
        ("", "1"),
        ("latest", "stable"),
    ],
)
def test_versions_without_one(one: str, other: str) -> None:
    assert not is_lower(one, other)
    assert not is_lower(other, one)


SUBJECTS = st.builds(image, st.sampled_from(["1", "2", "3"]), key=st.sampled_from(["a", "b"]))
HOLDERS = st.lists(
    st.builds(
        holder,
        st.sampled_from(["dev", "prod", ""]),
        SUBJECTS,
        SUBJECTS,
        name=st.sampled_from(["x", "y"]),
    ),
    max_size=6,
    unique_by=lambda one: (one.environment, one.name),
)


@given(HOLDERS)
def test_what_stays_is_no_news(state: list[Holder]) -> None:
    assert recognise(state, state, ORDER, NothingEarlier()) == ()


@given(HOLDERS, HOLDERS)
def test_every_version_that_is_new_in_an_environment_is_told(
    before: list[Holder], after: list[Holder]
) -> None:
    def running(state: list[Holder]) -> set[tuple[str, str, str]]:
        return {(one.environment, subject.key, subject.version) for one in state for subject in one.subjects}

    events = recognise(before, after, ORDER, NothingEarlier())
    entered = {
        (event.environment, event.subject.key, event.subject.version)
        for event in events
        if event.happening != "removal"
    }
    assert entered == running(after) - running(before)


@given(HOLDERS, HOLDERS)
def test_the_order_of_objects_before_does_not_matter(before: list[Holder], after: list[Holder]) -> None:
    def told(state: list[Holder]) -> set[tuple[str, str, str, str]]:
        events = recognise(state, after, ORDER, NothingEarlier())
        return {
            (event.environment, event.subject.key, event.subject.version, event.source) for event in events
        }

    assert told(before) == told(list(reversed(before)))
