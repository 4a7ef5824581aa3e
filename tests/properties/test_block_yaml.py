"""A law of plain block style: whatever is read without a tree, LibYAML reads, and to the same value."""

import random

from hypothesis import example, given
from hypothesis import strategies as st

from tests.differential.block_yaml import PIECES, Comparison, changed, made
from tests.engine.documents.test_block_yaml import LEFT, READ
from tests.properties.test_documents import VALUES, Json, emit

SEEDS = st.integers(0, 2**32)


def check(text: str) -> None:
    comparison = Comparison()
    comparison.add(text)
    assert comparison.found == []


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=14))
@example(["a: >-\n", "\n", "  t", "\n"])
@example(["x: |", "\n", "  ", "\t", "a"])
def test_of_any_pieces(pieces: list[str]) -> None:
    check("".join(pieces) + "\n")


@given(SEEDS)
def test_of_entries(seed: int) -> None:
    check(made(random.Random(seed)))


@given(st.sampled_from(READ + LEFT), SEEDS)
def test_of_changed_texts(text: str, seed: int) -> None:
    check(changed(text, random.Random(seed)))


@given(VALUES, SEEDS)
def test_of_values(value: Json, seed: int) -> None:
    check(f"value:{emit(value, 2, random.Random(seed))}\n")
