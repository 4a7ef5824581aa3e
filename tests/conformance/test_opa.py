"""OPA's own conformance cases: what passes goes on passing, folder by folder.

INCOMPLETE names the folders whose builtins or language features are not built, with the most cases that may fail;
every other folder passes whole.
"""

from collections import Counter

import pytest

from tests.conformance.opa import case_files, run_file
from tests.shared_folder import shared_path

# Counted over a part of OPA 1.22.2's cases. Why: builtins that are not implemented, unless a line says otherwise.
INCOMPLETE = {
    "v0": {},
    "v1": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v0", "v1"])
def test_conformance(version: str) -> None:
    failed: Counter[str] = Counter()
    passed = 0
    for path in case_files(shared_path("vectors", "opa", version)):
        for outcome in run_file(path):
            if outcome.problem:
                failed[path.parent.name] += 1
            else:
                passed += 1
    known = INCOMPLETE[version]
    assert {name: count for name, count in failed.items() if count > known.get(name, 0)} == {}
    assert passed > 1_000
