"""Chooses the tests and cases of suites by name, as `gator verify --run` does (pkg/gator/verify/filter.go).

`a//b`: cases that `b` finds in tests that `a` finds. `a`: cases that it finds, and every case of tests that it finds.
"""

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.engine.regex import Pattern, RegexError, compile_pattern
from lockgate.gatekeeper.suite import Test


@record
class Filter:
    """What to run. `either` finds a test's or a case's name; else both patterns must find theirs."""

    either: Pattern | None = None
    test: Pattern | None = None
    case: Pattern | None = None

    def takes_test(self, test: Test) -> bool:
        """Is the test to be run, with some of its cases or none?"""
        if self.either is not None:
            return self.either.search(test.name) or any(self.either.search(case.name) for case in test.cases)
        return self.test is None or self.test.search(test.name)

    def takes_case(self, test: str, case: str) -> bool:
        """Is the case of the test to be run?"""
        if self.either is not None:
            return self.either.search(case) or self.either.search(test)
        return (self.test is None or self.test.search(test)) and (self.case is None or self.case.search(case))


def parse_filter(run: str | None) -> Filter:
    """The filter that `--run` asks for; none or an empty text takes everything. Raises UsageError."""
    if not run:
        return Filter()
    parts = run.split("//")
    if len(parts) > 2:
        raise UsageError(
            'invalid test filter: a filter may include at most one "//"', hint="write TEST//CASE"
        )
    try:
        patterns = [compile_pattern(part) for part in parts]
    except RegexError as error:
        raise UsageError(f"invalid test filter: {error.message}") from error
    return Filter(either=patterns[0]) if len(patterns) == 1 else Filter(test=patterns[0], case=patterns[1])
