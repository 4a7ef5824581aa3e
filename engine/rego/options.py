"""How modules are compiled, apart from what they may call."""

from typing import Final, Literal

from lockgate.engine.record import record


@record
class CompileOptions:
    """prints: are `print` statements kept, or left out as if they were not written? checks: see `strict`.

    values: is what was read or made once used again, or is each made anew, which only costs time?
    """

    prints: Literal["kept", "left out"] = "left out"
    checks: Literal["usual", "strict"] = "usual"
    values: Literal["shared", "made anew"] = "shared"


USUAL: Final = CompileOptions()
