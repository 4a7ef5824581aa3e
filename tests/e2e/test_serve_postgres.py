"""A server whose trail is in PostgreSQL, while that is stopped and started under traffic: closed, nothing lost, and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.postgres import Postgres, running_postgres
from tests.faults.traffic import check_recorded, make_home, traffic_on
from tests.webhook.serving.server_processes import running_server, write_policies

pytestmark = pytest.mark.e2e


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


def test_a_database_that_is_stopped_and_started_loses_nothing(tmp_path: Path, postgres: Postgres) -> None:
    home = make_home(tmp_path, "--store", postgres.url)
    with (
        running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server,
        traffic_on(server) as traffic,
    ):
        for stop in (postgres.stop, postgres.stop_immediate):
            traffic.wait_for(20, lambda: traffic.allowed)
            stop()
            traffic.wait_for(5, lambda: traffic.closed)
            assert server.probe("/healthz")[0] == 200
            postgres.start()
        traffic.wait_for(20, lambda: traffic.allowed)
    assert not traffic.errors
    assert {one.reason.startswith("the decision could not be recorded: ") for one in traffic.closed} == {True}
    check_recorded(home, traffic.allowed)
