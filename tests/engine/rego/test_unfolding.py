"""Blocks of one turn as expressions: which are, and that they mean the same."""

from itertools import product

import pytest
from lockgate.engine.rego.unfolding import (
    ANY_STATE,
    IS_FALSE,
    IS_OTHER,
    IS_UNDEFINED,
    state_of,
    state_test,
    unfolded,
)

U = object()
VALUES = {IS_UNDEFINED: U, IS_FALSE: False, IS_OTHER: 3}


def block(text: str) -> list[str]:
    return [line.replace("\t", "    ") for line in text.splitlines()]


@pytest.mark.parametrize(("states", "possible"), list(product(range(1, ANY_STATE), range(1, ANY_STATE + 1))))
def test_a_condition_for_states_holds_for_these(states: int, possible: int) -> None:
    if not states & possible or not possible & ~states:
        return
    text = state_test("v", states, possible)
    for state, value in VALUES.items():
        if state & possible:
            assert eval(text, {"v": value, "U": U}) is bool(state & states)
    assert possible != ANY_STATE or state_of(text) == ("v", states)


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("v is U", IS_UNDEFINED),
        ("not (v is U)", IS_FALSE | IS_OTHER),
        ("v is False or v is U", IS_UNDEFINED | IS_FALSE),
        ("not (v is not U and v is False)", IS_UNDEFINED | IS_OTHER),
        ("v is False or w is U", None),
        ("v is None", None),
        ("v == 'a or v is U'", None),
    ],
)
def test_what_a_condition_asks_for(text: str, states: int | None) -> None:
    assert state_of(text) == (None if states is None else ("v", states))


def test_a_block_that_conditions_alone_leave() -> None:
    found = unfolded(
        block(
            "\twhile True:\n\t\t# 1:1\n\t\tv1 = x.get('a', U)\n\t\tif v1 is U:\n\t\t\tbreak\n\t\tf = True\n\t\tbreak"
        )
    )
    assert found is not None
    assert (found.lines, found.exits) == (["    # 1:1", "    v1 = x.get('a', U)"], ["v1 is U"])
    assert (found.name, found.value, found.condition) == ("f", "True", "v1 is not U")
    assert found.told == ("v1", IS_FALSE | IS_OTHER)


def test_a_block_keeps_the_loops_in_it() -> None:
    found = unfolded(
        block("while True:\n\tfor x in y:\n\t\tif x:\n\t\t\tcontinue\n\t\tbreak\n\tv = w\n\tbreak")
    )
    assert found is not None
    assert found.lines == block("for x in y:\n\tif x:\n\t\tcontinue\n\tbreak")
    assert (found.exits, found.condition, found.told) == ([], "True", None)


@pytest.mark.parametrize(
    "text",
    [
        # Left before something else is done.
        "while True:\n\tif a is U:\n\t\tbreak\n\tb = a.get('x', U)\n\tf = True\n\tbreak",
        "while True:\n\tif a is U: break\n\tb = 1\n\tf = True\n\tbreak",
        # The end is in a loop, or adds to something.
        "while True:\n\tfor x in y:\n\t\tf = True\n\t\tbreak\n\tbreak",
        "while True:\n\ttable.append(x)\n\tbreak",
        # A function goes on, or is left.
        "while True:\n\tdef deep():\n\t\treturn\n\tdeep()\n\tf = True\n\tbreak",
        "while True:\n\treturn U\n\tf = True\n\tbreak",
        "for x in y:\n\tf = True\n\tbreak",
    ],
)
def test_a_block_with_more_to_it_stays_one(text: str) -> None:
    assert unfolded(block(text)) is None
