"""Results of suites, and their text in the shape of `gator verify` (pkg/gator/verify/printer_go.go), after Go's tests.

The last line is ours: `N passed, N failed`, with `, N skipped` when some were; cases are counted, and a test
without cases, or that ended before its cases, counts as one of each of its cases (at least one).
"""

from collections.abc import Iterator
from typing import Literal

from lockgate.engine.record import record

Detail = Literal["failures", "all"]
Outcome = Literal["passed", "failed", "skipped"]


@record
class CaseResult:
    """One case: failed with an error, skipped for a reason, or passed. `seconds` is the time it took."""

    name: str
    outcome: Outcome
    text: str = ""
    seconds: float = 0.0


@record
class TestResult:
    """One test. `text`: the error that ended it before its cases, or why it was skipped.

    size: how many cases it has.
    """

    # Not a test of pytest's, which collects classes of this name.
    __test__ = False

    name: str
    outcome: Outcome
    cases: tuple[CaseResult, ...] = ()
    text: str = ""
    size: int = 0
    seconds: float = 0.0

    def counts(self) -> Iterator[Outcome]:
        """The outcome of each case, or of the whole test for each when there are none."""
        if self.cases:
            for case in self.cases:
                yield case.outcome
        else:
            for _ in range(max(1, self.size)):
                yield self.outcome


@record
class SuiteResult:
    """One suite. `skipped`: the suite itself says skip."""

    path: str
    tests: tuple[TestResult, ...]
    skipped: bool = False
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Did a test fail?"""
        return any(test.outcome == "failed" for test in self.tests)


@record
class SuiteReport:
    """All suites of a run."""

    suites: tuple[SuiteResult, ...]

    def count(self, outcome: Outcome) -> int:
        """How many cases ended so."""
        return sum(
            [
                1
                for suite in self.suites
                for test in suite.tests
                for found in test.counts()
                if found == outcome
            ]
        )

    @property
    def failed(self) -> bool:
        """Did anything fail?"""
        return any(suite.failed for suite in self.suites)


def render_report(report: SuiteReport, detail: Detail = "failures") -> str:
    """The report as text, with a line end at its end. `detail` "all" is gator's `--verbose`."""
    lines: list[str] = []
    for suite in report.suites:
        for test in suite.tests:
            lines.extend(_test(test, detail))
        lines.append(f"{'FAIL' if suite.failed else 'ok'}\t{suite.path}\t{suite.seconds:.3f}s")
        lines.extend(_reasons(suite))
    lines.append("FAIL" if report.failed else "PASS")
    skipped = report.count("skipped")
    tail = f", {skipped} skipped" if skipped else ""
    lines.append(f"{report.count('passed')} passed, {report.count('failed')} failed{tail}")
    return "\n".join(lines) + "\n"


def _test(test: TestResult, detail: Detail) -> Iterator[str]:
    if detail == "all":
        if test.outcome == "skipped":
            yield f"=== SKIP  {test.name}"
            return
        yield f"=== RUN   {test.name}"
    for case in test.cases:
        yield from _case(case, detail)
    if test.outcome == "failed":
        yield f"--- FAIL: {test.name}\t({test.seconds:.3f}s)"
        if test.text:
            yield f"  {test.text}"
    elif detail == "all":
        yield f"--- PASS: {test.name}\t({test.seconds:.3f}s)"


def _case(case: CaseResult, detail: Detail) -> Iterator[str]:
    if detail == "all":
        if case.outcome == "skipped":
            yield f"    === SKIP  {case.name}"
            return
        yield f"    === RUN   {case.name}"
    if case.outcome == "failed":
        yield f"    --- FAIL: {case.name}\t({case.seconds:.3f}s)"
        yield f"        {case.text}"
    elif detail == "all" and case.outcome == "passed":
        yield f"    --- PASS: {case.name}\t({case.seconds:.3f}s)"


def _reasons(suite: SuiteResult) -> Iterator[str]:
    """Why tests were skipped, where the suite itself did not ask for it."""
    for test in suite.tests:
        if test.outcome == "skipped" and test.text:
            yield f"  SKIP: {test.name}: {test.text}"
