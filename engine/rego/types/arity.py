"""Calls of builtins with too many or too few arguments, as OPA tells them before it knows types of variables."""

from typing import Literal

from lockgate.engine.rego.ast import Call
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.types.compatibility import Types
from lockgate.engine.rego.types.environment import Layer
from lockgate.engine.rego.types.messages import argument_lines
from lockgate.engine.rego.types.terms import TermTypes


def arity_mismatch(name: str, call: Call, place: Literal["statement", "value"]) -> Problem:
    """The problem of a call that has not as many arguments as its builtin takes."""
    types = Types()
    terms = TermTypes(types)
    have = [terms.of(argument, Layer(None)) for argument in call.arguments]
    if place == "value":
        have.append(None)  # The variable that takes its result.
    signature = terms.signatures.get(name)
    details = () if signature is None else argument_lines(types, have, signature, with_result=False)
    return Problem("rego_type_error", f"{name}: arity mismatch", call.location, details=details)
