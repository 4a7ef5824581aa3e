"""What the CEL of a template compiles to."""

from collections.abc import Mapping

from lockgate.engine.cel.expression import Expression
from lockgate.engine.cel.fused import FusedCode
from lockgate.engine.record import record
from lockgate.gatekeeper.cel_source import FailurePolicy
from lockgate.gatekeeper.problems import Lint


@record
class CompiledValidation:
    """A validation. text: its expression as written. message_expression: None where there is none that can be used."""

    expression: Expression
    text: str
    message: str
    message_expression: Expression | None


@record
class CelTemplate:
    """A compiled template. conditions: its match conditions, each with its text. variables: the template's own, by name.

    names: of the variables, with those that Gatekeeper declares. fused: all of it in one function. reads: names of variables
    that an expression refers to, and `userInfo` for `request.userInfo`.
    """

    validations: tuple[CompiledValidation, ...]
    failure_policy: FailurePolicy
    conditions: tuple[tuple[Expression, str], ...]
    variables: Mapping[str, Expression]
    names: frozenset[str]
    fused: FusedCode
    reads: frozenset[str]
    lints: tuple[Lint, ...]
