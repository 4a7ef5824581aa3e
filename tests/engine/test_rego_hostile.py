"""Endless and explosive policies end with an error that names rule and line, in bounded memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.spending import LimitError
from lockgate.engine.codegen.values import parse_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source

from tests.engine.hostile_policies import POLICIES, Hostile

LIMITS = Limits(max_steps=100_000)
HEADER = "package a\n"
ENTRY = "data.a.p"


def ended_with(hostile: Hostile, limits: Limits = LIMITS) -> LimitError | None:
    """The error with which a policy ends."""
    module = parse_module(Source(HEADER + hostile.text + "\n", "hostile.rego"))
    program = compile_program([module], entrypoints=[ENTRY], capabilities=Capabilities())
    given = parse_json(json.dumps(hostile.given))
    try:
        program.prepare().evaluate(ENTRY, input=given, now_ns=0, limits=limits)
    except LimitError as error:
        return error
    return None


@pytest.mark.parametrize("hostile", POLICIES, ids=lambda hostile: hostile.name)
def test_ends_with_rule_and_line(hostile: Hostile) -> None:
    error = ended_with(hostile)
    assert error is not None
    assert str(error.message).startswith("eval_cancel_error: ")
    assert "rule data.a." in error.message
    assert error.location is not None and error.location.line > 1
    if hostile.rule:
        assert (
            f"rule data.a.{hostile.rule}:" in error.message or f"rule data.a.{hostile.rule} " in error.message
        )
        assert error.location.line == hostile.line + 1


def test_names_are_unlike() -> None:
    names = [hostile.name for hostile in POLICIES]
    assert len(set(names)) == len(names) >= 60


# In a process of its own: what a policy makes is bounded whatever else the tests have in memory.
_IN_BOUNDED_MEMORY = """
import resource, sys
from tests.engine.hostile_policies import POLICIES
from tests.engine.test_rego_hostile import ended_with
from lockgate.engine.codegen.budget import Limits

resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
names = sys.argv[1].split(",")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for hostile in POLICIES:
    if hostile.name in names:
        assert ended_with(hostile, Limits(max_steps=int(sys.argv[2]))) is not None, hostile.name
assert ended_with(POLICIES[0], Limits(max_steps=10)) is not None
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _grown(names: list[str], max_steps: int) -> int:
    """By how many kilobytes a process grows that evaluates hostile policies."""
    command = [sys.executable, "-c", _IN_BOUNDED_MEMORY, ",".join(names), str(max_steps)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


EXPLOSIVE = [
    *(
        "concat doubles",
        "many upper",
        "many formats",
        "a set of long texts",
        "ranges in a loop",
        "many split",
    ),
    *(
        "array.concat doubles",
        "many object.union",
        "many json.unmarshal",
        "sets of large members",
        "wide arrays",
    ),
    *("a doubled array is a member", "set comprehension", "object comprehension", "all paths of a graph"),
]


def test_memory_is_bounded_by_the_steps() -> None:
    assert _grown(EXPLOSIVE, 100_000) < 300_000


@pytest.mark.slow
def test_memory_of_all_is_bounded_by_the_steps() -> None:
    assert _grown([hostile.name for hostile in POLICIES], 100_000) < 400_000


@pytest.mark.slow
def test_memory_is_bounded_by_the_usual_limit() -> None:
    assert _grown(EXPLOSIVE, 10_000_000) < 1_500_000


def test_a_deadline_ends_what_steps_would_not() -> None:
    error = ended_with(POLICIES[0], Limits(max_steps=10**12, max_seconds=0.05))
    assert error is not None
    assert "rule data.a.p: needs more than 0.05 seconds" in error.message
    assert error.location is not None and error.location.line == 2


def test_growth_of_the_process_ends_what_steps_would_not() -> None:
    hostile = Hostile(
        "a long array", "p := [x | some i in numbers.range(1, 3000); some x in numbers.range(i, i + 3000)]"
    )
    error = ended_with(hostile, Limits(max_steps=10**12, max_memory=100_000_000))
    assert error is not None
    assert "bytes of memory" in error.message and "rule data.a.p" in error.message


# The limits of time and steps are for a machine that is slow.
_ONE_AFTER_THE_OTHER = """
import resource
from lockgate.engine.codegen.budget import Limits
from tests.engine.hostile_policies import Hostile
from tests.engine.test_rego_hostile import ended_with

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
hostile = Hostile("a long array", "p := [[x] | some i in numbers.range(1, 3000); some x in numbers.range(i, i + 3000)]")
for _ in range(4):
    error = ended_with(hostile, Limits(max_steps=10**12, max_memory=60_000_000))
    assert "bytes of memory" in error.message
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_what_one_evaluation_has_taken_is_not_given_to_the_next() -> None:
    """Of a server, whose memory would grow with each request."""
    done = subprocess.run(
        [sys.executable, "-c", _ONE_AFTER_THE_OTHER],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 150_000


def test_an_evaluation_within_its_limits_is_the_same_with_a_deadline() -> None:
    program = compile_program(
        [parse_module(Source("package a\np := count([1 | some x in input; some y in input])\n", "a.rego"))],
        entrypoints=[ENTRY],
        capabilities=Capabilities(),
    )
    given = parse_json(json.dumps(list(range(300))))
    for limits in (Limits(), Limits(max_seconds=60.0), Limits(max_steps=100_000)):
        value = program.prepare().evaluate(ENTRY, input=given, now_ns=0, limits=limits)
        assert value == 90_000
