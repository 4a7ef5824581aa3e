"""What a policy prints while it runs, for whoever gave the evaluation a sink."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from lockgate.engine.codegen.places import Positions, at
from lockgate.engine.codegen.values import Set, ordered, render_rego
from lockgate.engine.errors import Location
from lockgate.engine.record import record


@record
class Printed:
    """One line that a policy printed, and the place of the statement."""

    text: str
    location: Location


# A list's `append` will do.
PrintSink = Callable[[Printed], None]


def printed(context: Any, positions: Positions, number: int, operands: Sequence[Set]) -> bool:
    """Gives the sink a line for each combination of the operands' values, each a set that is empty for undefined."""
    if context.print_sink is None:
        return True
    shown = [
        [value if type(value) is str else render_rego(value) for value in ordered(operand.members.values())]
        or ["<undefined>"]
        for operand in operands
    ]
    location = at(positions, number)
    for texts in product(*shown):
        context.spend(1 + sum(map(len, texts)) // 64)
        context.print_sink(Printed(" ".join(texts), location))
    return True
