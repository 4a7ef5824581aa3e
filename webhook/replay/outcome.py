"""What a Decision comes to, so far as two of them are compared: who says what, and what becomes of the object."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Action, Decision
from lockgate.engine.errors import InputError
from lockgate.webhook.serving.sweep_findings import Finding

How = Literal["violation", "exempted", "failure", "unknown"]
# What becomes of an object: `failed` and `unknown` are refused at admission, as what is denied.
Standing = Literal["allowed", "warned", "denied", "failed", "unknown"]

_EACH: Final[tuple[tuple[Action, ...], ...]] = (
    (),
    ("deny",),
    ("warn",),
    ("dryrun",),
    ("deny", "warn"),
    ("deny", "dryrun"),
    ("dryrun", "warn"),
    ("deny", "dryrun", "warn"),
)
_ACTIONS: Final[Mapping[tuple[object, ...], tuple[Action, ...]]] = {(*one,): one for one in _EACH}
REFUSED: Final = frozenset[Standing](("denied", "failed"))


class Said(NamedTuple):
    """One thing that a policy says. policy: `Kind/name`. how: `unknown` where it needs what is not known.

    exemption: what permits it, if any does. Tuples of texts, since a replay makes and compares some for every record.
    """

    policy: str
    how: How
    actions: tuple[Action, ...] = ()
    message: str = ""
    exemption: str = ""


Outcome = frozenset[Said]


def standing_of(outcome: Iterable[Said]) -> Standing:
    """What becomes of an object that this is said of, by the severest of it."""
    found: set[Standing] = {"allowed"}
    for one in outcome:
        if one.how == "failure":
            found.add("failed")
        elif one.how == "unknown":
            found.add("unknown")
        elif one.how == "violation" and "deny" in one.actions:
            found.add("denied")
        elif one.how == "violation" and "warn" in one.actions:
            found.add("warned")
    order: tuple[Standing, ...] = ("denied", "failed", "unknown", "warned", "allowed")
    return next(one for one in order if one in found)


def outcome_of(decision: Decision) -> Outcome:
    """What a Decision says."""
    if not (decision.violations or decision.failures or decision.not_evaluated or decision.exempted):
        return frozenset()
    return frozenset(
        [
            *[Said(str(one.policy), "violation", one.actions, one.message) for one in decision.violations],
            *[Said(str(one.policy), "failure", (), one.message) for one in decision.failures],
            *[Said(str(one.policy), "unknown", (), one.needs) for one in decision.not_evaluated],
            *[
                Said(
                    str(one.violation.policy),
                    "exempted",
                    one.violation.actions,
                    one.violation.message,
                    one.exemption,
                )
                for one in decision.exempted
            ],
        ]
    )


def outcome_of_findings(findings: Iterable[Finding]) -> Outcome:
    """What a sweep keeps of a Decision, whose messages are cut."""
    return frozenset(
        [
            Said(str(one.policy), one.outcome, one.actions, message, one.exemption)
            for one in findings
            for message in one.messages or ("",)
        ]
    )


def outcome_of_body(body: Mapping[str, Value]) -> Outcome:
    """What the body of a record says. Raises InputError for one that is none."""
    return frozenset(
        [
            *[_violation(one, "violation") for one in _objects(body, "violations")],
            *[
                Said(_text(one, "policy"), "failure", (), _text(one, "message"))
                for one in _objects(body, "failures")
            ],
            *[
                Said(_text(one, "policy"), "unknown", (), _text(one, "needs"))
                for one in _objects(body, "notEvaluated")
            ],
            *[_violation(one, "exempted") for one in _objects(body, "exempted")],
        ]
    )


def _violation(one: Mapping[str, Value], how: How) -> Said:
    exemption = _text(one, "exemption") if how == "exempted" else ""
    return Said(_text(one, "policy"), how, _actions(one), _text(one, "message"), exemption)


def _actions(one: Mapping[str, Value]) -> tuple[Action, ...]:
    named = one.get("actions")
    try:
        return _ACTIONS[tuple(named)] if isinstance(named, list) else ()
    except (KeyError, TypeError):
        raise InputError("a record's violation has actions that there are not") from None


def _text(one: Mapping[str, Value], name: str) -> str:
    found = one.get(name)
    if not isinstance(found, str):
        raise InputError(f"a record lacks the text `{name}` of what a policy says")
    return found


def _objects(body: Mapping[str, Value], name: str) -> list[dict[str, Value]]:
    found = body.get(name, [])
    if not isinstance(found, list):
        raise InputError(f"`{name}` of a record is no list")
    made = [one for one in found if isinstance(one, dict)]
    if len(made) != len(found):
        raise InputError(f"`{name}` of a record has what is no object")
    return made
