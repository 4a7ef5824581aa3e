"""A recorded Decision, as much of it as is needed to make it again."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value, parse_json
from lockgate.engine.decision import Exchange, Item, Reply
from lockgate.engine.errors import InputError
from lockgate.engine.kinds import Kinds
from lockgate.engine.masking.masked_value import NOT_KEPT
from lockgate.engine.masking.masker import MASK
from lockgate.engine.record import record
from lockgate.engine.review import Review, Scope
from lockgate.gatekeeper.sync import Process
from lockgate.webhook.replay.outcome import Outcome, outcome_of_body

_SWEPT: Final = "sweep"
_KINDS: Final = Kinds()
_MASK: Final = MASK.encode()


class UnkeptError(InputError):
    """The record does not hold what was judged: it was too large, or too deep, to be masked."""


@record
class Recorded:
    """A Decision of a trail.

    time_ms: when it was recorded (Unix time), some moments behind its own clock. policies: the digest of the set, in hex.
    facts: the digest of the inventory that was asked; empty without one. evaluator: the program. process: which of
    Gatekeeper's stood for it. masked: whether the record hides something of what was judged, or said.
    """

    index: int
    time_ms: int
    review: Review
    outcome: Outcome
    exchanges: tuple[Exchange, ...]
    policies: str
    facts: str
    evaluator: str
    process: Process
    masked: bool

    @property
    def namespace(self) -> str:
        """The namespace of what was judged, which a Namespace is in itself; empty where there is none."""
        request = self.review.request
        inside, kind = _text(request.get("namespace")), request.get("kind")
        if (
            not inside
            and isinstance(kind, dict)
            and (kind.get("group"), kind.get("kind")) == ("", "Namespace")
        ):
            return _text(request.get("name"))
        return inside


def parse_recorded(index: int, time_ms: int, operation: str, body: bytes) -> Recorded:
    """The Decision of a body. operation: as its entry names it. Raises UnkeptError, or InputError for what is no body."""
    value = parse_json(body)
    if not isinstance(value, dict):
        raise InputError("a record's body is no object")
    request = value.get("input")
    if request == NOT_KEPT:
        raise UnkeptError("what was judged was not kept")
    if not isinstance(request, dict):
        raise InputError("a record's body does not hold what was judged")
    return Recorded(
        index,
        time_ms,
        _review(request),
        outcome_of_body(value),
        tuple([_exchange(one) for one in _list(value, "externalData")]),
        _text(value.get("policies")).removeprefix("sha256:"),
        _text(value.get("facts")),
        _text(value.get("evaluator")),
        "audit" if operation == _SWEPT else "webhook",
        _MASK in body,
    )


def _review(request: dict[str, Value]) -> Review:
    """The review of a request that was made into one before."""
    value, old = request.get("object"), request.get("oldObject")
    if request.get("operation") == "DELETE":
        value = old
    namespace = request.get("namespaceObject")
    return Review(
        request,
        value if isinstance(value, dict) else None,
        old if isinstance(old, dict) else None,
        namespace if isinstance(namespace, dict) and namespace else None,
        scope=_scope(request),
    )


def _scope(request: Mapping[str, Value]) -> Scope:
    """The scope of the kind. An API server, which names its requests, and a sweep know it; a check may not have."""
    if _text(request.get("namespace")):
        return "Namespaced"
    kind = request.get("kind")
    if _text(request.get("uid")) or not _text(request.get("operation")) or not isinstance(kind, dict):
        return "Cluster"
    return _KINDS.scope(_text(kind.get("group")), _text(kind.get("kind")))


def _exchange(one: Value) -> Exchange:
    if not isinstance(one, dict):
        raise InputError("a record's external data has what is no exchange")
    keys, answer = one.get("keys"), one.get("response")
    if not isinstance(keys, list) or not isinstance(answer, dict):
        raise InputError("a record's external data has an exchange without keys or an answer")
    status = answer.get("statusCode")
    items = None
    if "items" in answer:
        items = tuple([_item(part) for part in _list(answer, "items")])
    reply = Reply(items, status if type(status) is int else 0, _text(answer.get("systemError")))
    return Exchange(_text(one.get("provider")), tuple(map(_text, keys)), reply)


def _item(one: Value) -> Item:
    if not isinstance(one, dict):
        raise InputError("a record's external data has what is no answer")
    return Item(_text(one.get("key")), one.get("value"), _text(one.get("error")))


def _list(value: Mapping[str, Value], name: str) -> list[Value]:
    found = value.get(name, [])
    if not isinstance(found, list):
        raise InputError(f"`{name}` of a record is no list")
    return found


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
