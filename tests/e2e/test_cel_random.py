"""Random CEL expressions: the same types, values, mistakes and errors as Kubernetes' own CEL gives."""

import os

import pytest

from tests.e2e.cel_differential import Differences, compare

pytestmark = pytest.mark.e2e

# LOCKGATE_RANDOM_SEED and LOCKGATE_RANDOM_COUNT ask for others or more.
SEED = int(os.environ.get("LOCKGATE_RANDOM_SEED", "1"))
COUNT = int(os.environ.get("LOCKGATE_RANDOM_COUNT", "2000"))


def test_random_expressions() -> None:
    print(f"LOCKGATE_RANDOM_SEED={SEED}")
    run = Differences()
    first = SEED * 1_000_000
    compare(range(first, first + COUNT), run)
    print(dict(run.counts))
    assert not run.found, "\n".join(sorted(run.found, key=len)[:10])
    # Most have a value, so that it is not errors that agree.
    assert run.counts["result"] * 3 > COUNT
