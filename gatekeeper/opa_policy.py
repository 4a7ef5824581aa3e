"""Constraints whose template's Rego is evaluated by OPA servers: matched here, asked there, told as ever.

All constraints that match a review are asked with one query, when the first of them is evaluated.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Literal

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Set, Value
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.errors import EvaluationError
from lockgate.engine.opa.backend import Answers, Backend, Inventory
from lockgate.engine.opa.bundling import Call, Push, Rules, make_push
from lockgate.engine.opa.rerooting import names_used
from lockgate.engine.policy import EvaluationContext, Facts, Matched, Policy, PolicySet
from lockgate.engine.record import record
from lockgate.engine.rego.program import Common
from lockgate.engine.review import Review
from lockgate.gatekeeper.inventory import inventory_digest
from lockgate.gatekeeper.policy import ConstraintPolicy, Gated
from lockgate.gatekeeper.template import RegoSource, Template

_EXTERNAL: Final = "external_data"
_NEEDS_EXTERNAL: Final = "external_data, which OPA does not have: evaluate the policy without --engine opa"


# Which constraints go to the servers: all that have Rego; or those that a review and parameters are enough for, since the
# inventory of a live cluster changes with every object, and would have to be pushed as often.
Placement = Literal["all", "stateless"]


@record
class Placed:
    """Policies, some of them on servers. here: the names of those that are evaluated in this process."""

    policies: PolicySet
    here: tuple[PolicyKey, ...]
    session: "OpaSession"


@dataclass(slots=True)
class _Asked:
    """What is known of the review under judgement."""

    review: Review
    context: EvaluationContext
    answers: Answers | EvaluationError | None = None


class OpaSession:
    """The constraints of one PolicySet on the servers of a backend. Any number of threads may judge."""

    def __init__(self, backend: Backend) -> None:
        self.backend: Final = backend
        self._policies: list[OpaPolicy] = []
        self._calls: list[Call] = []
        self._local: Final = threading.local()
        self._push: tuple[str | None, Push] | None = None

    def add(self, policy: ConstraintPolicy, source: RegoSource) -> "OpaPolicy":
        """The policy, evaluated by the servers."""
        name = str(len(self._policies))

        def evaluate(
            given: Value,
            data: Mapping[str, Value],
            now_ns: int,
            limits: Limits,
            common: Common | None = None,
        ) -> Value:
            return self._answer(name)

        values = {one.name: getattr(policy, one.name) for one in fields(policy)}
        made = OpaPolicy(**{**values, "evaluate": evaluate}, session=self)
        self._policies.append(made)
        self._calls.append(Call(Rules(source.entry, source.libs), policy.parameters))
        self._push = None
        return made

    def begin(self, review: Review, context: EvaluationContext) -> None:
        """The review that answers are about, until the next."""
        asked: _Asked | None = getattr(self._local, "asked", None)
        if asked is None or asked.review is not review or asked.context is not context:
            self._local.asked = _Asked(review, context)

    def _answer(self, name: str) -> Value:
        asked: _Asked = self._local.asked
        if asked.answers is None:
            try:
                asked.answers = self._ask(asked.review, asked.context)
            except EvaluationError as error:
                asked.answers = error
        if isinstance(asked.answers, EvaluationError):
            raise asked.answers
        rows = asked.answers[name]
        if isinstance(rows, EvaluationError):
            raise rows
        return Set(rows)

    def _ask(self, review: Review, context: EvaluationContext) -> Answers:
        wanted = [
            str(number)
            for number, policy in enumerate(self._policies)
            if type(policy.match(review)) is Matched and not policy.lacks(review, context)
        ]
        inventory = _inventory(context.facts)
        digest = None if inventory is None else inventory.digest
        known = self._push
        if known is None or known[0] != digest:
            known = self._push = (digest, make_push(self._calls, digest))
        until = context.limits.until
        return self.backend.ask(known[1], inventory, review.request, wanted, context.now_ns, until)

    def push(self) -> Push:
        """All that a server must hold for reviews without an inventory."""
        known = self._push
        if known is None or known[0] is not None:
            known = self._push = (None, make_push(self._calls, None))
        return known[1]


@record
class OpaPolicy(ConstraintPolicy):
    """A constraint that OPA evaluates."""

    session: OpaSession

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        """Violations, or the one failure or lack of knowledge that prevented them."""
        self.session.begin(review, context)
        return ConstraintPolicy.violations(self, review, context)

    def lacks(self, review: Review, context: EvaluationContext) -> str:
        """What the policy needs and is not known; empty when nothing is lacking."""
        return self._absent(review, context) if self.needs.reads or self.unknown else ""


@record
class NotForOpa(Gated):
    """A constraint whose template asks for external data, which OPA cannot."""

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        """That it is not evaluated."""
        return [NotEvaluated(self.key, _NEEDS_EXTERNAL)]


def _inventory(facts: Facts) -> Inventory | None:
    if facts.inventory is None:
        return None
    return Inventory(facts.digest or inventory_digest(facts.inventory, facts.covered), facts.inventory)


def on_opa(
    policies: PolicySet, templates: Sequence[Template], backend: Backend, placement: Placement = "all"
) -> Placed:
    """The same policies, those of Rego evaluated by OPA where the placement says so."""
    session = OpaSession(backend)
    sources = {template.kind: template.rego for template in templates}
    made: list[Policy] = []
    here: list[PolicyKey] = []
    for policy in policies.policies:
        source = sources.get(policy.key.kind)
        if not isinstance(policy, ConstraintPolicy) or source is None:
            made.append(policy)
            here.append(policy.key)
            continue
        asks = any(_EXTERNAL in names_used(one) for one in (source.entry, *source.libs))
        if placement == "stateless" and (asks or policy.needs.reads):
            made.append(policy)
            here.append(policy.key)
        elif asks:
            made.append(NotForOpa(policy.gate, policy.key))
        else:
            made.append(session.add(policy, source))
    set_of_all = PolicySet(made, policies.digest, policies.others, policies.momentary, policies.asking)
    return Placed(set_of_all, tuple(here), session)
