"""Static types beside a running OPA: the table of cases, and cases in which something was replaced at random."""

import os
import random
import re
from collections import Counter

import pytest
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source

from tests.e2e.rego_server import Server, opa_server
from tests.engine.rego.type_cases import CASES

pytestmark = pytest.mark.e2e

# LOCKGATE_RANDOM_SEED and LOCKGATE_RANDOM_COUNT ask for others or more.
SEED = int(os.environ.get("LOCKGATE_RANDOM_SEED", "1"))
COUNT = int(os.environ.get("LOCKGATE_RANDOM_COUNT", "400"))
# The names that OPA gives to variables of its own are shown as `_` here.
OWN_NAME = re.compile(r"__local\d+__")
# What the check of types says; OPA checks other things before, and of a policy that fails there it tells no more.
OF_TYPES = re.compile(r"match error|undefined ref|.*invalid argument\(s\)|function .* used as reference")
TOKEN = re.compile(r'"[^"\n]*"|[a-z]\w*|\d+|[=!<:]=|[-+|&=<]')
LITERALS = (
    "1",
    '"a"',
    "true",
    "null",
    "[1]",
    '["a"]',
    '{"a": 1}',
    '{"b": "c"}',
    "{1}",
    "set()",
    "[]",
    "{}",
    "input.q",
    "count(input.x)",
)
KEPT = frozenset(["if", "in", "some", "every", "not", "contains", "else", "default", "with", "as", "import"])


def told_by_opa(server: Server, text: str) -> list[tuple[str, int, str]]:
    status, answer = server.ask("PUT", "/v1/policies/types", text)
    if status == 200:
        return []
    errors = answer.get("errors") or [answer]
    return sorted(
        (error["code"], error.get("location", {}).get("row", 0), OWN_NAME.sub("_", error["message"]))
        for error in errors
    )


def told_here(text: str) -> list[tuple[str, int, str]]:
    try:
        module = parse_module(Source(text, "types.rego"))
        compile_program([module], entrypoints=["data.t"], capabilities=Capabilities())
    except RegoError as error:
        return sorted((problem.code, problem.location.line, problem.message) for problem in error.errors)
    return []


def changed(chance: random.Random, rules: str) -> str:
    """The rules with a literal or a name in the place of another."""
    tokens = [found for found in TOKEN.finditer(rules) if found.group() not in KEPT]
    # Rules keep their names: OPA crashes where a head begins with a literal.
    tokens = [found for found in tokens if found.start() > 0 and rules[found.start() - 1] != "\n"]
    one, other = chance.choice(tokens), chance.choice(tokens)
    new = chance.choice([other.group(), chance.choice(LITERALS), chance.choice(LITERALS)])
    return rules[: one.start()] + new + rules[one.end() :]


def test_the_table_says_what_opa_says() -> None:
    with opa_server({}) as server:
        for _, rules, wanted in CASES:
            found = [(line - 1, message) for _, line, message in told_by_opa(server, f"package t\n{rules}")]
            assert sorted(found) == wanted, rules


def test_changed_policies_are_judged_alike() -> None:
    chance = random.Random(SEED)
    seen: Counter[str] = Counter()
    with opa_server({}) as server:
        for _ in range(COUNT):
            text = "package t\n" + changed(chance, chance.choice(CASES)[1])
            theirs = told_by_opa(server, text)
            if any(code != "rego_type_error" or not OF_TYPES.match(message) for code, _, message in theirs):
                seen["refused for something else"] += 1
                continue
            ours = told_here(text)
            if any(not OF_TYPES.match(message) for _, _, message in ours):
                # Other checks are compared elsewhere.
                seen["refused here for something else"] += 1
                continue
            assert bool(ours) == bool(theirs), f"{ours}\n{theirs}\n{text}"
            seen["refused" if theirs else "accepted"] += 1
    assert seen["refused"] > COUNT // 10
    assert seen["accepted"] > COUNT // 10
    assert seen["refused here for something else"] < COUNT // 20
