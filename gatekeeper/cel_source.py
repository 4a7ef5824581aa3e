"""The source of engine K8sNativeValidation in a template: expressions and what becomes of their errors.

After github.com/open-policy-agent/gatekeeper v3.23 pkg/drivers/k8scel/schema/schema.go. Fields are those of a
ValidatingAdmissionPolicy, but for `matchCondition`, which is written in the singular.
"""

from typing import Final, Literal

from lockgate.engine.errors import Location
from lockgate.engine.record import record
from lockgate.gatekeeper.fields import Field
from lockgate.gatekeeper.scalar_text import ScalarText

# Names that Gatekeeper keeps for its own variables and conditions.
RESERVED_PREFIX: Final = "gatekeeper_internal_"
# Variables that every template has.
PARAMETERS: Final = "params"
ANY_OBJECT: Final = "anyObject"

FailurePolicy = Literal["Fail", "Ignore"]


@record
class ExpressionText:
    """An expression as it is written. Every line of a block scalar begins at the column of the first."""

    scalar: ScalarText

    @property
    def text(self) -> str:
        """What is written."""
        return self.scalar.text

    def location(self, offset: int) -> Location:
        """The place in the file of a code point of the text; its beginning for a negative offset."""
        before = self.text[: max(offset, 0)]
        column = len(before) - before.rfind("\n") - 1
        line, start = self.scalar.start
        return Location(self.scalar.file, line + before.count("\n"), start + column)

    def line_at(self, offset: int) -> str:
        """The line of the file at that place, for quoting."""
        line = self.location(offset).line
        lines = self.scalar.lines
        return lines[line - 1] if 0 < line <= len(lines) else ""


@record
class Named:
    """A variable, or a match condition."""

    name: str
    expression: ExpressionText


@record
class Validation:
    """What has to be true, and what is said where it is not. message_expression: None when there is none."""

    expression: ExpressionText
    message: str
    message_expression: ExpressionText | None


@record
class CelSource:
    """All of a template's CEL. variables: in the order in which they may refer to one another."""

    validations: tuple[Validation, ...]
    failure_policy: FailurePolicy
    match_conditions: tuple[Named, ...]
    variables: tuple[Named, ...]


def parse_cel_source(source: Field) -> CelSource:
    """Reads the `source` of the engine. Raises PolicyError for what Gatekeeper refuses."""
    source.get("generateVAP").boolean()
    return CelSource(
        validations=tuple([_validation(one) for one in source.get("validations").items()]),
        failure_policy=_failure_policy(source.get("failurePolicy")),
        match_conditions=tuple(
            [_named(one, "match condition") for one in source.get("matchCondition").items()]
        ),
        variables=tuple([_variable(one) for one in source.get("variables").items()]),
    )


def _validation(field: Field) -> Validation:
    message_expression = field.get("messageExpression")
    return Validation(
        _expression(field.get("expression")),
        field.get("message").string(),
        _expression(message_expression) if message_expression.string() else None,
    )


def _failure_policy(field: Field) -> FailurePolicy:
    if field.absent:
        return "Fail"
    if field.string() == "Fail":
        return "Fail"
    if field.string() == "Ignore":
        return "Ignore"
    field.refuse(f"unrecognized failure policy: {field.string()!r}", "use Fail or Ignore")


def _named(field: Field, what: str) -> Named:
    name = field.get("name")
    if name.string().startswith(RESERVED_PREFIX):
        name.refuse(
            f"{name.string()!r} is not a valid {what}; it cannot have {RESERVED_PREFIX!r} as a prefix",
            "give it another name",
        )
    return Named(name.string(), _expression(field.get("expression")))


def _variable(field: Field) -> Named:
    variable = _named(field, "variable")
    if variable.name in (PARAMETERS, ANY_OBJECT):
        field.get("name").refuse(
            f"{variable.name!r} is not a valid variable name; Gatekeeper has a variable of this name",
            "give it another name",
        )
    return variable


def _expression(field: Field) -> ExpressionText:
    return ExpressionText(ScalarText(field.string(), field.document, field.path))
