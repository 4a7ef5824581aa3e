"""A Trace: which clauses of rules an evaluation tried, how far each got, and with which values.

A body is a conjunction, and its statements run in one order. So the last statement that a clause without a value
ever reached is the one that failed: had it held once, the next would have been reached.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.probes import Probe

# Clauses that are kept of one evaluation, and what each keeps; what is beyond is counted only.
MAX_ATTEMPTS = 5_000
MAX_GIVEN = 100
MAX_BELOW = 200


@dataclass(slots=True)
class Reached:
    """A statement that was reached, with the values that its probe names, and what it may refer to."""

    probe: Probe
    values: Sequence[Any]
    input: Any
    data: Any


@dataclass(slots=True)
class Attempt:
    """One evaluation of a rule's clause.

    case: the name of the test case that it tries. is_split: is it only what came before cases of its rule? gave: its
    values, where it held. steps: its statements in the order in which they were first reached. reached: the furthest statement. inner: the last statement reached inside of an
    `every` there. below: attempts that the furthest statement caused.
    """

    rule: Probe
    arguments: Sequence[Any]
    gave: list[Any] = field(default_factory=list)
    given: int = 0
    steps: list[Probe] = field(default_factory=list)
    reached: Reached | None = None
    inner: Reached | None = None
    below: "list[Attempt]" = field(default_factory=list)
    case: Value = None
    is_split: bool = False
    _now: int = -1

    def reach(self, probe: Probe, values: Sequence[Any], context: Any) -> None:
        """Notes that a statement of the clause was reached."""
        if probe.kind == "inner":
            self.inner = Reached(probe, values, context.input, context.data)
            return
        self._now = probe.index
        if self.reached is None or probe.index > self.reached.probe.index:
            self.reached = Reached(probe, values, context.input, context.data)
            self.steps.append(probe)
            self.inner = None
            self.below = []

    def add(self, attempt: "Attempt") -> None:
        """Notes an attempt that the current statement caused."""
        if self.reached is not None and self._now == self.reached.probe.index and len(self.below) < MAX_BELOW:
            self.below.append(attempt)


class Trace:
    """Collects what a program of mode `traced` tells (`codegen.watch.Tracer`)."""

    def __init__(self, probes: Sequence[Probe], cases: list[Value] | None = None) -> None:
        self._probes = probes
        # The names that `internal.test_case` has been given so far: each begins an attempt of its own.
        self.cases: list[Value] = [] if cases is None else cases
        self._cases_seen = 0
        self._open: list[Attempt] = []
        self._kept = 0
        self.left_out = 0
        self.attempts: list[Attempt] = []

    def enter(self, rule: int, context: Any, arguments: Sequence[Any]) -> None:
        """A clause of a rule is about to be evaluated."""
        attempt = Attempt(self._probes[rule], arguments)
        if self._kept < MAX_ATTEMPTS:
            self._kept += 1
            self.attempts.append(attempt)
            if self._open:
                self._open[-1].add(attempt)
        else:
            self.left_out += 1
        self._open.append(attempt)

    def tried(self, statement: int, context: Any, values: Sequence[Any]) -> None:
        """A statement is about to be evaluated."""
        probe = self._probes[statement]
        # What depends on constants alone is evaluated apart from the clause that asks for it.
        if self._open and self._open[-1].rule is self._probes[probe.rule]:
            if len(self.cases) > self._cases_seen:
                self._split()
            self._open[-1].reach(probe, values, context)

    def _split(self) -> None:
        """Begins an attempt for the test case that was told of last."""
        self._cases_seen = len(self.cases)
        before = self._open[-1]
        before.is_split = before.is_split or (not before.given and before.case is None)
        attempt = Attempt(before.rule, before.arguments, case=self.cases[-1])
        self._open[-1] = attempt
        if self._kept < MAX_ATTEMPTS:
            self._kept += 1
            self.attempts.append(attempt)

    def gave(self, rule: int, value: Any) -> None:
        """A body held."""
        if len(self.cases) > self._cases_seen:
            self._split()
        attempt = self._open[-1]
        attempt.given += 1
        if len(attempt.gave) < MAX_GIVEN:
            attempt.gave.append(value)

    def leave(self, rule: int) -> None:
        """The evaluation of a clause is over."""
        self._open.pop()

    def of(self, path: tuple[str, ...]) -> list[Attempt]:
        """The attempts at the clauses of one rule."""
        return [attempt for attempt in self.attempts if attempt.rule.path == path]
