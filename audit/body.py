"""Bodies: what was judged and what was said of it, whole, as it lies sealed beside the log.

JSON as the engine writes values: compact, keys sorted by code point, numbers in the spelling that they had
(docs/trail.md, section 4). It is not the canonical form of entries, which has no fractions and no null.
"""

import json
from dataclasses import dataclass
from typing import Final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.decision import Decision, Exchange, Exempted, Item, Violation
from lockgate.engine.masking.masked_value import mask_values
from lockgate.engine.review import Review

VERSION: Final = 1

_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
)


@dataclass(frozen=True, slots=True)
class MaskedDecision:
    """A decision's body and input, masked, as bytes; `facts` names the inventory that was asked."""

    body: bytes
    input: bytes
    facts: bytes


def _render(value: Value) -> str:
    try:
        # Ten times as fast, and the same text, where there are only lists, objects, strings, integers and constants.
        return _ENCODER.encode(value)
    except TypeError:
        return render_json(value)


def text_bytes(text: str) -> bytes:
    """A text in UTF-8. Halves of surrogate pairs, which UTF-8 cannot hold, become question marks."""
    return text.encode("utf-8", "replace")


def value_bytes(value: Value) -> bytes:
    """A value as bodies hold it."""
    return text_bytes(_render(value))


def _violation(violation: Violation) -> dict[str, Value]:
    one: dict[str, Value] = {
        "policy": str(violation.policy),
        "message": violation.message,
        "actions": list(violation.actions),
        "details": violation.details,
    }
    if violation.path is not None:
        one["path"] = list(violation.path)
    if violation.rule is not None:
        one["rule"] = violation.rule
    return one


def _exempted(exempted: Exempted) -> dict[str, Value]:
    return {
        **_violation(exempted.violation),
        "exemption": exempted.exemption,
        "owner": exempted.owner,
        "ticket": exempted.ticket,
        "expires": exempted.expires_ns,
    }


def _exchange(exchange: Exchange) -> dict[str, Value]:
    reply = exchange.reply
    answer: dict[str, Value] = {"statusCode": reply.status, "systemError": reply.system_error}
    if reply.items is not None:
        answer["items"] = [_item(one) for one in reply.items]
    return {"provider": exchange.provider, "keys": list(exchange.keys), "response": answer}


def _item(item: Item) -> dict[str, Value]:
    said: dict[str, Value] = {"error": item.error} if item.error else {"value": item.value}
    return {"key": item.key, **said}


def mask_decision(review: Review, decision: Decision, evaluator: str) -> MaskedDecision:
    """The body of a decision, with every secret value of the request masked wherever it is echoed."""
    said: dict[str, Value] = {
        "violations": [_violation(one) for one in decision.violations],
        "failures": [{"policy": str(one.policy), "message": one.message} for one in decision.failures],
        "notEvaluated": [{"policy": str(one.policy), "needs": one.needs} for one in decision.not_evaluated],
    }
    if decision.exchanges:
        said["externalData"] = [_exchange(one) for one in decision.exchanges]
    if decision.on_error:
        said["onError"] = [
            {
                "policy": str(one.policy),
                "onError": one.on_error,
                "provider": one.provider,
                "error": one.error,
            }
            for one in decision.on_error
        ]
    if decision.exempted:
        said["exempted"] = [_exempted(one) for one in decision.exempted]
    asked, answered = mask_values([review.request, said]).values
    asked_text = _render(asked)
    body: dict[str, Value] = {
        "v": VERSION,
        "verdict": decision.verdict,
        "matched": decision.matched,
        "policies": decision.policies_digest,
        "facts": decision.facts_digest,
        "evaluator": evaluator,
    }
    if isinstance(answered, dict):
        body.update(answered)
    else:
        body["said"] = answered
    rendered = {name: _render(part) for name, part in body.items()}
    rendered["input"] = asked_text
    text = ",".join([f'"{name}":{rendered[name]}' for name in sorted(rendered)])
    return MaskedDecision(
        text_bytes(f"{{{text}}}"), text_bytes(asked_text), text_bytes(decision.facts_digest)
    )
