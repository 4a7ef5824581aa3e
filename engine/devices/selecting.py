"""Which devices selectors take: expressions, compiled once and evaluated on each device.

Kubernetes' allocator gives up a claim when an expression fails on a device (k8s.io/dynamic-resource-allocation
structured, selectorsMatch), so such a device may or may not be given: it counts as one that can be reached.
"""

from collections.abc import Iterable, Sequence
from typing import Final, final

from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.errors import CelError, CostError, ExpressionError
from lockgate.engine.cel.selector import Selector, SelectorCompiler
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.devices.errors import UndecidableError
from lockgate.engine.devices.resource_slice import Device
from lockgate.engine.record import light_record

# Steps for all devices together: 30,000 devices and a long expression.
MAX_STEPS: Final = 10_000_000
# Expressions that are kept compiled; who writes claims chooses them.
MAX_COMPILED: Final = 1_000
# Of an expression in a message.
_SHOWN: Final = 120


@light_record
class Taken:
    """A device that is taken, or may be: `trouble` says why that is not certain."""

    device: Device
    trouble: str = ""


@light_record
class Selected:
    """What expressions take, and how many steps it took to find out."""

    taken: tuple[Taken, ...]
    steps: int


@final
class Selecting:
    """Compiles and evaluates. Used by several threads at once."""

    def __init__(self) -> None:
        self._compiler: Final = SelectorCompiler()
        self._compiled: Final[dict[str, Selector | str]] = {}

    def select(self, expressions: Sequence[str], among: Iterable[Taken], seconds: float | None) -> Selected:
        """The devices that all expressions take. Raises UndecidableError: one is no selector, or it takes too long."""
        selectors = [(text, self._selector(text)) for text in expressions]
        budget = CostBudget(Limits(max_steps=MAX_STEPS, max_seconds=seconds))
        found: list[Taken] = []
        for one in among:
            trouble: str | None = one.trouble
            for text, selector in selectors:
                try:
                    if not selector.matches(one.device.value, budget):
                        trouble = None
                        break
                except CelError as error:
                    # What comes after it is not asked, as in the allocator.
                    trouble = f"{_shown(text)} fails: {error}"
                    break
                except CostError as error:
                    raise UndecidableError(f"{_shown(text)} costs too much: {error}") from None
            if trouble is not None:
                found.append(one if trouble == one.trouble else Taken(one.device, trouble))
        return Selected(tuple(found), budget.taken)

    def _selector(self, text: str) -> Selector:
        found = self._compiled.get(text)
        if found is None:
            try:
                found = self._compiler.compile(text)
            except ExpressionError as error:
                found = f"{_shown(text)} is no selector: {error}"
            if len(self._compiled) >= MAX_COMPILED:
                self._compiled.clear()
            self._compiled[text] = found
        if isinstance(found, str):
            raise UndecidableError(found)
        return found


def _shown(text: str) -> str:
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"selector `{cut}`"
