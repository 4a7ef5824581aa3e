"""What the sweep keeps of a Decision: small, and in parts by policy, so that one policy's part can be replaced."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Action, Decision, PolicyKey
from lockgate.engine.record import ordered_record

if TYPE_CHECKING:
    from lockgate.engine.masking.masker import Masker

# Gatekeeper's, of a message in a constraint's status (bytes) and of the violations there.
MAX_MESSAGE: Final = 256
MAX_SHOWN: Final = 20
_CUT: Final = "..."

Outcome = Literal["violation", "exempted", "failure", "unknown"]


@ordered_record
class Finding:
    """What a policy says of an object, with the same consequence.

    outcome: `unknown` where the policy needs what is not known here. messages: sorted, MAX_SHOWN at most, and each of
    MAX_MESSAGE bytes at most; count: how many there were. exemption: of what is exempted, its name.
    """

    policy: PolicyKey
    outcome: Outcome
    actions: tuple[Action, ...]
    exemption: str
    count: int
    messages: tuple[str, ...]


Findings = tuple[Finding, ...]


def findings_of(decision: Decision, value: dict[str, Value]) -> Findings:
    """The findings of a Decision on an object, sorted, without what must not be shown of the object."""
    said: dict[tuple[PolicyKey, Outcome, tuple[Action, ...], str], list[str]] = {}
    for one in decision.violations:
        said.setdefault((one.policy, "violation", one.actions, ""), []).append(one.message)
    for exempted in decision.exempted:
        one = exempted.violation
        said.setdefault((one.policy, "exempted", one.actions, exempted.exemption), []).append(one.message)
    for failure in decision.failures:
        said.setdefault((failure.policy, "failure", (), ""), []).append(failure.message)
    for absent in decision.not_evaluated:
        said.setdefault((absent.policy, "unknown", (), ""), []).append(absent.needs)
    if not said:
        return ()
    mask = _masker(value).text
    return tuple(
        [
            Finding(*about, len(messages), _kept(map(mask, messages)))
            for about, messages in sorted(said.items())
        ]
    )


def _masker(value: dict[str, Value]) -> "Masker":
    # Most objects are clean, and need none.
    from lockgate.engine.masking.masker import masker_of
    from lockgate.engine.masking.secret_values import SecretValues, collect_value

    collected = SecretValues()
    collect_value(value, collected, 0)
    return masker_of(collected)


def merge_findings(before: Findings, judged: frozenset[PolicyKey], now: Findings) -> Findings:
    """The findings where the policies of `judged` have said `now`, and the others what they said before."""
    anew = judged | {one.policy for one in now}
    kept = [one for one in before if one.policy not in anew]
    return tuple(sorted([*kept, *now])) if kept else now


def verdict_mark(findings: Sequence[Finding]) -> int:
    """Names the verdict: 64 bits over who says what with which consequence; 0 where nobody says anything.

    Messages are left out, since some tell the time; so is what could not be evaluated, which is no verdict.
    """
    lines = [
        f"{one.policy}\t{one.outcome}\t{','.join(one.actions)}\t{one.exemption}\n"
        for one in findings
        if one.outcome != "unknown"
    ]
    if not lines:
        return 0
    digest = sha256("".join(lines).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") or 1


def cut_message(message: str) -> str:
    """As much of a message as Gatekeeper shows in a status."""
    data = message.encode("utf-8", "surrogatepass")
    if len(data) <= MAX_MESSAGE:
        return message
    return data[: MAX_MESSAGE - len(_CUT)].decode("utf-8", "ignore") + _CUT


def _kept(messages: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(map(cut_message, messages))[:MAX_SHOWN])
