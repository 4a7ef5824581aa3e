"""Constraints whose templates ask providers of external data."""

from collections.abc import Sequence
from hashlib import sha256

from lockgate.engine.decision import Failure, NotEvaluated, Violation
from lockgate.engine.errors import EvaluationError
from lockgate.engine.external_data import Asking, OnError, UnansweredError
from lockgate.engine.policy import EvaluationContext
from lockgate.engine.record import record
from lockgate.engine.rego.program import Prepared
from lockgate.engine.review import Review
from lockgate.gatekeeper.compiled_rego import ENTRY_POINT, INVENTORY
from lockgate.gatekeeper.policy import ConstraintPolicy


@record
class ExternalPolicy(ConstraintPolicy):
    """A constraint whose template's Rego calls `external_data`.

    on_error: what comes of it when a provider fails; None leaves that to the policy.
    """

    prepared: Prepared
    on_error: OnError | None

    @property
    def digest(self) -> str:
        """That of the constraint, and what comes of failures."""
        text = f"{self.gate.constraint.digest}\nonError {self.on_error or ''}"
        return sha256(text.encode()).hexdigest()

    @property
    def asks(self) -> bool:
        """It may."""
        return True

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        """Violations, or the one failure or lack of knowledge that prevented them."""
        session = context.session
        asking = None if session is None else Asking(session)
        outcomes = self._judge(review, context, asking)
        if asking is None or not asking.failed or self.on_error is None:
            return outcomes
        if any(isinstance(one, NotEvaluated) for one in outcomes):
            return outcomes
        asking.use(self.key, self.on_error)
        return self._excused(asking.failed, self.on_error)

    def _judge(
        self, review: Review, context: EvaluationContext, asking: Asking | None
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        absent = self._absent(review, context)
        if absent:
            return [NotEvaluated(self.key, absent, fixed=True)]
        inventory = context.facts.inventory
        try:
            value = self.prepared.evaluate(
                ENTRY_POINT,
                input={"review": review.request, "parameters": self.parameters},
                data={} if inventory is None else {INVENTORY: inventory},
                now_ns=context.now_ns,
                limits=context.limits,
                asking=asking,
                common=context.common,
            )
            return self._outcomes(value)
        except UnansweredError as error:
            return [NotEvaluated(self.key, error.needs)]
        except EvaluationError as error:
            return [Failure(self.key, str(error))]

    def _excused(self, failed: dict[str, str], on_error: OnError) -> Sequence[Violation | Failure]:
        if on_error == "allow":
            return ()
        said = "; ".join([f"provider {name!r} of external data failed: {failed[name]}" for name in failed])
        if on_error == "deny":
            return [Failure(self.key, said)]
        gate = self.gate
        # What the constraint only notes is not made more of.
        actions = gate.constraint.actions
        return [
            Violation(
                self.key,
                f"not judged, since {said}",
                ("dryrun",) if actions == ("dryrun",) else ("warn",),
                docs=gate.docs,
                rule=gate.rule,
            )
        ]


def external_policy(base: ConstraintPolicy, prepared: Prepared, on_error: OnError | None) -> ExternalPolicy:
    """The constraint, asking providers. prepared: its program, of which `base` has the entry point."""
    return ExternalPolicy(
        gate=base.gate,
        key=base.key,
        evaluate=base.evaluate,
        parameters=base.parameters,
        rules=base.rules,
        needs=base.needs,
        unknown=base.unknown,
        momentary=base.momentary,
        prepared=prepared,
        on_error=on_error,
    )
