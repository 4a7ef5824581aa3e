"""A Decision: what policies said of a review."""

from collections.abc import Iterable
from dataclasses import field
from typing import Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.engine.record import light_record, ordered_record, record

Action = Literal["deny", "warn", "dryrun"]
Verdict = Literal["allow", "warn", "deny", "error"]


@ordered_record
class PolicyKey:
    """Names a policy: the template's kind and the constraint's name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@light_record
class Violation:
    """One breach. `path` counts from the object's root; None when the policy gave none.

    `details` is what the policy returned under that name ({} when nothing).
    """

    policy: PolicyKey
    message: str
    actions: tuple[Action, ...]
    details: Value = field(default_factory=dict)
    path: Path | None = None
    fix: str = ""
    docs: str = ""
    rule: str | None = None


@record
class Failure:
    """A policy that could not be evaluated on this review. Fails closed."""

    policy: PolicyKey
    message: str


@record
class NotEvaluated:
    """A policy that needs what is not known here (a namespace's labels, an inventory, a provider).

    fixed: the policy says so in these words whatever the object holds, so that they show nothing of it.
    """

    policy: PolicyKey
    needs: str
    fixed: bool = False


@light_record
class Exempted:
    """A violation that an exemption permits, with who answers for it and until when (Unix time in nanoseconds)."""

    violation: Violation
    exemption: str
    owner: str
    ticket: str
    expires_ns: int


@light_record
class Item:
    """What a provider of external data says of a key: a value, or an error where that is not empty."""

    key: str
    value: Value = None
    error: str = ""


@light_record
class Reply:
    """What a provider says to a request. items: None where there is no answer at all; then `system_error` says why.

    status: the HTTP status of the answer; 0 where nobody had to be asked. keeps_s: for so many seconds the same will be
    answered; None: until whoever answers is another. No Decision holds it but as `valid_until_ns`.
    """

    items: tuple[Item, ...] | None
    status: int = 0
    system_error: str = ""
    keeps_s: float | None = 0.0


@light_record
class Exchange:
    """What policies asked a provider of external data during a review, and what it said."""

    provider: str
    keys: tuple[str, ...]
    reply: Reply


@record
class OnErrorUse:
    """A provider failed, and the policy's own `onError` said what comes of it."""

    policy: PolicyKey
    on_error: Literal["deny", "warn", "allow"]
    provider: str
    error: str


@light_record
class Decision:
    """Verdict, violations, failures and digests for one review; sorted by (policy, message, path).

    matched: how many policies applied to the review, or might have (their match could not be told). exempted: what
    would be violations. exchanges: what providers of external data were asked; on_error: what came of their failures.
    valid_until_ns: from when on it may be another though neither object nor policies nor facts change (Unix time): an
    exemption ends or begins then, or an answer of external data is no longer kept. It is the moment of the decision where
    a policy looks at the clock. None: it stays.
    """

    verdict: Verdict
    violations: tuple[Violation, ...]
    failures: tuple[Failure, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    policies_digest: str
    facts_digest: str
    matched: int = 0
    exempted: tuple[Exempted, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    on_error: tuple[OnErrorUse, ...] = ()
    valid_until_ns: int | None = None


def earliest(moments: Iterable[int | None]) -> int | None:
    """The first of the moments that there are; None when there is none."""
    return min([moment for moment in moments if moment is not None], default=None)


def decide_verdict(violations: Iterable[Violation]) -> Verdict:
    """The severest action of any violation."""
    verdict: Verdict = "allow"
    for violation in violations:
        if "deny" in violation.actions:
            return "deny"
        if "warn" in violation.actions:
            verdict = "warn"
    return verdict
