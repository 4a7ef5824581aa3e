"""The one resolver of exemptions: check, admission, sweep and replay put their Decisions through it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final, Literal, final

from lockgate.engine.decision import (
    Decision,
    Exempted,
    PolicyKey,
    Violation,
    decide_verdict,
    earliest,
)
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.exemptions.exemption import Exemption, parse_exemption
from lockgate.gatekeeper.exemptions.kinds import is_exemption, is_exemption_policy
from lockgate.gatekeeper.exemptions.moments import render_moment
from lockgate.gatekeeper.exemptions.policy import (
    ExemptionRule,
    objection,
    parse_exemption_policy,
)
from lockgate.gatekeeper.problems import PolicyErrors, Problem, flatten, policy_error

State = Literal["active", "expired", "not yet", "refused"]


@record
class Standing:
    """How an exemption stands at a moment. `why`: of one that has no effect on any, or on some, of its policies."""

    exemption: Exemption
    state: State
    why: str


@final
class Exemptions:
    """All exemptions that are known, with the rules about them. Pure: the clock is passed in."""

    __slots__ = ("_by_kind", "_objections", "all", "digest", "rules")

    def __init__(self, exemptions: Sequence[Exemption], rules: Sequence[ExemptionRule]) -> None:
        self.all: Final = tuple(sorted(exemptions, key=lambda one: one.name))
        self.rules: Final = tuple(rules)
        # What the rules have against an exemption from a policy: signatures are verified once.
        self._objections: dict[tuple[str, PolicyKey], str] = {}
        self._by_kind: dict[str, list[Exemption]] = {}
        for one in self.all:
            for kind in sorted({selection.kind for selection in one.policies}):
                self._by_kind.setdefault(kind, []).append(one)
        text = "".join([f"{one.name} {one.digest}\n" for one in self.all])
        self.digest: Final = sha256(text.encode()).hexdigest() if self.all else ""

    def resolve(self, review: Review, decision: Decision, now_ns: int) -> Decision:
        """The Decision without what is exempt. Failures are not: what could not be judged is not known to be harmless."""
        if not self.all or not decision.violations:
            return decision
        kept: list[Violation] = []
        exempted: list[Exempted] = []
        until = decision.valid_until_ns
        for violation in decision.violations:
            one = self._find(review, violation, now_ns)
            if one is None:
                kept.append(violation)
            else:
                exempted.append(Exempted(violation, one.name, one.owner, one.ticket, one.expires_ns))
                until = earliest((until, one.expires_ns))
            until = earliest((until, self._next_begin(violation.policy.kind, now_ns)))
        if not exempted:
            return decision if until is None else replace(decision, valid_until_ns=until)
        return replace(
            decision,
            verdict="error" if decision.failures else decide_verdict(kept),
            violations=tuple(kept),
            exempted=tuple(exempted),
            valid_until_ns=until,
        )

    def _next_begin(self, kind: str, now_ns: int) -> int | None:
        """When the next exemption from policies of the kind begins; None when none is to come."""
        return earliest([one.issued_ns for one in self._by_kind.get(kind, ()) if one.issued_ns > now_ns])

    def _find(self, review: Review, violation: Violation, now_ns: int) -> Exemption | None:
        key = violation.policy
        for one in self._by_kind.get(key.kind, ()):
            if not one.issued_ns <= now_ns < one.expires_ns:
                continue
            if not any(selection.covers(key) for selection in one.policies):
                continue
            if one.violations and not any(wanted.takes(violation) for wanted in one.violations):
                continue
            if one.match.takes(review) and not self._objection(one, key):
                return one
        return None

    def _objection(self, one: Exemption, key: PolicyKey) -> str:
        found = self._objections.get((one.name, key))
        if found is None:
            found = self._objections[one.name, key] = objection(self.rules, one, key)
        return found

    def standings(self, keys: Sequence[PolicyKey], now_ns: int) -> tuple[Standing, ...]:
        """How each exemption stands, with what speaks against it for those of the policies `keys` that it is for."""
        return tuple([self._standing(one, keys, now_ns) for one in self.all])

    def _standing(self, one: Exemption, keys: Sequence[PolicyKey], now_ns: int) -> Standing:
        if now_ns >= one.expires_ns:
            return Standing(one, "expired", f"it expired on {render_moment(one.expires_ns)}")
        if now_ns < one.issued_ns:
            return Standing(one, "not yet", f"it begins on {render_moment(one.issued_ns)}")
        meant = [key for key in keys if any(selection.covers(key) for selection in one.policies)]
        if not meant:
            names = ", ".join([str(selection) for selection in one.policies])
            return Standing(one, "refused", f"no policy that is loaded is {names}")
        against = {key: self._objection(one, key) for key in meant}
        why = "; ".join(sorted({text for text in against.values() if text}))
        return Standing(one, "refused" if all(against.values()) else "active", why)


def load_exemptions(documents: Iterable[Document]) -> Exemptions:
    """The exemptions and rules among the documents. Raises PolicyErrors with everything that is wrong."""
    exemptions: dict[str, Exemption] = {}
    rules: list[ExemptionRule] = []
    errors: list[PolicyError] = []
    for document in sorted(documents, key=lambda one: one.file):
        try:
            if is_exemption_policy(document.value):
                rules.extend(parse_exemption_policy(document))
            elif is_exemption(document.value):
                made = parse_exemption(document)
                other = exemptions.setdefault(made.name, made)
                if other is not made:
                    message = (
                        f"the exemption {made.name} is defined twice; the other is in {other.document.file}"
                    )
                    raise policy_error(document, Problem(("metadata", "name"), message, "rename one"))
        except PolicyError as error:
            errors.extend(flatten(error))
    if errors:
        raise PolicyErrors(errors)
    return Exemptions(list(exemptions.values()), rules)
