"""A policy's expressions in one function (`fuse.py`), for one set of parameters."""

from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any, Final, final

from lockgate.engine.cel.budget import FATAL, CostBudget
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.links import Link, resolve
from lockgate.engine.cel.runtime import NAMES
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.meter import RUNNING
from lockgate.engine.record import record

# Which validations do not hold, each with what its message's expression gives.
Found = Sequence[tuple[int, Value]]
_Run = Callable[[Any, CostBudget], Found]


@record
class FusedArtifact:
    """The compiled function as plain data, with that of each fixed part (`slot0` and so on).

    source: the Python that `code` was made of, for people; not stored.
    """

    code: CodeType
    links: tuple[Link, ...]
    slots: int
    source: str = ""

    def to_plain(self) -> tuple[Any, ...]:
        """The artifact for `marshal`."""
        return self.code, self.links, self.slots

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "FusedArtifact":
        """The artifact from what `to_plain` gave."""
        return cls(*plain)


@final
class FusedCode:
    """The function that the constraints of a template share, made when it is first asked for.

    functions: those that it calls.
    """

    __slots__ = ("_made", "_make", "_waiting", "functions")

    def __init__(
        self, functions: Mapping[str, Function], make: Callable[[], FusedArtifact | None], after: int
    ) -> None:
        self.functions: Final = functions
        self._make = make
        self._made: tuple[FusedArtifact | None] | None = None
        # Evaluations until it is made.
        self._waiting = after

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...] | None, functions: Mapping[str, Function]) -> "FusedCode":
        """The code from what `to_plain` gave."""
        made = None if plain is None else FusedArtifact.from_plain(plain)
        return cls(functions, lambda: made, 0)

    def to_plain(self) -> tuple[Any, ...] | None:
        """The code for `marshal`."""
        made = self.artifact()
        return None if made is None else made.to_plain()

    def artifact(self) -> FusedArtifact | None:
        """The compiled function; None where there can be none."""
        if self._made is None:
            self._made = (self._make(),)
        return self._made[0]

    def due(self) -> FusedArtifact | None:
        """The compiled function where it is worth making; None for one evaluation more without it."""
        if self._made is None and self._waiting > 0:
            self._waiting -= 1
            return None
        return self.artifact()


@final
class Fused:
    """The function of one set of parameters, made when it is first asked. Safe to use from several threads.

    names: gives the variables that fixed parts may name, which pay from a budget.
    """

    __slots__ = ("_code", "_names", "_run")

    def __init__(
        self,
        code: FusedCode,
        names: Callable[[CostBudget], dict[str, Value]],
    ) -> None:
        self._code: Final = code
        self._names: Final = names
        self._run: _Run | None = None

    def find(self, given: Any, budget: CostBudget) -> Found | None:
        """Which validations do not hold of what is given; None where each expression has to be evaluated with care.

        The budget is as for one expression.
        """
        artifact = None
        if self._run is None:
            artifact = self._code.due()
            if artifact is None:
                return None
        around = RUNNING.budget
        RUNNING.budget = budget
        try:
            run = self._run
            if run is None:
                assert artifact is not None
                run = self._bind(artifact, budget.limits)
            return run(given, budget)
        except Exception:  # noqa: BLE001 - as in `Expression.evaluate`, which tells what it means
            return None
        finally:
            RUNNING.budget = around

    def _bind(self, artifact: FusedArtifact, limits: Limits) -> _Run:
        """The function with what is fixed. What cannot be computed is left out, so that it fails where it is needed."""
        space: dict[str, Any] = {**NAMES, **resolve(artifact.links, self._code.functions)}
        exec(artifact.code, space)  # noqa: S102 - our own generated code; expressions reach it as literals only
        budget = CostBudget(limits)
        around = RUNNING.budget
        RUNNING.budget = budget
        names = self._names(budget)
        try:
            for number in range(artifact.slots):
                try:
                    space[f"fixed{number}"] = space.pop(f"slot{number}")(names, budget)
                except FATAL:
                    # Another evaluation may have the time for it.
                    raise
                except Exception:  # noqa: BLE001, S112 - that is told where it is needed
                    continue
        finally:
            RUNNING.budget = around
            # The variables hold each other.
            names.clear()
        space["FIXED"] = budget.taken
        found: _Run = space["run"]
        self._run = found
        return found
