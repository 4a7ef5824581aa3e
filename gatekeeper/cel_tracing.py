"""Why a constraint whose template has CEL says what it says: which condition or validation failed, and at which part.

Told in the words of Rego's explanations: a `Reason` for each expression, whose statement is the decisive part of it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.errors import CelError, CostError, UnknownError
from lockgate.engine.cel.explanation import Part, decisive_part, plain_value
from lockgate.engine.cel.expression import Expression
from lockgate.engine.cel.values import Value
from lockgate.engine.policy import EvaluationContext
from lockgate.engine.rego.explanation import MAX_DEPTH, MAX_REASONS, MAX_TEXT, Named, Reason, Statement
from lockgate.engine.review import Review
from lockgate.gatekeeper.cel_policy import CelPolicy
from lockgate.gatekeeper.cel_source import CelSource, ExpressionText

_ERROR: Final = "error"


def trace_cel(
    policy: CelPolicy, source: CelSource, review: Review, context: EvaluationContext
) -> tuple[list[Reason], str]:
    """What became of the match conditions and, where those hold, of the validations; and what ended it, if something did.

    source: the CEL of the policy's template.
    """
    budget = CostBudget(context.limits)
    names = policy.names(policy.reviews.values(review), budget)
    reasons: list[Reason] = []
    try:
        for reason in _Tracing(policy, source, names, budget).reasons():
            reasons.append(reason)  # noqa: PERF402 - those before an error are kept
    except (CostError, UnknownError) as error:
        return reasons, str(error)
    finally:
        # The variables hold each other.
        names.clear()
    return reasons, ""


class _Tracing:
    def __init__(
        self, policy: CelPolicy, source: CelSource, names: Mapping[str, Value], budget: CostBudget
    ) -> None:
        self._template = policy.template
        self._source = source
        self._names = names
        self._budget = budget
        self._variables = {one.name: one.expression for one in source.variables}

    def reasons(self) -> Iterator[Reason]:
        applies = True
        for named, (expression, _) in zip(
            self._source.match_conditions, self._template.conditions, strict=True
        ):
            reason = self._reason(f"matchCondition {named.name}", expression, named.expression)
            applies = applies and reason.held
            yield reason
        if not applies:
            return
        for at, (validation, compiled) in enumerate(
            zip(self._source.validations, self._template.validations, strict=True)
        ):
            yield self._reason(f"validations[{at}]", compiled.expression, validation.expression)

    def _reason(self, rule: str, expression: Expression, text: ExpressionText, depth: int = 0) -> Reason:
        """What became of one expression: it held unless it is false or an error."""
        place = text.location(-1)
        try:
            value = expression.evaluate(self._names, self._budget)
        except CelError:
            value = False
        if value is not False:
            return Reason(rule, place, (), (plain_value(value),), 1, None, None, ())
        part = decisive_part(expression, self._names, self._budget)
        inner = part.inner
        while inner is not None and inner.inner is not None:
            inner = inner.inner
        because: list[Reason] = []
        if depth < MAX_DEPTH:
            reads = dict.fromkeys([*part.reads, *(() if inner is None else inner.reads)])
            known = [name for name in reads if name in self._variables][:MAX_REASONS]
            because = [
                self._reason(
                    f"variables.{name}", self._template.variables[name], self._variables[name], depth + 1
                )
                for name in known
            ]
        return Reason(
            rule,
            place,
            (),
            (),
            0,
            _statement(part, text),
            None if inner is None else _statement(inner, text),
            tuple(because),
        )


def _statement(part: Part, text: ExpressionText) -> Statement:
    values = [Named(name, value) for name, value in part.values]
    if part.error:
        values.append(Named(_ERROR, part.error))
    shown = part.text if len(part.text) <= MAX_TEXT else part.text[:MAX_TEXT] + "…"
    return Statement(text.location(part.offset), shown, tuple(values))
