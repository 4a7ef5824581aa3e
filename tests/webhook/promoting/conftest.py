"""An office with a request that is pending, made once and copied for each test."""

from pathlib import Path

import pytest

from tests.webhook.promoting.office import Office, copy_office, open_office


@pytest.fixture(scope="session")
def first_office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Made once."""
    return open_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(first_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A copy of one's own."""
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    monkeypatch.delenv("LOCKGATE_IDENTITIES", raising=False)
    return copy_office(first_office, tmp_path / "office")
