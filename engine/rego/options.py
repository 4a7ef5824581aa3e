"""How modules are compiled, apart from what they may call."""

from typing import Final, Literal

from lockgate.engine.record import record


@record
class CompileOptions:
    """prints: are `print` statements kept, or left out as if they were not written? checks: see `strict`."""

    prints: Literal["kept", "left out"] = "left out"
    checks: Literal["usual", "strict"] = "usual"


USUAL: Final = CompileOptions()
