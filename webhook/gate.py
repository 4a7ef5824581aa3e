"""The Gate: the one place that orders the stages by which anything is judged.

    Document → Review → exclude → expand → match and evaluate → exempt → mask → Decision → reserve → record → render

The Review has the object as the API server would have it: with its defaults, where what builds it applies them.
*Exclude* is the cluster's: what the webhook's configuration does not send to it, and namespaces that Gatekeeper's Config
excludes, are let through unseen. *Expand* judges what an object implies with it, as one Decision. *Mask* takes the values
of the inventory's Secrets out of what policies say.

*Reserve* holds in the quotas' ledger what the request would be charged, and may turn what policies allow into a denial, as a
new Decision; only a server that has a ledger reserves.

`check`, and later the admission server, the sweep and replay, judge through a Gate, so they cannot disagree. A stage to
come has its place here: *mutate* stands between exclude and expand. Rendering takes the Decision, and is the caller's
(`render_*`).

What records is given by who judges, since it knows where a document comes from; it raises where it cannot record, and
then there is no Decision to render.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Object, Set, Value, render_json
from lockgate.engine.decision import Decision, Exchange, Violation
from lockgate.engine.documents.document import Document
from lockgate.engine.evaluate import evaluate
from lockgate.engine.kinds import NAMED_GROUPS, split_api_version
from lockgate.engine.policy import Facts, PolicySet
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.sync import Process, Sync, namespace_of
from lockgate.gatekeeper.target import review_implied

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.engine.masking.masker import Masker
    from lockgate.engine.quota.reservation import ReservationKey
    from lockgate.gatekeeper.exemptions.resolver import Exemptions
    from lockgate.gatekeeper.expansion import Expansion
    from lockgate.gatekeeper.webhook_scope import Scopes

ReviewBuilder = Callable[[Document], Review]

_EXCLUDED: Final = "the Config excludes their namespaces from the {}"


@record
class Judged:
    """A review and what was decided of it. unseen: why no policy was asked; empty when they were.

    implied: the reviews of what the object implies, which the Decision is about too. held: the reservation in the quotas'
    ledger, for whoever denies the request after all.
    """

    review: Review
    decision: Decision
    unseen: str = ""
    implied: tuple[Review, ...] = ()
    held: "ReservationKey | None" = None


class Reserve(Protocol):
    """The stage *reserve*, for one request."""

    def reserve(
        self, review: Review, decision: Decision, now_ns: int
    ) -> "tuple[Decision, ReservationKey | None]":
        """The Decision on what may be admitted as far as policies go, and what is held for it."""
        ...


Record = Callable[[Judged], None]


@record
class Gate:
    """Judges documents under one set of policies, and of exemptions from them.

    now_ns: the clock that policies see and exemptions expire by (Unix time). sync: says which namespaces the webhook
    leaves alone. masker: knows the Secrets of the inventory, if it has any. scopes: what the webhook is sent.
    expansion: what objects imply. own_namespaces: those that a change brings, whose labels exempt nothing.
    process: which of Gatekeeper's processes it stands for, where the Config excludes namespaces by process. reserving: holds what
    the request is charged; None where nothing is.
    """

    policies: PolicySet
    facts: Facts
    limits: Limits
    now_ns: int
    exemptions: "Exemptions | None" = None
    sync: Sync = Sync()
    masker: "Masker | None" = None
    scopes: "Scopes | None" = None
    expansion: "Expansion | None" = None
    own_namespaces: frozenset[str] = frozenset()
    process: Process = "webhook"
    reserving: Reserve | None = None

    def at(self, now_ns: int, until: float | None, reserving: Reserve | None = None) -> "Gate":
        """The same at a moment: what policies see as now (Unix time), and when they are stopped (`time.monotonic`).

        In a third of the time that `dataclasses.replace` takes, since a server has one for each request.
        """
        limits = self.limits
        return Gate(
            self.policies,
            self.facts,
            Limits(limits.max_steps, limits.max_seconds, limits.max_memory, until),
            now_ns,
            self.exemptions,
            self.sync,
            self.masker,
            self.scopes,
            self.expansion,
            self.own_namespaces,
            self.process,
            reserving,
        )

    def judge(
        self, document: Document, build_review: ReviewBuilder, record: "Record | None" = None
    ) -> Judged:
        """The Decision on a document. Raises InputError when no review can be made of it, and what `record` raises."""
        judged = self.judge_review(build_review(document))
        if record is not None:
            record(judged)
        return judged

    def judge_review(self, review: Review) -> Judged:
        """The Decision on a review, which is recorded nowhere."""
        unseen = self._unseen(review)
        if unseen:
            nothing = Decision("allow", (), (), (), self.policies.digest, self.facts.digest)
            return Judged(review, nothing, unseen)
        facts = self.facts
        if facts.providers is not None:
            # An object and what it implies are told the same.
            from lockgate.engine.external_data import Session

            facts = replace(facts, providers=Session(facts.providers))
        decision = self._evaluate(review, facts)
        implied: tuple[Review, ...] = ()
        if self.expansion is not None and review.object is not None:
            decision, implied = self._expand(self.expansion, review, review.object, decision, facts)
        decision = self.conclude(review, decision)
        held = None
        if self.reserving is not None and decision.verdict != "deny" and not decision.not_evaluated:
            # What failed may be let through all the same, by a constraint that only warns.
            decision, held = self.reserving.reserve(review, decision, self.now_ns)
        return Judged(review, decision, implied=implied, held=held)

    def conclude(self, review: Review, decision: Decision) -> Decision:
        """What becomes of what policies say: what is exempt, without secrets."""
        if self.exemptions is not None:
            decision = self.exemptions.resolve(self._without_labels(review), decision, self.now_ns)
        return decision if self.masker is None else mask_decision(decision, self.masker)

    def _evaluate(self, review: Review, facts: Facts) -> Decision:
        return evaluate(review, self.policies, facts, now_ns=self.now_ns, limits=self.limits)

    def _expand(
        self, expansion: "Expansion", review: Review, value: dict[str, Value], own: Decision, facts: Facts
    ) -> tuple[Decision, tuple[Review, ...]]:
        """The Decision on an object and on what it implies, and the reviews of that."""
        from lockgate.gatekeeper.expansion import (
            ExpansionError,
            failed_expansion,
            join_decisions,
            told_by_parent,
        )

        namespace = review.request.get("namespace")
        try:
            found = expansion.expand(value, namespace if isinstance(namespace, str) else None)
        except ExpansionError as error:
            return join_decisions(own, (), [failed_expansion(error)]), ()
        if not found:
            return own, ()
        reviews = [review_implied(one.value, review) for one in found]
        told = [
            told_by_parent(self._evaluate(made, facts), one) for made, one in zip(reviews, found, strict=True)
        ]
        return join_decisions(own, told), tuple(reviews)

    def _without_labels(self, review: Review) -> Review:
        """The review as if its Namespace were not known, where a change gives it its labels."""
        if not self.own_namespaces or review.request.get("namespace") not in self.own_namespaces:
            return review
        return Review(
            review.request,
            review.object,
            review.old_object,
            None,
            review.document,
            review.scope,
            review.source,
        )

    def _unseen(self, review: Review) -> str:
        """Why policies are not asked about the review; empty when they are."""
        if self.scopes is not None and not _is_of_tool(review):
            unseen = self.scopes.unseen(review)
            if unseen:
                return unseen
        if not self.sync.excludes:
            return ""
        namespace = review.request.get("namespace")
        inside = namespace if isinstance(namespace, str) else ""
        excluded = self.sync.is_excluded(self.process, namespace_of(review.object or {}, inside))
        return _EXCLUDED.format(self.process) if excluded else ""


def _is_of_tool(review: Review) -> bool:
    """Is it about a document that no API server sends to a webhook?"""
    return split_api_version((review.object or {}).get("apiVersion"))[0] in NAMED_GROUPS


def mask_decision(decision: Decision, masker: "Masker") -> Decision:
    """The Decision without the secrets that the masker knows, wherever a policy may have put them."""

    def mask(value: Value) -> Value:
        if isinstance(value, str):
            return masker.text(value)
        if isinstance(value, list):
            return [mask(item) for item in value]
        if isinstance(value, dict):
            return {masker.text(name): mask(item) for name, item in value.items()}
        # Sets, and objects whose keys are no strings, are shown as JSON has them.
        return masker.text(render_json(value)) if isinstance(value, (Set, Object)) else value

    def masked(one: Violation) -> Violation:
        told = replace(one, message=masker.text(one.message), fix=masker.text(one.fix))
        return replace(told, details=mask(one.details))

    def masked_exchange(one: Exchange) -> Exchange:
        items = one.reply.items
        shown = [
            replace(item, key=masker.text(item.key), value=mask(item.value), error=masker.text(item.error))
            for item in items or ()
        ]
        reply = replace(
            one.reply,
            items=None if items is None else tuple(shown),
            system_error=masker.text(one.reply.system_error),
        )
        return Exchange(one.provider, tuple(map(masker.text, one.keys)), reply)

    return replace(
        decision,
        exchanges=tuple(map(masked_exchange, decision.exchanges)),
        on_error=tuple([replace(one, error=masker.text(one.error)) for one in decision.on_error]),
        violations=tuple(map(masked, decision.violations)),
        failures=tuple([replace(one, message=masker.text(one.message)) for one in decision.failures]),
        exempted=tuple([replace(one, violation=masked(one.violation)) for one in decision.exempted]),
    )
