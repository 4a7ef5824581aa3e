"""Everything in this folder needs real programs: `make test` does not even collect it."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            assert item.get_closest_marker("e2e"), (
                f"{item.nodeid} is not marked e2e, so that no target runs it"
            )
