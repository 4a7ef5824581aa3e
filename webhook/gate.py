"""The Gate: the one place that orders the stages by which anything is judged.

    Document → Review → match and evaluate → exempt → Decision → record → render

`check`, and later the admission server, the sweep and replay, judge through a Gate, so they cannot disagree. Stages to
come have their place here: *mutate* and *expand* stand between Review and match, *reserve* between the exemptions and
the record. Rendering takes the Decision, and is the caller's (`render_*`).

What records is given by who judges, since it knows where a document comes from; it raises where it cannot record, and
then there is no Decision to render.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Decision
from lockgate.engine.documents.document import Document
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts, PolicySet
from lockgate.engine.record import record
from lockgate.engine.review import Review

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.gatekeeper.exemptions.resolver import Exemptions

ReviewBuilder = Callable[[Document], Review]


@record
class Judged:
    """A review and what was decided of it."""

    review: Review
    decision: Decision


Record = Callable[[Judged], None]


@record
class Gate:
    """Judges documents under one set of policies, and of exemptions from them.

    now_ns: the clock that policies see and exemptions expire by (Unix time).
    """

    policies: PolicySet
    facts: Facts
    limits: Limits
    now_ns: int
    exemptions: "Exemptions | None" = None

    def judge(
        self, document: Document, build_review: ReviewBuilder, record: "Record | None" = None
    ) -> Judged:
        """The Decision on a document. Raises InputError when no review can be made of it, and what `record` raises."""
        review = build_review(document)
        judged = Judged(review, self.decide(review))
        if record is not None:
            record(judged)
        return judged

    def decide(self, review: Review) -> Decision:
        """The Decision on a review."""
        decision = evaluate(review, self.policies, self.facts, now_ns=self.now_ns, limits=self.limits)
        if self.exemptions is None:
            return decision
        return self.exemptions.resolve(review, decision, self.now_ns)
