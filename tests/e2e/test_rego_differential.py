"""A short run beside OPA: generated policies, calls of every builtin, mutated conformance cases.

`python -m tests.soak differential` is the long one.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.differential import running
from tests.differential.running import Run, comparisons
from tests.differential.vectors import read_cases
from tests.shared_folder import shared_path

pytestmark = pytest.mark.e2e

# LOCKGATE_RANDOM_SEED and LOCKGATE_RANDOM_COUNT ask for others or more.
SEED = int(os.environ.get("LOCKGATE_RANDOM_SEED", "1"))
COUNT = int(os.environ.get("LOCKGATE_RANDOM_COUNT", "60"))


def test_opa_gives_the_same_answers() -> None:
    print(f"LOCKGATE_RANDOM_SEED={SEED}")
    with comparisons() as pair:
        run = Run(pair, read_cases(shared_path("vectors", "opa")))
        for seed in range(SEED * 1_000_000, SEED * 1_000_000 + COUNT):
            run.once(seed)
        print(dict(run.counts))
        answers = [found for found in run.differences if found.kind != "compile"]
        assert not answers, min(map(str, answers), key=len)
        # Which of several mistakes is told, and rare ones: docs/measurements/differential.md.
        compilations = run.counts["compilations"]
        assert run.counts["different: compile"] * 50 < compilations
        assert run.counts["pairs"] > 10 * COUNT
        assert run.counts["conflicts in another order"] * 20 < run.counts["pairs"]


def test_opa_gives_the_same_answers_to_what_hypothesis_writes() -> None:
    with comparisons() as pair:

        @settings(
            max_examples=COUNT // 3,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
                HealthCheck.filter_too_much,
            ],
        )
        @given(st.randoms(use_true_random=False, note_method_calls=False))
        def check(decide: running.Decide) -> None:
            pair[1].differences.clear()
            running.policy(pair[1], decide)
            answers = [found for found in pair[1].differences if found.kind != "compile"]
            assert not answers, answers[0]

        check()
        assert pair[1].counts["pairs"] > COUNT
