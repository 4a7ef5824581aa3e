"""Everything in this folder needs real programs: `make test` does not even collect it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browser import Browser, find_chromium
from tests.e2e.programs import absent

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            assert item.get_closest_marker("e2e"), (
                f"{item.nodeid} is not marked e2e, so that no target runs it"
            )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with a profile of its own."""
    program = find_chromium()
    if program is None:
        absent("chromium is absent: install Debian's package chromium")
    with Browser(program, tmp_path_factory.mktemp("profile")) as made:
        yield made
