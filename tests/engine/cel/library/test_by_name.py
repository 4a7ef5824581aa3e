"""Functions that are found one by one are those of the catalogue."""

from lockgate.engine.cel.library.by_name import FunctionsByName
from lockgate.engine.cel.library.catalogue import FUNCTIONS


def test_each_function_is_the_catalogue_s() -> None:
    found = FunctionsByName()
    assert list(found) == [one.name for one in FUNCTIONS]
    assert dict(found) == {one.name: one for one in FUNCTIONS}
    assert "no.such" not in found
