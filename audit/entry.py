"""Entries: the bytes of leaves. Canonical JSON of at most 4 KiB, strict by kind (docs/trail.md, section 2)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.audit.canonical import Json, parse_canonical
from lockgate.audit.draft import Draft
from lockgate.audit.entry_rules import check_rules
from lockgate.audit.errors import FormatError
from lockgate.audit.merkle import HASH_SIZE
from lockgate.audit.note import decode_base64
from lockgate.audit.streams import StreamLink, check_stream_name
from lockgate.audit.times import parse_time

VERSION: Final = 1
# A tile's bundle of 256 stays below 1 MiB, and a proof with its entry fits in an annotation's neighbourhood.
MAX_ENTRY: Final = 4096
# The clocks of two replicas may differ by so much before an entry has to say that time went back.
CLOCK_TOLERANCE_MS: Final = 2000
IDEMPOTENCY_SIZE: Final = 16
MAX_TEXT: Final = 1024
# Of records in one entry, so that it stays below MAX_ENTRY with indices of sixteen digits.
MAX_RANGES: Final = 100

Check = Callable[[Json], bool]
# The last digit has four bits of the hash, and two that are zero.
_HASH: Final = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_COMMON: Final = frozenset(
    ("v", "kind", "time", "clockAnomaly", "streams", "idempotency", "commitments", "body")
)

# Given to an entry by the log.
_GIVEN: Final = _COMMON - {"commitments"}


def _is_text(value: Json) -> bool:
    return type(value) is str and 0 < len(value) <= MAX_TEXT


def _is_count(value: Json) -> bool:
    return type(value) is int and value >= 0


def _is_digest(value: Json) -> bool:
    return type(value) is str and _DIGEST.fullmatch(value) is not None


def _is_time(value: Json) -> bool:
    if type(value) is not str:
        return False
    parse_time(value)
    return True


def is_hash_text(value: Json) -> bool:
    """Whether a value is the base64 of 32 bytes."""
    if type(value) is not str or len(value) != 44:
        return False
    return _HASH.fullmatch(value) is not None or len(decode_base64(value, "a hash")) == HASH_SIZE


def _are_ranges(value: Json) -> bool:
    """Ascending half-open ranges, flat: from, to, from, to; those that touch are one."""
    if type(value) is not list or len(value) % 2 or not 0 < len(value) <= 2 * MAX_RANGES:
        return False
    last = -1
    for one in value:
        if type(one) is not int or one <= last:
            return False
        last = one
    return True


def _one_of(*names: str) -> Check:
    return lambda value: value in names


def _object(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    either = {**required, **(optional or {})}

    def check(value: Json) -> bool:
        return (
            type(value) is dict
            and required.keys() <= value.keys() <= either.keys()
            and all(either[name](part) for name, part in value.items())
        )

    return check


@dataclass(frozen=True, slots=True)
class Schema:
    """What an entry of a kind has besides the fields of all."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check]
    commitments: frozenset[str]


_LINK_PREDECESSOR: Final = _object(
    {"origin": _is_text, "size": _is_count, "root": is_hash_text, "vkey": _is_text, "reason": _is_text}
)
_LOST: Final = _object({"from": _is_count, "to": _is_count}, {"root": is_hash_text})
_SUCCESSOR: Final = _object({"origin": _is_text, "vkey": _is_text})
_SUBJECT: Final = frozenset(("namespace", "object", "actor", "body"))

