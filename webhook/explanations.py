"""Why each policy says what it says of each object: gathered while objects are judged, rendered as text or JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Exempted, Failure, PolicyKey, Violation
from lockgate.engine.external_data import Session
from lockgate.engine.kinds import NAMED_GROUPS, split_api_version
from lockgate.engine.masking.masker import Masker
from lockgate.engine.policy import EvaluationContext, MatchError, NotMatched, Policy, PolicySet
from lockgate.engine.record import record
from lockgate.engine.rego.explanation import Reason
from lockgate.engine.review import Review
from lockgate.gatekeeper.policy import Gated
from lockgate.gatekeeper.tracing import TemplateTracer
from lockgate.webhook.render_reasons import reason_json, reason_lines, value_text
from lockgate.webhook.report import JudgedObject, Resource
from lockgate.webhook.terminal import Palette, printable

Outcome = Literal["violated", "exempt", "clean", "not matched", "not evaluated", "error"]

_STYLES = {
    "violated": "red",
    "error": "red",
    "exempt": "cyan",
    "not evaluated": "yellow",
    "clean": "green",
    "not matched": "dim",
}


@record
class Explanation:
    """Why one policy says what it says of one object.

    matcher: what of the match failed, with `wanted`, its value in the constraint. why: the reason in words, where
    the policy was not evaluated. reasons: what became of the rules; `left_out` evaluations are not among them. masker: of the object's file.
    exempted: those of the violations that an exemption permits; where that is all of them, the outcome is `exempt`.
    """

    subject: JudgedObject
    policy: PolicyKey
    outcome: Outcome
    masker: Masker
    matcher: str = ""
    wanted: Value = None
    why: str = ""
    reasons: tuple[Reason, ...] = ()
    violations: tuple[Violation, ...] = ()
    left_out: int = 0
    exempted: tuple[Exempted, ...] = ()


def is_named(text: str, names: Sequence[str]) -> bool:
    """Is one of the names the given text, in any case?"""
    return text.casefold() in [name.casefold() for name in names]


@dataclass(slots=True)
class Explanations:
    """Explains what policies say of objects. `constraint` and `object` are names to keep to; empty ones are all.

    which: all policies, or those that match.
    """

    policies: PolicySet
    tracer: TemplateTracer
    context: EvaluationContext
    which: Literal["all", "matched"] = "all"
    constraint: str = ""
    object: str = ""
    found: list[Explanation] = field(default_factory=list)

    def add(
        self, subject: JudgedObject, review: Review, masker: Masker, exempted: Sequence[Exempted] = ()
    ) -> None:
        """Explains what the policies say of one object. exempted: what is exempt of it."""
        resource = subject.resource
        full = f"{resource.namespace}/{resource.name}" if resource.namespace else resource.name
        names = (resource.name, full, f"{resource.kind}/{resource.name}", f"{resource.kind} {full}")
        if self.object and not is_named(self.object, names):
            return
        # Every policy sees the same answers.
        providers = self.context.facts.providers
        session = None if providers is None else Session(providers)
        context = replace(self.context, session=session)
        for policy in self.policies.policies:
            key = policy.key
            if self.constraint and not is_named(self.constraint, (key.name, key.kind, str(key))):
                continue
            explained = _with_exempted(self._explain(policy, subject, review, masker, context), exempted)
            if self.which == "all" or explained.outcome != "not matched":
                self.found.append(explained)

    def _explain(
        self,
        policy: Policy,
        subject: JudgedObject,
        review: Review,
        masker: Masker,
        context: EvaluationContext,
    ) -> Explanation:
        matched = policy.match(review)
        resource = subject.resource
        if split_api_version(resource.api_version)[0] in NAMED_GROUPS and not policy.match_of_kind(
            resource.api_version, resource.kind
        ):
            matched = NotMatched("kinds", "")
        if isinstance(matched, MatchError):
            outcome: Outcome = "not evaluated" if matched.needs else "error"
            return Explanation(subject, policy.key, outcome, masker, why=matched.needs or matched.message)
        if isinstance(matched, NotMatched):
            return Explanation(
                subject,
                policy.key,
                "not matched",
                masker,
                matched.matcher,
                _wanted(policy, matched.matcher),
                _why(matched, subject.resource),
            )
        outcomes = policy.violations(review, context)
        violations = tuple([one for one in outcomes if isinstance(one, Violation)])
        for one in outcomes:
            if isinstance(one, Violation):
                continue
            if isinstance(one, Failure):
                traced = self.tracer.trace(policy, review, context)
                return Explanation(
                    subject,
                    policy.key,
                    "error",
                    masker,
                    why=one.message,
                    reasons=traced.reasons,
                    left_out=traced.left_out,
                )
            return Explanation(subject, policy.key, "not evaluated", masker, why=one.needs)
        traced = self.tracer.trace(policy, review, context)
        return Explanation(
            subject,
            policy.key,
            "violated" if violations else "clean",
            masker,
            reasons=traced.reasons,
            violations=violations,
            left_out=traced.left_out,
        )


def _with_exempted(explained: Explanation, exempted: Sequence[Exempted]) -> Explanation:
    """The explanation with those of its violations that are exempt."""
    own = tuple([one for one in exempted if one.violation in explained.violations])
    if not own:
        return explained
    permitted = [one.violation for one in own]
    left = [one for one in explained.violations if one not in permitted]
    return replace(explained, exempted=own, outcome="violated" if left else "exempt")


def _exemption_of(explained: Explanation, violation: Violation) -> str:
    """The name of the exemption that permits a violation; empty without one."""
    return next((one.exemption for one in explained.exempted if one.violation == violation), "")


def _why(failed: NotMatched, resource: Resource) -> str:
    if failed.matcher == "kinds":
        return f"{resource.api_version} {resource.kind} is not among match.kinds"
    return failed.reason


def _wanted(policy: Policy, matcher: str) -> Value:
    if not isinstance(policy, Gated):
        return None
    return (policy.gate.constraint.match or {}).get(matcher)


def explanation_lines(explained: Explanation, palette: Palette) -> list[str]:
    """One explanation for people, without its object."""
    masker = explained.masker
    word = palette.paint(explained.outcome, _STYLES[explained.outcome], "bold")
    lines = [f"{palette.paint(printable(masker.name(str(explained.policy))), 'bold')}  {word}"]
    if explained.matcher:
        place = f"match.{explained.matcher}" if explained.wanted is not None else explained.matcher
        lines.append(f"  {place}: {printable(masker.text(explained.why))}")
        if explained.wanted is not None:
            lines.append(f"    match.{explained.matcher} = {value_text(explained.wanted, masker)}")
    elif explained.why:
        need = "needs " if explained.outcome == "not evaluated" else ""
        lines.append(f"  {need}{printable(masker.text(explained.why))}")
    for reason in explained.reasons:
        lines += reason_lines(reason, masker, palette, "  ", "shown")
    if explained.left_out:
        lines.append(f"  {explained.left_out} evaluations of rules more are not looked at")
    for violation in explained.violations:
        actions = "+".join(violation.actions)
        exemption = _exemption_of(explained, violation)
        told = palette.paint(actions, "red")
        if exemption:
            told = palette.paint(f"exempt by {printable(exemption)}", "cyan")
        lines.append(f"  {told}: {printable(masker.text(violation.message))}")
    return lines


def render_text(found: Sequence[Explanation], palette: Palette) -> str:
    """All explanations for people, object by object."""
    lines: list[str] = []
    last: JudgedObject | None = None
    for explained in found:
        subject = explained.subject
        if subject != last:
            if lines:
                lines.append("")
            place = f"{printable(subject.file)}:{subject.line}"
            lines.append(f"{palette.paint(place, 'bold')}  {printable(str(subject.resource))}")
            last = subject
        lines += [f"  {line}" for line in explanation_lines(explained, palette)]
    return "\n".join(lines) + "\n" if lines else ""


def explanations_json(found: Sequence[Explanation]) -> list[dict[str, object]]:
    """All explanations as JSON has them."""
    return [_explanation_json(explained) for explained in found]


def render_json(found: Sequence[Explanation]) -> str:
    """All explanations for programs."""
    made = {"schemaVersion": 1, "explanations": explanations_json(found)}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _explanation_json(explained: Explanation) -> dict[str, object]:
    masker, subject = explained.masker, explained.subject
    mask: Callable[[str], str] = masker.text
    made: dict[str, object] = {
        "file": subject.file,
        "line": subject.line,
        "resource": {
            "apiVersion": subject.resource.api_version,
            "kind": subject.resource.kind,
            "namespace": subject.resource.namespace,
            "name": subject.resource.name,
        },
        "policy": explained.policy.kind,
        "constraint": explained.policy.name,
        "outcome": explained.outcome,
    }
    if explained.matcher:
        made["matcher"] = explained.matcher
    if explained.why:
        made["why"] = mask(explained.why)
    if explained.wanted is not None:
        made["wanted"] = value_text(explained.wanted, masker)
    if explained.reasons:
        made["rules"] = [reason_json(reason, masker) for reason in explained.reasons]
    if explained.left_out:
        made["leftOut"] = explained.left_out
    if explained.violations:
        made["violations"] = [
            {
                "message": mask(one.message),
                "actions": list(one.actions),
                **({"exemption": exemption} if (exemption := _exemption_of(explained, one)) else {}),
            }
            for one in explained.violations
        ]
    return made
