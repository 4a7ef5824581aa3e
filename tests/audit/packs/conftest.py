"""A year of a trail, and packs of it."""

from collections.abc import Iterator

import pytest
from lockgate.audit.packs.scope import Scope

from tests.audit.packs.packing import Made, days, in_prod, make_pack
from tests.audit.query.year import Year


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    made = Year(tmp_path_factory.mktemp("year"), decisions=1)
    made.build()
    yield made
    made.trail.store.close()


@pytest.fixture(scope="module")
def promotion(year: Year) -> Made:
    return make_pack(year.trail, Scope(in_prod(year)), reveal=True)


@pytest.fixture(scope="module")
def period(year: Year) -> Made:
    return make_pack(year.trail, days(90, 120))


@pytest.fixture(scope="module")
def revealed(year: Year) -> Made:
    return make_pack(year.trail, days(90, 120), reveal=True)
