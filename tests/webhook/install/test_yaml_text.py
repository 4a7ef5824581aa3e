"""What is written as YAML is read back the same, by YAML 1.1 as PyYAML has it, and by Lockgate's own reader."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.install.yaml_text import render_documents, render_yaml

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(
        ["on", "No", "~", "null", "0o7", "1_000", "1e3", ".inf", "2026-01-01", "a: b", "- a", "#", "=", "<<"]
    ),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inside: st.one_of(st.lists(inside, max_size=4), st.dictionaries(TEXTS, inside, max_size=4)),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert yaml.safe_load(render_yaml(value)) == value


@given(st.lists(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3), min_size=1, max_size=3))
def test_documents_are_read_back_in_their_order(values: list[Any]) -> None:
    assert list(yaml.safe_load_all(render_documents(values))) == values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [{"b": 1, "c": []}, "x y"], "d": {}}, "a:\n- b: 1\n  c: []\n- x y\nd: {}\n"),
        ({"a": {"b": None, "c": True}}, "a:\n  b: null\n  c: true\n"),
        ([[1, 2], []], "- - 1\n  - 2\n- []\n"),
        ("yes", '"yes"\n'),
        ({"on": "apps/v1", "*": "1"}, '"on": apps/v1\n"*": "1"\n'),
    ],
)
def test_it_looks_as_people_write_it(value: Any, text: str) -> None:
    assert render_yaml(value) == text