SCHEMAS: Final[Mapping[str, Schema]] = {
    "log": Schema(
        {"event": _one_of("opened", "closed")},
        {
            "origin": _is_text,
            "vkey": _is_text,
            "predecessor": _LINK_PREDECESSOR,
            "lost": _LOST,
            "successor": _SUCCESSOR,
            "reason": _is_text,
        },
        frozenset(),
    ),
    "decision": Schema(
        {
            "outcome": _one_of("allow", "warn", "deny", "error"),
            "policies": _is_digest,
            "evaluator": _is_text,
            "operation": _is_text,
            "resource": _is_text,
        },
        {
            "model": _is_text,
            "environment": _is_text,
            "caller": _one_of("mtls", "token", "unauthenticated"),
            "mode": _one_of("observe"),
        },
        _SUBJECT | {"input", "facts"},
    ),
    "policy": Schema(
        {"event": _one_of("added", "changed", "removed"), "policies": _is_digest},
        {"before": _is_digest, "policy": _is_text},
        frozenset(("actor", "body")),
    ),
    "exemption": Schema(
        {
            "event": _one_of("granted", "used", "revoked", "expired"),
            "exemption": _is_text,
            "policies": _is_digest,
        },
        {},
        _SUBJECT,
    ),
    "break-glass": Schema(
        {"event": _one_of("granted", "used", "revoked", "expired", "refused"), "grant": _is_text},
        {
            "reason": _is_text,
            "ticket": _is_text,
            "from": _is_time,
            "until": _is_time,
            "outcome": _one_of("deny", "error"),
            "operation": _is_text,
            "resource": _is_text,
            "policies": _is_digest,
            "claimed": _is_time,
        },
        _SUBJECT,
    ),
    "key": Schema(
        {"event": _one_of("added", "retired", "revoked"), "use": _one_of("log", "statement", "witness")},
        {"vkey": _is_text, "key": _is_text, "lastGood": _is_count},
        frozenset(("actor", "body")),
    ),
    "promotion": Schema(
        {
            "event": _one_of("requested", "approved", "promoted", "rolled-back", "revoked"),
            "model": _is_text,
            "environment": _is_text,
            "subject": _is_digest,
            "statement": _is_digest,
        },
        {
            "version": _is_text,
            "requester": _is_text,
            "ownApproval": _one_of("allowed"),
            "from": _is_text,
            "predecessor": _is_count,
            "target": _is_count,
            "request": _is_count,
            "approver": _is_text,
            "assurance": _one_of("key", "token", "imported"),
            "key": _is_digest,
            "approvals": _are_ranges,
            "policy": _is_digest,
            "promotion": _is_count,
            "reason": _is_text,
        },
        frozenset(("actor", "body")),
    ),
    "erasure": Schema(
        {"scope": _one_of("entry", "namespace"), "entries": _is_count, "reason": _is_text},
        {"index": _is_count, "first": _is_count, "stream": _is_text},
        frozenset(("actor", "body")),
    ),
    "hold": Schema(
        {"event": _one_of("placed", "lifted"), "hold": _is_text, "reason": _is_text},
        {"index": _is_count, "stream": _is_text},
        frozenset(("actor", "body")),
    ),
    "access": Schema(
        {"action": _one_of("reveal", "export", "replay"), "entries": _is_count},
        {"index": _is_count},
        frozenset(("actor", "body")),
    ),
    "verification": Schema(
        {"verdict": _one_of("verified", "tampered", "unverifiable"), "size": _is_count, "opened": _is_count},
        {"root": is_hash_text},
        frozenset(("actor", "body")),
    ),
    "statement": Schema(
        {"envelope": _is_digest, "predicate": _is_text},
        {"subject": _is_digest},
        frozenset(("actor", "body")),
    ),
    "coverage": Schema(
        {
            "instance": _is_text,
            "from": _is_time,
            "to": _is_time,
            "policies": _is_digest,
            "configuration": _is_digest,
            "evaluator": _is_text,
            "judged": _is_count,
            "unmatched": _is_count,
            "refused": _is_count,
        },
        {},
        frozenset(),
    ),
    "seen": Schema({"instance": _is_text, "records": _are_ranges}, {}, frozenset()),
    "stream-heads": Schema({"size": _is_count, "count": _is_count, "root": is_hash_text}, {}, frozenset()),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A parsed entry. `value` is the whole of it; times in Unix milliseconds."""

    kind: str
    time_ms: int
    clock_anomaly: bool
    links: tuple[StreamLink, ...]
    commitments: Mapping[str, str]
    body_digest: str
    body_size: int
    idempotency: bytes
    value: Mapping[str, Json]


def _fail(what: str) -> FormatError:
    return FormatError(f"the entry's {what} is not as its kind demands")


def _parse_links(value: Json) -> tuple[StreamLink, ...]:
    if type(value) is not list:
        raise _fail("streams")
    links: list[StreamLink] = []
    for part in value:
        if type(part) is not dict or not {"k", "n"} <= part.keys() <= {"k", "n", "prev"}:
            raise _fail("stream link")
        name, n, prev = part["k"], part["n"], part.get("prev")
        if type(name) is not str or type(n) is not int or n < 1 or (prev is None) != (n == 1):
            raise _fail("stream link")
        check_stream_name(name)
        if prev is not None and not is_hash_text(prev):
            raise _fail("stream link")
        links.append(StreamLink(name, n, None if prev is None else decode_base64(str(prev), "a hash")))
    if len({link.name for link in links}) != len(links):
        raise FormatError("the entry is twice in one stream")
    return tuple(links)


def _schema_of(kind: str) -> Schema:
    schema = SCHEMAS.get(kind)
    if schema is None:
        raise FormatError("the entry is of no kind that is known here")
    return schema


def check_own(kind: str, value: Mapping[str, Json]) -> Schema:
    """Checks the fields that are a kind's own; returns its schema. Raises FormatError."""
    schema = _schema_of(kind)
    own = value.keys() - _COMMON
    if not schema.required.keys() <= own <= schema.required.keys() | schema.optional.keys():
        raise FormatError(
            f"an entry of kind {kind} has other fields than these: {', '.join(sorted(own))[:200]}"
        )
    for name in own:
        check = schema.required.get(name) or schema.optional[name]
        if not check(value[name]):
            raise _fail(name)
    check_rules(kind, value)
    return schema


def _parse_commitments(schema: Schema, value: Mapping[str, Json]) -> dict[str, str]:
    commitments = value.get("commitments", {})
    if (
        type(commitments) is not dict
        or not commitments.keys() <= schema.commitments
        or ("commitments" in value and not commitments)
    ):
        raise _fail("commitments")
    opened: dict[str, str] = {}
    for name, text in commitments.items():
        if type(text) is not str or not is_hash_text(text):
            raise _fail(f"commitment of {name}")
        opened[name] = text
    return opened


def check_common(draft: Draft) -> Mapping[str, str]:
    """Checks of a draft all but its kind's own fields in clear, which `check_own` does; its commitments. Raises FormatError.

    An entry that is in the log stays there: who reads it later must never find it malformed.
    """
    reserved = draft.fields.keys() & _GIVEN
    if reserved:
        raise FormatError(f"a draft does not set {', '.join(sorted(reserved))}")
    opened = _parse_commitments(_schema_of(draft.kind), draft.fields)
    if draft.body is not None and "body" not in opened:
        raise _fail("body")
    if draft.idempotency and len(draft.idempotency) != IDEMPOTENCY_SIZE:
        raise _fail("idempotency")
    if len(set(draft.streams)) != len(draft.streams):
        raise FormatError("the entry is twice in one stream")
    for name in draft.streams:
        check_stream_name(name)
    return opened


def parse_entry(data: bytes) -> Entry:
    """An entry from its bytes. Raises FormatError for anything that no log of this format holds."""
    if len(data) > MAX_ENTRY:
        raise FormatError(f"an entry of {len(data)} bytes is larger than {MAX_ENTRY}")
    value = parse_canonical(data)
    if type(value) is not dict or value.get("v") != VERSION or type(value["v"]) is not int:
        raise FormatError("the entry is of no version that is known here")
    kind = value.get("kind")
    if type(kind) is not str:
        raise FormatError("the entry is of no kind that is known here")
    schema = check_own(kind, value)
    time, anomaly = value.get("time"), value.get("clockAnomaly", False)
    if type(time) is not str or type(anomaly) is not bool or ("clockAnomaly" in value) != anomaly:
        raise _fail("time")
    opened = _parse_commitments(schema, value)
    digest, size = "", 0
    if "body" in value:
        body = value["body"]
        if not _object({"sha256": _is_digest, "size": _is_count})(body) or "body" not in opened:
            raise _fail("body")
        assert type(body) is dict and type(body["sha256"]) is str and type(body["size"]) is int
        digest, size = body["sha256"], body["size"]
    key = value.get("idempotency")
    idempotency = b""
    if key is not None:
        idempotency = decode_base64(key, "the idempotency key") if type(key) is str else b""
        if len(idempotency) != IDEMPOTENCY_SIZE:
            raise _fail("idempotency")
    return Entry(
        kind,
        parse_time(time),
        anomaly,
        _parse_links(value.get("streams", "")),
        opened,
        digest,
        size,
        idempotency,
        value,
    )


def own_fields(entry: Entry) -> dict[str, Json]:
    """The fields of an entry that are its kind's own, as its draft had them, without commitments."""
    return {name: value for name, value in entry.value.items() if name not in _COMMON}
