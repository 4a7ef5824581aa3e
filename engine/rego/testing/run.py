"""Runs the unit tests of policies.

A test passes when its rule is true. One that names cases passes when every case is true. What fails is evaluated a
second time, by a program that tells where its rules stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.printing import Printed
from lockgate.engine.codegen.values import UNDEFINED, Object, Undefined, Value, object_items, render_json
from lockgate.engine.errors import EvaluationError
from lockgate.engine.record import record
from lockgate.engine.rego.ast import Module
from lockgate.engine.rego.capabilities import ALL_BUILTINS, Capabilities
from lockgate.engine.rego.explanation import Explainer, Reason, Text
from lockgate.engine.rego.options import CompileOptions
from lockgate.engine.rego.program import Mode, Program, compile_program
from lockgate.engine.rego.testing.cases import TestRule, find_tests
from lockgate.engine.rego.testing.coverage import Coverage, measure
from lockgate.engine.rego.trace import Trace

Outcome = Literal["pass", "fail", "error", "skip"]

# A test that tells of more cases than this is not read by anybody.
MAX_CASES = 10_000
_MOST_REASONS = 20
# Tests may name what reaches outside: something stands in for it. No host is allowed, so that nothing else happens.
IN_TESTS: Final = Capabilities(ALL_BUILTINS, allow_net=frozenset())
_PRINTING: Final = CompileOptions(prints="kept")


@record
class CaseResult:
    """One case of a test, with the cases below its name."""

    name: str
    failed: bool
    cases: "tuple[CaseResult, ...]"

    def leaves(self) -> "list[CaseResult]":
        """The cases that have none below them."""
        return [self] if not self.cases else [leaf for case in self.cases for leaf in case.leaves()]


@record
class TestResult:
    """What became of one test. reasons: of one that failed, where its rule stopped. output: what it printed."""

    # Not a class of tests, whatever pytest may think of its name.
    __test__ = False

    rule: TestRule
    outcome: Outcome
    duration_ns: int
    cases: tuple[CaseResult, ...] = ()
    error: str = ""
    reasons: tuple[Reason, ...] = ()
    output: tuple[Printed, ...] = ()


@record
class TestRun:
    """What became of all tests."""

    __test__ = False

    results: tuple[TestResult, ...]
    coverage: Coverage | None

    def count(self, outcome: Outcome) -> int:
        """How many tests, or cases of tests that have some, came out so."""
        total = 0
        for result in self.results:
            if result.outcome in ("error", "skip") or not result.cases:
                total += result.outcome == outcome
                continue
            leaves = [leaf for case in result.cases for leaf in case.leaves()]
            total += sum([("fail" if leaf.failed else "pass") == outcome for leaf in leaves])
        return total


@dataclass(slots=True)
class Runner:
    """Runs tests under the same data and limits. `clock` gives nanoseconds, for the tests and for their durations."""

    texts: Sequence[Text]
    data: Mapping[str, Value]
    limits: Limits
    clock: Callable[[], int]
    capabilities: Capabilities = IN_TESTS
    _modules: list[Module] = field(default_factory=list)
    _tests: list[TestRule] = field(default_factory=list)
    _traced: Program | None = None

    def run(self, wanted: Callable[[str], bool], *, coverage: Literal["measured", ""] = "") -> TestRun:
        """Runs the tests whose full name is wanted. Raises RegoError for policies that do not compile."""
        self._modules, self._tests = find_tests([text.module for text in self.texts])
        program = self._compile("covered" if coverage else "plain")
        covered: set[int] = set()
        results = [self._run(program, test, covered) for test in self._tests if wanted(test.full_name)]
        found = measure(self.texts, program.artifact.probes, covered) if coverage else None
        return TestRun(tuple(results), found)

    def _compile(self, mode: Mode) -> Program:
        entries = sorted({test.full_name for test in self._tests})
        return compile_program(
            self._modules, entrypoints=entries, capabilities=self.capabilities, mode=mode, options=_PRINTING
        )

    def _run(self, program: Program, test: TestRule, covered: set[int]) -> TestResult:
        if test.skipped:
            return TestResult(test, "skip", 0)
        if test.is_function:
            message = "a function is no test: give the rule no arguments, or another name"
            return TestResult(test, "error", 0, error=message)
        names: list[Value] = []
        printed: list[Printed] = []
        begin = self.clock()
        try:
            value = program.prepare().evaluate(
                test.full_name,
                input=UNDEFINED,
                data=self.data,
                now_ns=begin,
                limits=self.limits,
                covered=covered,
                cases=names,
                print_sink=printed.append,
            )
        except EvaluationError as error:
            duration = self.clock() - begin
            return TestResult(test, "error", duration, error=str(error), output=tuple(printed))
        duration = self.clock() - begin
        cases: tuple[CaseResult, ...] = ()
        if test.has_cases and not isinstance(value, Undefined):
            cases = _case_results(value, names)
            failed = any(case.failed for case in cases)
        else:
            failed = value is not True
        if not failed:
            return TestResult(test, "pass", duration, cases, output=tuple(printed))
        reasons = self._reasons(test, begin)
        return TestResult(test, "fail", duration, cases, reasons=reasons, output=tuple(printed))

    def _reasons(self, test: TestRule, now_ns: int) -> tuple[Reason, ...]:
        """Where the rule of a test that failed stopped."""
        if self._traced is None:
            self._traced = self._compile("traced")
        names: list[Value] = []
        trace = Trace(self._traced.artifact.probes, names)
        try:
            self._traced.prepare().evaluate(
                test.full_name,
                input=UNDEFINED,
                data=self.data,
                now_ns=now_ns,
                limits=self.limits,
                tracer=trace,
                cases=names,
            )
        except EvaluationError:
            # It did not end so before: the same evaluation, watched, takes more time and stack.
            return ()
        explainer = Explainer(self.texts)
        all_attempts = [attempt for attempt in trace.of(test.path) if not attempt.is_split]
        attempts = [attempt for attempt in all_attempts if not attempt.given] or all_attempts
        return tuple([explainer.reason(attempt) for attempt in attempts[:_MOST_REASONS]])


@dataclass(slots=True)
class _Cases:
    """Cases by name, while they are gathered."""

    failed: bool = False
    below: "dict[str, _Cases]" = field(default_factory=dict)

    def result(self, name: str) -> CaseResult:
        return CaseResult(
            name, self.failed, tuple([below.result(key) for key, below in sorted(self.below.items())])
        )


def _case_results(value: Value, names: Sequence[Value]) -> tuple[CaseResult, ...]:
    """The cases of a test: those that its value has, and as failed those that were only told of."""
    root = _from_value(value)
    for name in names[:MAX_CASES]:
        if isinstance(name, list):
            _tell(root, [_shown(part) for part in name])
    return root.result("").cases


def _from_value(value: Value) -> _Cases:
    if not isinstance(value, dict | Object):
        return _Cases(failed=value is not True)
    below = {_shown(name): _from_value(member) for name, member in object_items(value)}
    return _Cases(any(case.failed for case in below.values()), below)


def _tell(root: _Cases, path: Sequence[str]) -> None:
    trail = [root]
    for part in path:
        known = trail[-1].below.get(part)
        if known is None:
            known = trail[-1].below[part] = _Cases(failed=True)
        trail.append(known)
    for case in trail[:-1]:
        case.failed = case.failed or trail[-1].failed


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else render_json(value)
