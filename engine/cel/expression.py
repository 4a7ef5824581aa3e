"""Compiled expressions: evaluated fast, and again with care where that fails."""

from collections.abc import Callable, Mapping
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from lockgate.engine.cel.budget import FATAL, POLICY_EXCEEDED, CostBudget, Evaluate
from lockgate.engine.cel.errors import CelError, CostError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.links import Link, resolve
from lockgate.engine.cel.runtime import NAMES
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.meter import RUNNING
from lockgate.engine.codegen.spending import Budget, LimitError
from lockgate.engine.record import record

if TYPE_CHECKING:
    from lockgate.engine.cel.ast import Node
    from lockgate.engine.cel.knowledge import Typing

# What tracebacks of generated code name as its file.
CODE_FILE: Final = "<cel>"
# The name of the generated function.
FUNCTION: Final = "run"


@record
class Artifact:
    """A compiled expression as plain data. `code` is None where Python has no room for the fast path.

    source: the Python that `code` was made of, for people; not stored.
    """

    code: CodeType | None
    links: tuple[Link, ...]
    source: str = ""

    def to_plain(self) -> tuple[Any, ...]:
        """The artifact for `marshal`."""
        return self.code, self.links

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "Artifact":
        """The artifact from what `to_plain` gave."""
        return cls(*plain)


class Expression:
    """One expression. Safe to use from several threads.

    tree: gives the tree of the expression with its types, when it is first needed for the careful path.
    """

    def __init__(
        self,
        artifact: Artifact,
        functions: Mapping[str, Function],
        tree: "Callable[[], tuple[Node, Typing]]",
    ) -> None:
        self.artifact: Final = artifact
        self.functions: Final = functions
        self.tree: Final = tree
        self._careful: Evaluate | None = None
        # What `evaluate` tries first. Whatever Python raises there means that it has to be evaluated with care.
        self._fast: Evaluate | None = None if artifact.code is not None else self._with_care

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...], functions: Mapping[str, Function]) -> "Expression":
        """The expression from what `to_plain` gave, with the functions of its environment."""
        *artifact, stored = plain

        def tree() -> "tuple[Node, Typing]":
            # Few evaluations fail.
            from lockgate.engine.cel.stored_tree import load_tree

            checked = load_tree(stored, functions)
            return checked.node, checked

        return cls(Artifact.from_plain(tuple(artifact)), functions, tree)

    def to_plain(self) -> tuple[Any, ...]:
        """The expression for `marshal`: its artifact, and its tree for the careful path."""
        from lockgate.engine.cel.stored_tree import dump_tree

        return (*self.artifact.to_plain(), dump_tree(*self.tree()))

    def evaluate(self, variables: Mapping[str, Value], budget: CostBudget) -> Value:
        """The expression's value with these variables, values of CEL each.

        Raises CelError for an error of the evaluation, CostError where the budget is used up, and UnknownError where it
        needs what is not known here.
        """
        fast = self._fast
        if fast is None:
            # Most expressions are never evaluated by themselves.
            fast = self._fast = _link(self.artifact, self.functions)
        outside = budget.begin_call()
        around = RUNNING.budget
        RUNNING.budget = budget
        try:
            try:
                return fast(variables, budget)
            except FATAL:
                raise
            except Exception:  # noqa: BLE001 - whatever Python raises there: the careful path says what it means
                budget.undo_call()
            return self._with_care(variables, budget)
        except LimitError as error:
            raise CostError(f"{POLICY_EXCEEDED} ({error.message})") from error
        except MemoryError as error:
            raise CostError(POLICY_EXCEEDED) from error
        finally:
            RUNNING.budget = around
            budget.end_call(outside)

    def _with_care(self, variables: Mapping[str, Value], budget: Budget) -> Value:
        careful = self._careful
        try:
            if careful is None:
                # Few evaluations fail.
                from lockgate.engine.cel.careful import Careful

                node, typing = self.tree()
                careful = self._careful = Careful(self.functions, typing).expression(node)
            return careful(variables, budget)
        except (CelError, *FATAL):
            raise
        except RecursionError as error:
            raise CelError("a value is nested too deep") from error
        except Exception as error:
            # Ours to mend; until then the evaluation has failed, and nothing is allowed by it.
            raise CelError(f"internal error: {type(error).__name__}: {error}") from error


def _link(artifact: Artifact, functions: Mapping[str, Function]) -> Evaluate:
    names: dict[str, Any] = {**NAMES, **resolve(artifact.links, functions)}
    assert artifact.code is not None
    exec(artifact.code, names)  # noqa: S102 - our own generated code; expressions reach it as literals only
    found: Evaluate = names[FUNCTION]
    return found
