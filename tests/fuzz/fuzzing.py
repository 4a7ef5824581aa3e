"""One fuzzed program by seed: it compiles and evaluates, or raises a LockgateError; anything else is a finding."""

import random
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, parse_json
from lockgate.engine.errors import EvaluationError, InputError, LockgateError
from lockgate.engine.rego.capabilities import ALL_BUILTINS, Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.query import compile_query
from lockgate.engine.rego.source import Source

from tests.differential import mutations, texts
from tests.differential.grammar import DATA, Policy
from tests.differential.shrinking import shrunk
from tests.differential.vectors import Case

CAPABILITIES = Capabilities(builtins=ALL_BUILTINS - {"http.send", "net.lookup_ip_addr"})
_LIMITS = Limits(max_steps=200_000)


@dataclass(frozen=True, slots=True)
class Finding:
    """An exception that is not the engine's own, and what raised it."""

    seed: int
    exception: str
    modules: tuple[str, ...]
    query: str
    given: str
    case: Case

    @property
    def place(self) -> str:
        """Where it was raised: findings of one place have one cause, mostly."""
        lines = self.exception.strip().split("\n")
        raised = [line.strip() for line in lines if line.startswith("  File")]
        return f"{lines[-1].split(':')[0]} {raised[-1] if raised else ''}"

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.exception}\nquery {self.query}\ninput {self.given[:500]}\n"
            + "\n".join(self.modules)
        )


def _compiles(modules: Sequence[str]) -> bool:
    """Are the modules right? What crashes the compiler is: it is to be found."""
    try:
        parsed = [parse_module(Source(text, f"test{at}")) for at, text in enumerate(modules)]
        compile_program(parsed, entrypoints=["data.test"], capabilities=CAPABILITIES)
    except LockgateError:
        return False
    except Exception:  # noqa: BLE001 - as above
        return True
    return True


class Fuzzer:
    """Fuzzes with cases as material; without any, with generated policies alone."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases
        self.counts: Counter[str] = Counter()
        self.findings: list[Finding] = []

    def once(self, seed: int) -> None:
        """One program and one input, decided by the seed."""
        decide = random.Random(seed)
        case = self._case(decide)
        modules = list(case.modules)
        others = decide.choice(self.cases).modules if self.cases else case.modules
        for _ in range(decide.choice([0, 1, 1, 2])):
            at = decide.randrange(len(modules))
            if decide.random() < 0.75:
                modules[at] = mutations.mutated(decide, modules[at], others)
            else:
                modules[at] = mutations.noisy(decide, modules[at])
        given = case.given
        if decide.random() < 0.4:
            given = mutations.mutated_json(decide, given)
        elif decide.random() < 0.2:
            given = mutations.noisy(decide, given)
        query = mutations.mutated(decide, case.query, others) if decide.random() < 0.1 else case.query
        try:
            self.counts[self._outcome(case, modules, query, given)] += 1
        except Exception:  # noqa: BLE001 - this is what is sought
            self.findings.append(
                Finding(seed, traceback.format_exc(limit=-6), tuple(modules), query, given, case)
            )
            self.counts["findings"] += 1

    def smaller(self, finding: Finding) -> Finding:
        """The finding with no more program than it needs."""
        found = [finding]

        def still(modules: list[str]) -> bool:
            try:
                self._outcome(finding.case, modules, finding.query, finding.given)
            except Exception:  # noqa: BLE001 - as above
                text = traceback.format_exc(limit=-6)
                again = Finding(
                    finding.seed, text, tuple(modules), finding.query, finding.given, finding.case
                )
                if again.place == finding.place:
                    found[0] = again
                    return True
            return False

        shrunk(finding.modules, still)
        return found[0]

    def _case(self, decide: random.Random) -> Case:
        if self.cases and decide.random() < 0.7:
            return decide.choice(self.cases)
        modules = Policy(decide).modules(_compiles)
        return Case("generated", "v1", tuple(modules), "data.test = x", DATA, texts.document(decide), "")

    def _outcome(self, case: Case, modules: Sequence[str], query: str, given: str) -> str:
        try:
            parsed = [
                parse_module(Source(text, f"test{at}", case.version)) for at, text in enumerate(modules)
            ]
            compiled = compile_query(query, parsed, capabilities=CAPABILITIES, version=case.version)
        except RegoError as error:
            return error.code
        except LockgateError:
            return "limit of compilation"
        try:
            value = parse_json(given) if given else UNDEFINED
        except InputError:
            return "input refused"
        data = parse_json(case.data)
        assert isinstance(data, dict)
        try:
            compiled.bindings(input=value, data=data, now_ns=1, limits=_LIMITS, strict=case.strict)
        except EvaluationError as error:
            return str(error.message).split(":", 1)[0][:30]
        return "value"
