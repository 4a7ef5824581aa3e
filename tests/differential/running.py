"""Runs of comparisons by seed: generated policies, calls of builtins, mutated conformance cases."""

import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.differential import calls, mutations, texts
from tests.differential.comparing import Comparison, compiled_codes
from tests.differential.grammar import DATA, Policy
from tests.differential.vectors import Case
from tests.e2e.programs import program
from tests.e2e.rego_server import opa_server


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
    names = [
        "data.lib",
        *[
            r.path if r.path.startswith("data") else f"data.test.{r.path}"
            for r in writing.rules
            if r.kind != "function"
        ],
    ]
    names = [name.replace("data.lib.", "data.lib.") for name in names]
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
    comparison.case(case, modules, given)
