"""What is wrong with Rego, with OPA's error codes."""

from collections.abc import Sequence
from typing import Literal

from lockgate.engine.errors import EvaluationError, Location, PolicyError
from lockgate.engine.record import record

CompileCode = Literal[
    "rego_parse_error",
    "rego_compile_error",
    "rego_unsafe_var_error",
    "rego_recursion_error",
    "rego_type_error",
]
RuntimeCode = Literal[
    "eval_conflict_error",
    "eval_builtin_error",
    "eval_type_error",
    "eval_with_merge_error",
    "eval_internal_error",
    "eval_cancel_error",
]


@record
class Problem:
    """One thing that is wrong, with its place. `details` are lines that OPA prints below the message."""

    code: CompileCode
    message: str
    location: Location
    quoted: str = ""
    hint: str = ""
    details: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """What helps to mend it, in a line: the hint, or what the details say that there is and what is wanted."""
        if self.hint:
            return self.hint
        lines = [" ".join(line.split()) for line in self.details]
        return "; ".join([line for line in lines if line.startswith(("have", "want", "left", "right"))])


class RegoError(PolicyError):
    """Rego that does not parse or compile. `errors` has every problem found, the first also as the message."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(
            f"{first.code}: {first.message}", location=first.location, hint=first.advice, quoted=first.quoted
        )
        self.errors = tuple(problems)
        self.code = first.code


class RegoRuntimeError(EvaluationError):
    """An evaluation that ended with an error, such as a conflict between rules or an exhausted budget."""

    def __init__(self, code: RuntimeCode, message: str, location: Location | None = None) -> None:
        super().__init__(f"{code}: {message}", location=location)
        self.code = code
        self.reason = message
