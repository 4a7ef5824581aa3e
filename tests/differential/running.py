"""Runs of comparisons by seed: generated policies, calls of builtins, mutated conformance cases."""

import json
import random
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from tests.differential import calls, mutations, texts
from tests.differential.comparing import Comparison, Difference, compiled_codes
from tests.differential.grammar import DATA, Policy
from tests.differential.vectors import Case
from tests.e2e.programs import program
from tests.e2e.rego_server import opa_server

# What decides: a seeded generator, or hypothesis.
Decide = random.Random

KINDS: Final = ("policies", "builtins", "vectors")


class Run:
    """Comparisons by seed: a kind of program for each, in turn. Without cases of OPA's there are no mutated ones."""

    def __init__(self, pair: tuple[Comparison, Comparison], cases: Sequence[Case]) -> None:
        self.pair = pair
        self.cases = cases
        self._entries = calls.builtins(capabilities())

    def once(self, seed: int) -> None:
        """The comparisons of one seed."""
        decide = random.Random(seed)
        kinds = KINDS if self.cases else KINDS[:2]
        kind = kinds[seed % len(kinds)]
        if kind == "policies":
            policy(self.pair[1], decide)
        elif kind == "builtins":
            builtins(self.pair[1], decide, self._entries)
        else:
            for _ in range(20):
                vector(self.pair, decide, self.cases)

    @property
    def counts(self) -> Counter[str]:
        """What was compared, and how it ended."""
        return self.pair[0].counts + self.pair[1].counts

    @property
    def differences(self) -> list[Difference]:
        """What OPA answers otherwise."""
        return [found for comparison in self.pair for found in comparison.differences]


@contextmanager
def comparisons() -> Iterator[tuple[Comparison, Comparison]]:
    """Comparisons with a server for v0 and one for v1."""
    with opa_server({}, "--v0-compatible") as old, opa_server({}) as new:
        yield Comparison(old, "v0"), Comparison(new)


def capabilities() -> Any:
    """What `opa capabilities` prints."""
    done = subprocess.run([str(program("opa")), "capabilities", "--current"], capture_output=True, check=True)
    return json.loads(done.stdout)


def policy(comparison: Comparison, decide: random.Random) -> None:
    """One generated policy, with three inputs."""
    comparison.server.data_text(DATA)
    writing = Policy(decide)
    modules = writing.modules(comparison.accepts)
    paths = [rule.path for rule in writing.rules if rule.kind != "function"]
    names = ["data.lib", *[path if path.startswith("data") else f"data.test.{path}" for path in paths]]
    if comparison.server.policies(modules):
        return
    prepared = compiled_codes(modules, "v1", names)
    if isinstance(prepared, set):
        return
    for _ in range(3):
        given = texts.document(decide) if decide.random() < 0.95 else ""
        strict = "strict" if decide.random() < 0.2 else ""
        for name in names:
            comparison.value(prepared, modules, name, given, DATA, strict)


def builtins(comparison: Comparison, decide: random.Random, entries: Sequence[Any]) -> None:
    """Thirty calls of builtins, strict and not."""
    text, names, given = calls.module(decide, entries, 30)
    places = [f"data.test.{name}" for name in names]
    prepared = compiled_codes([text], "v1", places)
    refused = comparison.server.policy(text)
    if refused or isinstance(prepared, set):
        # One of the calls has operands that a static check finds wrong: each alone.
        lines = text.splitlines()
        kept = [line for line in lines[2:] if comparison.accepts(["\n".join([*lines[:2], line, ""])])]
        text = "\n".join([*lines[:2], *kept, ""])
        places = [f"data.test.{line.split()[0]}" for line in kept]
        prepared = compiled_codes([text], "v1", places)
        if comparison.server.policy(text) or isinstance(prepared, set):
            return
    for place in places:
        for strict in ("", "strict"):
            comparison.value(prepared, [text], place, given, "{}", strict)


def vector(pair: tuple[Comparison, Comparison], decide: random.Random, cases: Sequence[Case]) -> None:
    """One mutated case."""
    case = decide.choice(cases)
    comparison = pair[case.version == "v1"]
    modules = list(case.modules)
    if decide.random() < 0.85:
        at = decide.randrange(len(modules))
        modules[at] = mutations.mutated(decide, modules[at], decide.choice(cases).modules)
    given = case.given
    if decide.random() < 0.5:
        given = mutations.mutated_json(decide, given)
    # The server takes null for no input at all.
    given = "" if given == "null" else given
    comparison.case(case, modules, given)
