"""Why a constraint says what it says of a review: what became of each `violation` rule of its template, or validation.

The template's Rego is compiled a second time, to a program that tells what it does, when the first review asks. Of its
CEL the parts of expressions that did not hold are evaluated again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import EvaluationError
from lockgate.engine.external_data import Asking
from lockgate.engine.policy import EvaluationContext, Policy
from lockgate.engine.record import record
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.explanation import Explainer, Reason
from lockgate.engine.rego.program import Program
from lockgate.engine.rego.trace import Trace
from lockgate.engine.review import Review
from lockgate.gatekeeper.compiled_rego import ENTRY_POINT, INVENTORY, TEMPLATE_CAPABILITIES
from lockgate.gatekeeper.policy import ConstraintPolicy, Gated
from lockgate.gatekeeper.rego_compile import ENTRY_PACKAGE, trace_template
from lockgate.gatekeeper.template import Template

# A rule that iterates is tried once; templates with more rules than this are read in their file.
MOST_REASONS: Final = 50


@record
class Traced:
    """What became of the rules; `error`: what ended the evaluation, and where it was then is the last reason.

    left_out: evaluations of rules beyond those that are kept.
    """

    reasons: tuple[Reason, ...]
    error: str
    left_out: int


@dataclass(slots=True)
class TemplateTracer:
    """Traces the policies of templates; each is compiled once."""

    templates: Iterable[Template]
    capabilities: Capabilities = TEMPLATE_CAPABILITIES
    _programs: dict[str, tuple[Program, Explainer]] = field(default_factory=dict)

    def trace(self, policy: Policy, review: Review, context: EvaluationContext) -> Traced:
        """Evaluates a policy that matches the review; nothing is told of one that is no constraint's.

        Raises PolicyError for a template that does not compile.
        """
        one: object = policy
        if isinstance(one, ConstraintPolicy):
            return self._trace_rego(one, review, context)
        if not isinstance(one, Gated):
            return Traced((), "", 0)
        # Most policies are Rego.
        from lockgate.gatekeeper.cel_policy import CelPolicy
        from lockgate.gatekeeper.cel_tracing import trace_cel

        source = self._template(one.key.kind).cel
        if not isinstance(one, CelPolicy) or source is None:
            return Traced((), "", 0)
        reasons, error = trace_cel(one, source, review, context)
        return Traced(tuple(reasons[:MOST_REASONS]), error, max(0, len(reasons) - MOST_REASONS))

    def _template(self, kind: str) -> Template:
        (template,) = [one for one in self.templates if one.kind == kind]
        return template

    def _trace_rego(self, policy: ConstraintPolicy, review: Review, context: EvaluationContext) -> Traced:
        program, explainer = self._program(policy.key.kind)
        trace = Trace(program.artifact.probes)
        inventory = context.facts.inventory
        parameters = policy.gate.constraint.parameters
        given: dict[str, Value] = {"review": review.request, "parameters": parameters}
        error = ""
        try:
            program.prepare().evaluate(
                ENTRY_POINT,
                input=given,
                data={} if inventory is None else {INVENTORY: inventory},
                now_ns=context.now_ns,
                limits=context.limits,
                tracer=trace,
                asking=None if context.session is None else Asking(context.session),
            )
        except EvaluationError as ended:
            error = str(ended)
        attempts = trace.of((*ENTRY_PACKAGE, "violation"))
        return Traced(
            tuple([explainer.reason(one) for one in attempts[:MOST_REASONS]]), error, trace.left_out
        )

    def _program(self, kind: str) -> tuple[Program, Explainer]:
        found = self._programs.get(kind)
        if found is None:
            program, texts = trace_template(self._template(kind), self.capabilities)
            found = self._programs[kind] = (program, Explainer(texts, ENTRY_PACKAGE))
        return found
