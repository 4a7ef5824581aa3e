"""The noise of the baseline over public manifests stays below its bar."""

import pytest

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
