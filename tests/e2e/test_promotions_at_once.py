"""Several people at one desk: commands about promotions that run at the same time, over a trail in PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.postgres import running_postgres
from tests.webhook.helpers import run_lockgate
from tests.webhook.promoting.office import Office, open_office

pytestmark = pytest.mark.e2e


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running_postgres() as server:
        folder = tmp_path / "office"
        folder.mkdir()
        yield open_office(folder, server.url)


def at_once(office: Office, *commands: list[str]) -> None:
    """Runs commands in processes of their own; each succeeds."""
    with ThreadPoolExecutor(len(commands)) as pool:
        for ran in pool.map(lambda one: run_lockgate(*one, cwd=office.folder), commands):
            assert ran.code == 0, ran.err


def test_commands_at_once_record_all_and_make_each_promotion_once(office: Office) -> None:
    asking = ["promote", "deploy/fraud.yaml", "--to", "prod", "--key", "asker.pem", *office.desk()]
    asking += ["--model-facts", "facts", "--facts-trust", "facts-trust.toml"]
    at_once(office, *[[*asking, "--output", f"{name}.json"] for name in ("second", "third")])
    approving = [
        ["approve", f"{name}.json", "--approval", office.sign(by, f"{name}.json"), *office.desk()]
        for name in ("prod", "second")
        for by in ("risk-1", "risk-2")
    ]
    at_once(office, *approving)
    made = [one for one in office.history() if one["environment"] == "prod"]
    assert sorted(one["statement"] for one in made) == sorted(
        office.digest(f"{name}.json") for name in ("prod", "second")
    )
    assert [len(one["approvals"]) for one in made] == [2, 2]
    key = office.write("key.vkey", (office.folder / "trail/log.vkey").read_text())
    verified = office.run("audit", "verify", "trail", "--log-key", key)
    assert verified.code == 0, verified.out + verified.err
