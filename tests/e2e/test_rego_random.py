"""Random policies beside a running OPA: the same values, and errors of the same kind."""

import json
import os
import random
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Undefined, Value, parse_json
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import NO_VALUES, Prepared, Program, compile_program
from lockgate.engine.rego.source import Source

from tests.conformance.opa import agrees
from tests.e2e.rego_server import Server, opa_server
from tests.engine.rego_judging_programs import judging_module, random_values
from tests.engine.rego_programs import DATA, PARAMETERS, REVIEWS, random_module

pytestmark = pytest.mark.e2e

# LOCKGATE_RANDOM_SEED and LOCKGATE_RANDOM_COUNT ask for others or more.
SEED = int(os.environ.get("LOCKGATE_RANDOM_SEED", "1"))
COUNT = int(os.environ.get("LOCKGATE_RANDOM_COUNT", "150"))
CODE = re.compile(r"eval_\w+_error")


def value(plain: Any) -> Value:
    return parse_json(json.dumps(plain))


BASE = {name: value(item) for name, item in DATA.items()}


def compiled(text: str, entries: list[str], bound: Mapping[tuple[str, ...], Value] = NO_VALUES) -> Program:
    module = parse_module(Source(text, "random.rego"))
    return compile_program([module], entrypoints=entries, capabilities=Capabilities(), bound=bound)


class Asking:
    """Compares with one server; `counts` are of what was seen."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.counts: Counter[str] = Counter()

    def accepts(self, text: str) -> bool:
        """Do both take the policy? What OPA takes must be taken here."""
        codes = self.server.policy(text)
        try:
            compiled(text, ["data.test"])
        except RegoError as error:
            # OPA lets an object pattern of `some` declare a variable again.
            assert codes or "declared above" in str(error), f"{error}\n{text}"
            return False
        self.counts["refused by OPA alone" if codes else "rules"] += 1
        # OPA also checks types, and finds what is declared twice in more places.
        return not codes

    def compare(self, prepared: Prepared, entry: str, given: Any) -> None:
        """Compares one document for one input."""
        code, theirs = self.server.value(entry.removeprefix("data.").replace(".", "/"), given)
        ours: Value | Undefined
        try:
            ours = prepared.evaluate(entry, input=value(given), data=BASE, now_ns=0, limits=Limits())
            found = "undefined" if isinstance(ours, Undefined) else ""
        except EvaluationError as error:
            match = CODE.search(str(error))
            assert match, error
            ours, found = None, match.group()
        self.counts["values"] += 1
        if code == found and (code or agrees(ours, value(theirs))):  # type: ignore[arg-type]
            return
        # Conflicts in what need not be evaluated: OPA looks at some statements of a body earlier or later.
        # And its own failures.
        if "eval_conflict_error" in (code, found) or code == "eval_internal_error":
            self.counts["other order"] += 1
            return
        pytest.fail(f"{entry}: OPA {code or theirs}, here {found or ours}")


def test_random_policies() -> None:
    print(f"LOCKGATE_RANDOM_SEED={SEED}")
    with opa_server(DATA) as server:
        asking = Asking(server)
        for seed in range(SEED * 1_000_000, SEED * 1_000_000 + COUNT):
            text, names = random_module(seed, asking.accepts)
            server.policy(text)
            entries = [f"data.test.{name}" for name in names]
            program = compiled(text, entries)
            decide = random.Random(seed)
            for parameters in decide.sample(PARAMETERS, 2):
                prepared = program.prepare({("input", "parameters"): value(parameters)})
                for review in decide.sample(REVIEWS, 2):
                    for entry in entries:
                        try:
                            asking.compare(prepared, entry, {"parameters": parameters, "review": review})
                        except pytest.fail.Exception as failure:
                            pytest.fail(f"seed {seed}: {failure}\n{text}")
        print(dict(asking.counts))
        assert asking.counts["values"] > COUNT
        assert asking.counts["other order"] * 20 < asking.counts["values"]


def test_random_policies_that_judge() -> None:
    print(f"LOCKGATE_RANDOM_SEED={SEED}")
    with opa_server({}) as server:
        asking = Asking(server)
        for seed in range(SEED * 1_000_000, SEED * 1_000_000 + COUNT // 3):
            text, names = judging_module(seed, asking.accepts)
            asking.server.policy(text)
            entries = [f"data.test.{name}" for name in names]
            decide = random.Random(seed)
            for parameters in [random_values(decide), random_values(decide), None]:
                constants: dict[tuple[str, ...], Value] = {("input", "parameters"): value(parameters)}
                prepared = compiled(text, entries, constants).prepare(constants)
                for _ in range(2):
                    given = {"parameters": parameters, "review": random_values(decide)}
                    for entry in entries:
                        try:
                            asking.compare(prepared, entry, given)
                        except pytest.fail.Exception as failure:
                            pytest.fail(f"seed {seed}: {failure}\n{given}\n{text}")
        print(dict(asking.counts))
        assert asking.counts["values"] > COUNT // 3
