"""OPA's own conformance cases: all of them pass."""

import pytest

from tests.conformance.opa import case_files, run_file
from tests.shared_folder import shared_path


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v0", "v1"])
def test_conformance(version: str) -> None:
    outcomes = [
        outcome for path in case_files(shared_path("vectors", "opa", version)) for outcome in run_file(path)
    ]
    assert [
        (outcome.file.name, outcome.note, outcome.problem) for outcome in outcomes if outcome.problem
    ] == []
    assert len(outcomes) > 1_000
