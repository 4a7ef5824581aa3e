"""The page of mistakes says what the real opa says."""

import pytest

from tests.engine.mistakes_page import opa, read_page
from tests.engine.rego_mistakes import MISTAKES, Mistake

pytestmark = pytest.mark.e2e

RECORDED = read_page()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_what_opa_says(mistake: Mistake) -> None:
    assert opa(mistake).rstrip("\n") == RECORDED[mistake.name][1].rstrip("\n")
