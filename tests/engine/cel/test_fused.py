"""Fused expressions say what each of them says by itself."""

import pytest
from lockgate.engine.cel.fuse import fuse
from lockgate.engine.cel.fused import FusedArtifact, FusedCode
from lockgate.engine.cel.library.catalogue import FUNCTIONS

from tests.engine.cel.random_policies import answers, random_policy

# Policies in a test; `tests.soak cel` asks about more.
SHARE = 60


@pytest.mark.parametrize("share", range(8))
def test_random_policies(share: int) -> None:
    found = [one for seed in range(share * SHARE, (share + 1) * SHARE) for one in answers(seed)]
    assert [one for one in found if not one.agrees] == []
    # What is evaluated twice is slow: it has to be rare where nothing is an error.
    assert sum(one.fused is not None for one in found) >= 0.95 * sum(one.is_sound for one in found)


def test_functions_are_made_when_they_are_worth_it() -> None:
    source = random_policy(0).source
    asked: list[int] = []

    def make() -> FusedArtifact | None:
        asked.append(1)
        return fuse(source, {one.name: one for one in FUNCTIONS})

    code = FusedCode({}, make, 2)
    assert [code.due(), code.due(), len(asked)] == [None, None, 0]
    assert code.due() is code.due() is code.artifact()
    assert len(asked) == 1
