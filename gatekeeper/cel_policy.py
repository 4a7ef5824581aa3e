"""Constraints whose template is evaluated by CEL, as policies.

After github.com/open-policy-agent/gatekeeper v3.23 pkg/drivers/k8scel/driver.go and k8s.io/apiserver 0.34
pkg/admission/plugin/policy/validating/validator.go, whose messages these are. An error of an expression counts as a
violation, unless the template's failurePolicy is Ignore, when nothing comes of it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from lockgate.engine.cel.budget import MATCH_CONDITIONS_LIMIT, CostBudget
from lockgate.engine.cel.documents import native_document
from lockgate.engine.cel.errors import CelError, CostError, UnknownError
from lockgate.engine.cel.fused import Fused
from lockgate.engine.cel.lazy import LazyMap
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Failure, NotEvaluated, Violation
from lockgate.engine.policy import EvaluationContext
from lockgate.engine.record import changed, record
from lockgate.engine.review import Review
from lockgate.gatekeeper.cel_review import LastReview, ReviewValues
from lockgate.gatekeeper.cel_source import ANY_OBJECT, PARAMETERS
from lockgate.gatekeeper.compiled_cel import CelTemplate, CompiledValidation
from lockgate.gatekeeper.policy import Gated, absent_field

# Of a messageExpression's result in bytes (celconfig.MaxEvaluatedMessageExpressionSizeBytes).
MAX_MESSAGE: Final = 5 * 1024

# What Go's strings.TrimSpace takes away.
_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

Outcomes = Sequence[Violation | Failure | NotEvaluated]


@record
class CelPolicy(Gated):
    """A constraint whose template's CEL is compiled.

    constraint: what expressions see as `params`; parameters: as `variables.params`, None where there are none.
    fused: what says which validations do not hold, if it can. unknown: fields of the review that must be known.
    reviews: where policies share what they make of a review.
    """

    template: CelTemplate
    constraint: Value
    parameters: Value
    fused: Fused
    unknown: frozenset[str]
    reviews: LastReview

    def violations(self, review: Review, context: EvaluationContext) -> Outcomes:
        """Violations, or the one failure or lack of knowledge that prevented them."""
        for name in self.unknown:
            needs = absent_field(name, review)
            if needs:
                return [NotEvaluated(self.key, needs, fixed=True)]
        values = self.reviews.values(review)
        found = self.fused.find(values, values.budget(context.limits))
        if found is not None:
            validations = self.template.validations
            return [self._violation(_told(validations[number], made)) for number, made in found]
        try:
            return self._evaluate(values, context.limits)
        except UnknownError as error:
            return [NotEvaluated(self.key, error.needs)]
        except CostError as error:
            return [Failure(self.key, str(error))] if self._fails else ()

    @property
    def _fails(self) -> bool:
        return self.template.failure_policy == "Fail"

    def _evaluate(self, values: ReviewValues, limits: Limits) -> Outcomes:
        if self.template.conditions:
            # Conditions have a limit, and lazily computed variables, of their own.
            smaller = changed(limits, max_steps=min(limits.max_steps, MATCH_CONDITIONS_LIMIT))
            errors = self._failed_conditions(values, CostBudget(smaller))
            if errors is None or (errors and not self._fails):
                return ()
            if errors:
                text = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
                return [self._violation(text)]
        return self._validated(values, CostBudget(limits))

    def _failed_conditions(self, values: ReviewValues, budget: CostBudget) -> list[str] | None:
        """The errors of match conditions, each once; None when one of them says that the policy does not apply."""
        errors: dict[str, None] = {}
        names = self.names(values, budget)
        try:
            for expression, text in self.template.conditions:
                try:
                    if expression.evaluate(names, budget) is False:
                        return None
                except CelError as error:
                    errors[_error_text(text, error)] = None
        finally:
            names.clear()
        return list(errors)

    def _validated(self, values: ReviewValues, budget: CostBudget) -> Outcomes:
        found: list[Violation] = []
        names = self.names(values, budget)
        try:
            for validation in self.template.validations:
                try:
                    holds = validation.expression.evaluate(names, budget)
                except CelError as error:
                    if self._fails:
                        found.append(self._violation(_error_text(validation.text, error)))
                    continue
                if holds is not True:
                    found.append(self._violation(_message(validation, names, budget)))
        finally:
            # The variables hold each other; like this they are gone at once, and no collector has to find them.
            names.clear()
        return found

    def names(self, values: ReviewValues, budget: CostBudget) -> dict[str, Value]:
        """What expressions may name. Cleared by whoever asked for it, since the variables hold each other."""
        names = named_parameters(self.template, self.constraint, self.parameters, budget)
        names["variables"][ANY_OBJECT] = values.any_object
        names["object"] = values.object
        names["oldObject"] = values.old_object
        reads = self.template.reads
        if "request" in reads:
            names["request"] = values.request
        if "namespaceObject" in reads:
            names["namespaceObject"] = values.namespace
        return names

    def _violation(self, message: str) -> Violation:
        gate = self.gate
        return Violation(
            self.key, message, gate.constraint.actions, fix=gate.fix, docs=gate.docs, rule=gate.rule
        )


def named_parameters(
    template: CelTemplate, constraint: Value, parameters: Value, budget: CostBudget
) -> dict[str, Value]:
    """What expressions may name that is the same for all reviews of a constraint."""
    names: dict[str, Value] = {"params": constraint}
    variables = template.variables

    def compute(name: str) -> Value:
        try:
            return variables[name].evaluate(names, budget)
        except CelError as error:
            raise CelError(f'composited variable "{name}" fails to evaluate: {error}') from error

    lazy = names["variables"] = LazyMap(template.names, compute)
    lazy[PARAMETERS] = parameters
    return names


def _message(validation: CompiledValidation, names: Mapping[str, Value], budget: CostBudget) -> str:
    """What is said of a validation that does not hold: the result of its messageExpression if that can be shown."""
    made = None
    if validation.message_expression is not None:
        try:
            made = validation.message_expression.evaluate(names, budget)
        except CelError:
            made = None
        except CostError as error:
            raise CostError(f"failed messageExpression: {error}") from error
    return _told(validation, made)


def _told(validation: CompiledValidation, made: Value) -> str:
    """What is said of a validation that does not hold. made: the result of its messageExpression, or None."""
    message = ""
    if type(made) is str:
        message = made.strip(_SPACE)
        if "\n" in message or len(message.encode("utf-8", "surrogatepass")) > MAX_MESSAGE:
            message = ""
    return (
        message or validation.message.strip(_SPACE) or f"failed expression: {validation.text.strip(_SPACE)}"
    )


def _error_text(text: str, error: CelError) -> str:
    return f"expression '{text}' resulted in error: {error}"


def make_cel_policy(
    gated: Gated, template: CelTemplate, *, unknown: frozenset[str], reviews: LastReview
) -> CelPolicy:
    """The policy of a constraint. `unknown`: those of the fields that a template may read which may not be known."""
    constraint = native_document(dict(gated.gate.constraint.object))
    spec = constraint.get("spec")
    parameters = spec.get("parameters") if isinstance(spec, dict) else None
    names = partial(named_parameters, template, constraint, parameters)
    return CelPolicy(
        gated.gate,
        gated.key,
        template,
        constraint,
        parameters,
        Fused(template.fused, names),
        unknown & template.reads,
        reviews,
    )
