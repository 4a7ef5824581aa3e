"""JSON Lists item by item: the same objects as when the whole is read at once, and no limit on the whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import MAX_VALUES, Value
from lockgate.engine.documents.json_lists import read_lists
from lockgate.engine.documents.json_values import JsonError, read_value, skip_space
from lockgate.engine.documents.objects import Broken, Found, objects_in


def found(values: list[Value]) -> list[Any]:
    """The objects in the values, and whether anything in them is wrong."""
    inner = [one for value in values for one in objects_in(value, "x.json")]
    return [one.value if isinstance(one, Found) else type(one).__name__ for one in inner]


def whole(text: str) -> list[Value]:
    values: list[Value] = []
    index = skip_space(text, 0)
    while index < len(text):
        value, index, _ = read_value(text, index)
        values.append(value)
        index = skip_space(text, index)
    return values


POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "n": 1.0, "big": 2**70, "s": "\ud800"}}
BARE = {"metadata": {"name": "b"}}
leaves = st.sampled_from([None, True, 1, 1.5, "", "é\\u", "]", "}", '"'])
bodies = st.dictionaries(st.sampled_from(["metadata", "spec", "a,b", "]"]), leaves, max_size=3)
things = st.one_of(
    bodies.map(lambda body: {"apiVersion": "v1", "kind": "Pod", **body}),
    st.just(POD),
)


@st.composite
def lists(draw: Any, depth: int = 2) -> Any:
    inner = st.one_of(things, lists(depth - 1)) if depth else things
    items: list[Any] = draw(st.lists(inner, max_size=4))
    fields = [("apiVersion", "v1"), ("kind", draw(st.sampled_from(["List", "PodList"]))), ("items", items)]
    return dict(draw(st.permutations(fields)))


@given(st.lists(st.one_of(things, lists()), max_size=3), st.sampled_from([None, 0, 2]))
def test_the_objects_are_those_of_the_whole(values: list[Any], indent: int | None) -> None:
    text = "\n".join(json.dumps(value, indent=indent) for value in values)
    objects = [one for one in found(list(read_lists(text))) if isinstance(one, dict)]
    assert objects == [one for one in found(whole(text)) if isinstance(one, dict)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"kind": "PodList", "apiVersion": "v1", "items": [BARE]},
            [{**BARE, "apiVersion": "v1", "kind": "Pod"}],
        ),
        ({"items": [BARE, POD], "apiVersion": "v1", "kind": "PodList"}, 2),
        ({"apiVersion": "v1", "kind": "List", "items": [POD, BARE]}, "Broken"),
        ({"apiVersion": "v1", "kind": "Other", "items": [POD, BARE]}, "Broken"),
        ({"apiVersion": "v1", "kind": "List", "items": [POD, 1]}, "Broken"),
        ([POD, POD], 2),
        ([1], "NotFound"),
    ],
)
def test_items_that_do_not_say_what_they_are(value: Any, expected: Any) -> None:
    made = found(list(read_lists(json.dumps(value))))
    if isinstance(expected, str):
        assert expected in made
    elif isinstance(expected, int):
        assert len([one for one in made if isinstance(one, dict)]) == expected
    else:
        assert made == expected


@pytest.mark.parametrize("kind", ["List", "PodList"])
def test_a_list_without_items_is_given(kind: str) -> None:
    value = {"apiVersion": "v1", "kind": kind, "items": []}
    assert list(read_lists(json.dumps(value))) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[",
        "{,}",
        "[,]",
        "[1,]",
        "[1 2]",
        "{'a': 1}",
        '{"a" 1}',
        '{"a": 1,}',
        '{"a": 1 "b": 2}',
        '{"items": [}',
        '{"items": [{}',
        '{"items": [{}]',
        '{"items": [{}], "items": []}',
        '{"a": NaN}',
        "}",
        "]",
        '{"items": [' + "[" * 1000,
    ],
)
def test_text_that_is_no_json(text: str) -> None:
    with pytest.raises(JsonError):
        list(read_lists(text))


def test_a_whole_cluster_is_no_value_that_is_too_large() -> None:
    item = json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": [1] * 99_990})
    count = MAX_VALUES // 99_990 + 1
    text = '{"apiVersion": "v1", "kind": "List", "items": [' + ",".join([item] * count) + "]}"
    assert sum(1 for _ in read_lists(text)) == count


def test_equal_texts_are_kept_once() -> None:
    one, two = read_lists(json.dumps([{**POD, "x": "some value"}] * 2))
    assert isinstance(one, dict) and isinstance(two, dict)
    assert one["x"] is two["x"] and next(iter(one)) is next(iter(two))
    assert not any(isinstance(found, Broken) for found in objects_in(one, "x"))
