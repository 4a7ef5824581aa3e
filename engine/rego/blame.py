"""Which rule an evaluation was in when it reached a limit.

An error with a place belongs to the rule that begins last before it. One that Python raised (its stack or the memory
was exhausted) belongs to the rule of the innermost generated function.
"""

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Final

from lockgate.engine.codegen.spending import LimitError
from lockgate.engine.errors import Location

# What generated code has for a file name in tracebacks.
CODE_FILE: Final = "<rego>"

# (number in the names of its functions, name, file, line, column) of each definition.
Rules = Sequence[tuple[int, str, str, int, int]]

_FUNCTION: Final = re.compile(r"r([0-9]+)_")


def blamed(error: BaseException, rules: Rules) -> LimitError:
    """The error to raise, with rule and line. It keeps nothing of the evaluation alive, as a traceback would."""
    if isinstance(error, LimitError):
        return _placed(error, rules)
    what = "nests too deep" if isinstance(error, RecursionError) else "needs more memory than there is"
    found = _innermost(error.__traceback__, rules)
    if found is None:
        return LimitError(f"eval_cancel_error: {what}")
    _, name, file, line, column = found
    return LimitError(f"eval_cancel_error: rule {name} {what}", location=Location(file, line, column))


def place_of(entrypoint: str, rules: Rules) -> Location | None:
    """Where the first rule of an entry point, or below it, begins."""
    for _, name, *place in rules:
        if name == entrypoint or name.startswith(entrypoint + "."):
            return Location(*place)  # type: ignore[arg-type]
    return None


def _placed(error: LimitError, rules: Rules) -> LimitError:
    place = error.location
    message = error.message.removeprefix("eval_cancel_error: ")
    name = ""
    if place is not None:
        before = [r for r in rules if r[2] == place.file and (r[3], r[4]) <= (place.line, place.column)]
        name = max(before, key=lambda rule: rule[3:])[1] if before else ""
    else:
        found = _innermost(error.__traceback__, rules)
        if found is not None:
            _, name, file, line, column = found
            place = Location(file, line, column)
    shown = f"rule {name}: {message}" if name else message
    return LimitError(f"eval_cancel_error: {shown}", location=place, hint=error.hint)


def _innermost(traceback: TracebackType | None, rules: Rules) -> tuple[int, str, str, int, int] | None:
    """The first definition of the rule whose function is innermost."""
    number = -1
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == CODE_FILE:
            match = _FUNCTION.match(code.co_name)
            number = int(match[1]) if match else number
        traceback = traceback.tb_next
    return next((rule for rule in rules if rule[0] == number), None)
