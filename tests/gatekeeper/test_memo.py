"""What was made is not made again, as long as the same objects are given."""

from functools import partial

import pytest
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.memo import Memo


def test_the_same_objects_give_what_was_made() -> None:
    memo, anchor, made = Memo(), object(), []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [memo.get("a", (anchor,), make), memo.get("a", (anchor,), make)] == [1, 1]
    assert memo.get("b", (anchor,), make) == 2
    assert memo.get("a", (object(),), make) == 3


def test_an_error_is_raised_again() -> None:
    memo, anchor, calls = Memo(), object(), []

    def fail() -> None:
        calls.append(1)
        raise PolicyError("wrong")

    for _ in range(3):
        with pytest.raises(PolicyError, match="wrong"):
            memo.get("a", (anchor,), fail)
    assert len(calls) == 1


def test_what_was_not_asked_for_is_forgotten() -> None:
    memo, kept, left = Memo(), object(), object()
    made: list[object] = []
    for anchor in (kept, left):
        memo.get("a", (anchor,), partial(made.append, anchor))
    memo.sweep()
    memo.get("a", (kept,), partial(made.append, "again"))
    memo.sweep()
    for anchor in (kept, left):
        memo.get("a", (anchor,), partial(made.append, anchor))
    assert made == [kept, left, left]
