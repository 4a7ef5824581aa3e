"""Bodies: what was judged and what was said of it, whole, as it lies sealed beside the log.

JSON as the engine writes values: compact, keys sorted by code point, numbers in the spelling that they had
(docs/trail.md, section 4). It is not the canonical form of entries, which has no fractions and no null.
"""

import json
from functools import lru_cache
from typing import Final

from lockgate.audit.quick_libraries import Render, find_render
from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.decision import Decision, Exchange, Exempted, Item, Violation
from lockgate.engine.masking.masked_value import mask_values
from lockgate.engine.masking.quick_look import holds_no_secret, mask_extra
from lockgate.engine.record import light_record
from lockgate.engine.review import Review

VERSION: Final = 1
_MOST_KEPT: Final = 256

_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
)


@light_record
class MaskedDecision:
    """A decision's body and input, masked, as bytes; `facts` names the inventory that was asked."""

    body: bytes
    input: bytes
    facts: bytes


def _render_plain(value: Value) -> bytes:
    """Raises TypeError for what `json` does not know, and UnicodeEncodeError for halves of surrogate pairs."""
    return _ENCODER.encode(value).encode()


# Ten times as fast as our own, and the same text, where there are only lists, objects, strings, integers and constants.
_QUICKLY: Final[Render] = find_render() or _render_plain


def _render(value: Value) -> bytes:
    try:
        return _QUICKLY(value)
    except (TypeError, UnicodeEncodeError):
        # Very long integers too, and what is nested deeper than orjson goes.
        return _render_slowly(value)


def _render_slowly(value: Value) -> bytes:
    try:
        return text_bytes(_ENCODER.encode(value))
    except TypeError:
        return text_bytes(render_json(value))


def text_bytes(text: str) -> bytes:
    """A text in UTF-8. Halves of surrogate pairs, which UTF-8 cannot hold, become question marks."""
    return text.encode("utf-8", "replace")


def value_bytes(value: Value) -> bytes:
    """A value as bodies hold it."""
    return _render(value)


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


def _said(decision: Decision) -> dict[str, Value]:
    """What was said of a request, besides the verdict."""
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
    return said


@light_record
class _Texts:
    """A body and the request in it, rendered."""

    body: bytes
    asked: bytes


@lru_cache(maxsize=_MOST_KEPT)
def _rendered_text(text: str) -> bytes:
    """A text that recurs, decision after decision: of a policy set, an inventory or a program."""
    return _render(text)


def _put_together(asked: Value, said: Value, decision: Decision, evaluator: str, render: Render) -> _Texts:
    asked_text = render(asked)
    parts = said if isinstance(said, dict) else {"said": said}
    rendered = {name: b"[]" if part == [] else render(part) for name, part in parts.items()}
    rendered["verdict"] = _rendered_text(decision.verdict)
    rendered["policies"] = _rendered_text(decision.policies_digest)
    rendered["facts"] = _rendered_text(decision.facts_digest)
    rendered["evaluator"] = _rendered_text(evaluator)
    rendered["v"] = b"%d" % VERSION
    rendered["matched"] = b"%d" % decision.matched
    rendered["input"] = asked_text
    listed = [b'"%b":%b' % (name.encode(), rendered[name]) for name in sorted(rendered)]
    return _Texts(b"{%b}" % b",".join(listed), asked_text)


def mask_decision(review: Review, decision: Decision, evaluator: str) -> MaskedDecision:
    """The body of a decision, with every secret value of the request masked wherever it is echoed."""
    said = _said(decision)
    made = _without_search(review, said, decision, evaluator)
    if made is None:
        asked, answered = mask_values([review.request, said]).values
        made = _put_together(asked, answered, decision, evaluator, _render)
    return MaskedDecision(made.body, made.asked, text_bytes(decision.facts_digest))


def _without_search(
    review: Review, said: dict[str, Value], decision: Decision, evaluator: str
) -> _Texts | None:
    """The body where its text shows that there is nothing to mask but what the user is; else None."""
    try:
        asked = mask_extra(review.request)
        made = _put_together(asked.request, said, decision, evaluator, _QUICKLY)
    except (TypeError, RecursionError, UnicodeEncodeError):
        # Numbers that are no integers, sets, and halves of surrogate pairs.
        return None
    members = made.body if _tells_members(decision) else made.asked
    return made if holds_no_secret(made.body, asked, members) else None


def _tells_members(decision: Decision) -> bool:
    """Whether what is said has members, or items, of policies and providers, and not only texts."""
    if decision.exchanges or decision.exempted:
        return True
    for one in decision.violations:
        if one.details or one.path is not None:
            return True
    return False
