"""A context is its own budget, and begins as a budget does."""

import gc
import weakref

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.context import Context
from lockgate.engine.codegen.spending import Budget, LimitError
from lockgate.engine.codegen.values import UNDEFINED, Value
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Entry, compile_program
from lockgate.engine.rego.source import Source

LIMITS = (
    Limits(),
    Limits(max_steps=7),
    Limits(max_steps=4_096),
    Limits(max_seconds=2.5),
    Limits(max_memory=1, max_seconds=0),
)


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_a_context_begins_as_a_budget(limits: Limits) -> None:
    context, budget = Context(UNDEFINED, {}, [], [], [], limits, 0), Budget(limits)
    assert context.budget is context
    for name in Budget.__slots__:
        mine, other = getattr(context, name), getattr(budget, name)
        assert mine == other or (name == "_ends" and other - 1 < mine <= other), name


def made_entry(text: str) -> Entry:
    program = compile_program(
        [parse_module(Source(text, "a.rego", "v1"))], entrypoints=["data.a.p"], capabilities=Capabilities()
    )
    return program.prepare({("input", "parameters"): {}}).entry("data.a.p")


class Watched(dict[str, Value]):
    """Data that tells when nobody holds it any more."""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("package a\np contains x if x := input.list[_]", ""),
        ("package a\np contains x if x := numbers.range(1, 9000)[_]", "eval_cancel_error"),
    ],
)
def test_an_evaluation_leaves_nothing_to_the_collector(text: str, message: str) -> None:
    run = made_entry(text)
    data = Watched()
    held = weakref.ref(data)
    said = ""
    gc.disable()
    try:
        run({"list": [1, 2], "parameters": {}}, data, 0, Limits(max_steps=1_000))
    except LimitError as error:
        said = error.message
    finally:
        gc.enable()
    del data
    assert held() is None and (message in said if message else not said)
