"""How a builtin says that it has no answer."""

from typing import Literal

from lockgate.engine.codegen.spending import LimitError
from lockgate.engine.codegen.values import Value, type_name
from lockgate.engine.errors import EvaluationError

BuiltinCode = Literal["eval_type_error", "eval_builtin_error"]


class BuiltinError(EvaluationError):
    """A builtin was called with the wrong types or cannot compute its result.

    The caller makes the call undefined or, under strict errors, an error; the message lacks the builtin's name.
    Exhausted limits are other EvaluationErrors, which must not be turned into undefined.
    """

    def __init__(self, message: str, code: BuiltinCode = "eval_builtin_error") -> None:
        super().__init__(message)
        self.code: BuiltinCode = code


class BuiltinLimitError(LimitError):
    """A builtin's input or output is over a limit; the evaluation has to end with an error."""


def operand_error(position: int, text: str) -> BuiltinError:
    """The error for an operand (counted from 1) of the right type and a wrong value."""
    return BuiltinError(f"operand {position} {text}", "eval_type_error")


def type_error(position: int, got: Value, *expected: str) -> BuiltinError:
    """The error for an operand (counted from 1) of a wrong type."""
    wanted = expected[0] if len(expected) == 1 else "one of {" + ", ".join(expected) + "}"
    return operand_error(position, f"must be {wanted} but got {type_name(got)}")


def element_error(position: int, composite: Value, got: Value, *expected: str) -> BuiltinError:
    """The error for an operand that holds an element of a wrong type."""
    outer = type_name(composite)
    wanted = f"{expected[0]}s" if len(expected) == 1 else "(any of) {" + ", ".join(expected) + "}"
    return operand_error(position, f"must be {outer} of {wanted} but got {outer} containing {type_name(got)}")
