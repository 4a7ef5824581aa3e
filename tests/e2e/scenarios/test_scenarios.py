"""The table of scenarios: a cluster, one installed server, kubectl, and what its user sees and the trail has."""

from collections.abc import Iterator

import pytest

from tests.e2e.scenarios import (
    claims,
    denials,
    events,
    nodes,
    providers,
    quotas,
    recoveries,
    sweeps,
    workloads,
)
from tests.e2e.scenarios.installation import Installation, installed
from tests.e2e.scenarios.scenario import Scenario

pytestmark = pytest.mark.e2e

SCENARIOS: tuple[Scenario, ...] = (
    *denials.SCENARIOS,
    *workloads.SCENARIOS,
    *claims.SCENARIOS,
    *nodes.SCENARIOS,
    *events.SCENARIOS,
    *providers.SCENARIOS,
    *quotas.SCENARIOS,
    *recoveries.SCENARIOS,
    *sweeps.SCENARIOS,
)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("scenarios"), SCENARIOS) as made:
        yield made


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_scenario(installation: Installation, scenario: Scenario) -> None:
    before = len(installation.recorded())
    try:
        for step in scenario.steps:
            if step.first is not None:
                step.first(installation)
            assert installation.run(step, scenario.name) == (step.code, step.says)
        assert installation.recorded()[before:] == tuple(scenario.trail)
    finally:
        installation.beside.close()
