"""What is told of the cluster: what is no news is no change, and a list takes away what it does not have."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.serving.objects import Change, ObjectKey, Objects

SERVICE = GroupVersionKind("", "v1", "Service")
POD = GroupVersionKind("", "v1", "Pod")
KEYS = st.builds(
    ObjectKey, st.sampled_from([SERVICE, POD]), st.sampled_from(["a", "b"]), st.sampled_from("xyz")
)
CHANGES = st.lists(st.builds(Change, KEYS, st.one_of(st.none(), st.sampled_from([b"{}", b'{"a":1}']))))


def state(objects: Objects) -> dict[ObjectKey, bytes | None]:
    return {change.key: change.data for change in objects.everything()}


def made(changes: Iterable[Change]) -> Objects:
    objects = Objects()
    objects.apply(changes)
    return objects


def test_a_key_is_shown_as_kubectl_takes_it() -> None:
    template = GroupVersionKind("templates.gatekeeper.sh", "v1", "ConstraintTemplate")
    assert str(ObjectKey(template, "", "a")) == "ConstraintTemplate.templates.gatekeeper.sh/a"
    assert str(ObjectKey(POD, "shop", "a")) == "shop/Pod/a"


@given(CHANGES, CHANGES)
def test_news_have_the_effect_of_all_that_is_told(first: list[Change], then: list[Change]) -> None:
    one, other = made(first), made(first)
    news = other.news(then)
    assert one.apply(then) >= {change.key.kind for change in news}
    assert other.apply(news) == {change.key.kind for change in news}
    assert state(one) == state(other)
    assert not other.news(then)


@given(CHANGES, CHANGES)
def test_everything_makes_the_same_state_anew(first: list[Change], then: list[Change]) -> None:
    objects = made([*first, *then])
    assert state(made(objects.everything())) == state(objects)
    assert len(objects) == len(state(objects))
    assert objects.kinds == {key.kind for key in state(objects)}


@given(CHANGES, CHANGES)
def test_a_list_replaces_the_objects_of_its_kind(first: list[Change], then: list[Change]) -> None:
    objects = made(first)
    listed = {
        key: data for key, data in state(made(then)).items() if key.kind == SERVICE and data is not None
    }
    others = {key: data for key, data in state(objects).items() if key.kind != SERVICE}
    objects.apply(objects.replacing(SERVICE, listed))
    assert state(objects) == {**others, **listed}


@given(CHANGES, CHANGES)
def test_a_list_of_a_namespace_leaves_the_others(first: list[Change], then: list[Change]) -> None:
    objects = made(first)

    def is_meant(key: ObjectKey) -> bool:
        return key.kind == POD and key.namespace == "a"

    listed = {key: data for key, data in state(made(then)).items() if is_meant(key) and data is not None}
    others = {key: data for key, data in state(objects).items() if not is_meant(key)}
    objects.apply(objects.replacing(POD, listed, "a"))
    assert state(objects) == {**others, **listed}


@given(CHANGES, CHANGES)
def test_whole_states_replace_each_other(first: list[Change], then: list[Change]) -> None:
    objects, wanted = made(first), state(made(then))
    objects.apply(objects.replacing_all({key: data for key, data in wanted.items() if data is not None}))
    assert state(objects) == wanted
