"""The noise of the baseline over public manifests stays below its bar."""

import pytest

from tests.bench.hits import hits_of_profile, read_readings
from tests.bench.noise import MOST_DENIED, noise_of_profile


@pytest.mark.slow
def test_the_baseline_denies_few_public_manifests() -> None:
    noise = noise_of_profile("baseline")
    assert noise.manifests > 2_500
    denying = {key: count for (key, action), count in noise.found.items() if action == "deny"}
    assert noise.denied <= MOST_DENIED * noise.manifests, denying
    # It finds something, and denies for it: a gate that is open has no noise.
    assert noise.warned > 0
    assert denying


@pytest.mark.slow
def test_nothing_is_denied_by_the_baseline_that_somebody_read_and_found_wrong() -> None:
    readings = read_readings()
    assert {one.verdict for one in readings.values()} <= {"right", "wrong"}
    assert all(one.reason for one in readings.values())
    hits = hits_of_profile("baseline")
    read = [(one, readings.get((one.rule, one.file, one.place))) for one in hits]
    wrong = [one for one, reading in read if reading is not None and reading.verdict == "wrong"]
    assert wrong == []
    assert any(reading is not None for _, reading in read)
