"""The command adds and multiplies as the library's own Rego does."""

import itertools

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Prepared, compile_program
from lockgate.engine.rego.source import Source
from lockgate.webhook.claims.asked import Amount, added, times

from tests.policies.shipped import POLICIES

AMOUNTS: list[Amount] = [0, 1, 7, "unbounded", "unknown"]
QUERY = """package both
import data.lib.lockgate.amounts
answer := [amounts.times(input.a, input.b), amounts.added(input.a, input.b)]
"""


@pytest.fixture(scope="module")
def rego() -> Prepared:
    """The two functions of the library."""
    library = (POLICIES.root / "lib" / "amounts.rego").read_text("utf-8")
    modules = [parse_module(Source(text, "amounts.rego", "v1")) for text in (library, QUERY)]
    return compile_program(modules, entrypoints=["data.both.answer"], capabilities=Capabilities()).prepare()


def test_amounts(rego: Prepared) -> None:
    for a, b in itertools.product(AMOUNTS, repeat=2):
        found = rego.evaluate("data.both.answer", input={"a": a, "b": b}, now_ns=0, limits=Limits())
        assert found == [times(a, b), added(a, b)], (a, b)
