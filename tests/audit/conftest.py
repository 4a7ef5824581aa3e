"""Fixtures of the tests of the trail."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.audit.witness.running import Witnesses


@pytest.fixture
def witnesses() -> Iterator[Witnesses]:
    """Makes witnesses; their memories are closed after the test."""
    with closing(Witnesses()) as made:
        yield made
