"""What became of a promotion, as fields of an entry (docs/trail.md, section 2)."""

from collections.abc import Mapping, Sequence
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.errors import FormatError
from lockgate.audit.promotions.history import Assurance, Promoted, Request
from lockgate.engine.record import record

# A model's name stands in an entry of at most 4 KiB, in the name of a stream too.
MAX_MODEL: Final = 200
MAX_VERSION: Final = 200
MAX_ENVIRONMENT: Final = 64
MAX_REASON: Final = 500


@record
class PromotionEvent:
    """The fields in clear, and the key by which the same event is recorded once ("" where it may be anew)."""

    model: str
    environment: str
    fields: Mapping[str, Json]
    request_key: str


def requested(
    promoted: Promoted,
    requester: str,
    *,
    key: str = "",
    source: str = "",
    predecessor: int | None = None,
    target: int | None = None,
    own_approval: bool = False,
) -> PromotionEvent:
    """Somebody asks for it. requester: a pseudonym; key: the fingerprint of what signed the statement."""
    fields = _fields("requested", promoted, {"requester": requester, "key": key, "from": source})
    if predecessor is not None:
        fields["predecessor"] = predecessor
    if target is not None:
        fields["target"] = target
    if own_approval:
        fields["ownApproval"] = "allowed"
    return _event(promoted, fields, f"promotion requested {promoted.statement}")


def approved(request: Request, approver: str, assurance: Assurance, key: str = "") -> PromotionEvent:
    """A person, by pseudonym, approves it."""
    fields = _fields("approved", request.promoted, {"approver": approver, "assurance": assurance, "key": key})
    fields["request"] = request.index
    return _event(request.promoted, fields, f"promotion approved {request.promoted.statement} {approver}")


def made(request: Request, approvals: Sequence[int], policy: str) -> PromotionEvent:
    """It is made. approvals: the entries that it rests on; policy: digest of the PromotionPolicy (`sha256:<hex>`)."""
    event = "promoted" if request.target is None else "rolled-back"
    fields = _fields(event, request.promoted, {"policy": policy})
    fields["request"] = request.index
    if approvals:
        fields["approvals"] = _ranges(sorted(approvals))
    return _event(request.promoted, fields, f"promotion made {request.promoted.statement}")


def revoked(promoted: Promoted, promotion: int, reason: str) -> PromotionEvent:
    """The promotion that an entry made is taken back."""
    fields = _fields("revoked", promoted, {"reason": reason})
    fields["promotion"] = promotion
    return _event(promoted, fields, f"promotion revoked {promotion}")


def check_name(text: str, what: str, longest: int) -> None:
    """A name that stands in clear in an entry. Raises FormatError."""
    if not text or len(text) > longest or not text.isprintable():
        raise FormatError(f"{what} is printable text of 1 to {longest} characters, not {text[:60]!r}")


def _fields(event: str, promoted: Promoted, texts: Mapping[str, str]) -> dict[str, Json]:
    check_name(promoted.model, "a model's name", MAX_MODEL)
    check_name(promoted.environment, "the name of an environment", MAX_ENVIRONMENT)
    fields: dict[str, Json] = {
        "event": event,
        "model": promoted.model,
        "environment": promoted.environment,
        "subject": promoted.subject,
        "statement": promoted.statement,
    }
    if promoted.version:
        check_name(promoted.version, "a version", MAX_VERSION)
        fields["version"] = promoted.version
    fields.update({name: text for name, text in texts.items() if text})
    return fields


def _event(promoted: Promoted, fields: Mapping[str, Json], key: str) -> PromotionEvent:
    return PromotionEvent(promoted.model, promoted.environment, fields, key)


def _ranges(indices: Sequence[int]) -> list[Json]:
    """Ascending indices as half-open ranges, flat, none of which touches another."""
    flat: list[Json] = []
    for one in indices:
        if flat and flat[-1] == one:
            flat[-1] = one + 1
        else:
            flat += [one, one + 1]
    return flat
