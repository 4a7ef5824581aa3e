"""Finds what belongs into an evidence pack. What it finds depends on the log and the question alone: no clock is read."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from lockgate.audit.canonical import Json, canonical_bytes
from lockgate.audit.dsse import envelope_of
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.erasures import Erasures
from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.note import encode_base64
from lockgate.audit.packs.pack import (
    OpenedBody,
    Pack,
    PackedEnd,
    PackedEntry,
    PackedEnvelope,
    PackedPromotion,
    PackedStream,
)
from lockgate.audit.packs.scope import Scope
from lockgate.audit.promotions.history import KEY_STREAM, STREAM, Promotion
from lockgate.audit.promotions.statement import statement_digest
from lockgate.audit.query.answers.answer import Answer, Given, Opener
from lockgate.audit.query.answers.catalogue import answer
from lockgate.audit.query.answers.promoted import Promoted, read_promoted
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.errors import QuestionError
from lockgate.audit.query.page import Link
from lockgate.audit.query.render import plain
from lockgate.audit.reader import StoredBody, TrailReader
from lockgate.audit.streams import find_heads
from lockgate.audit.times import render_time
from lockgate.audit.tlog_proof import render_tlog_proof
from lockgate.audit.verify.walk import OpenKey

# Of one pack; whoever wants more wants an export.
MAX_ENTRIES: Final = 20_000
# What a period's pack has whole.
STREAMS: Final = (
    STREAM,
    KEY_STREAM,
    "exemption",
    "break-glass",
    "policy-change",
    "configuration",
    "exclusion",
    "erasure",
    "hold",
    "access",
    "verification",
)
OF_A_PERIOD: Final = ("a1", "a2", "a3", "a5", "a6", "a8", "a9", "a10", "a14", "a15")
# Of evidence, which is sealed: without the bodies the answer would look like none.
_OPENED: Final = ("a8",)
# Where only one model or environment is asked about, nothing is told of others.
OF_A_MODEL: Final = ("a1", "a5", "a8")
OF_A_PROMOTION: Final = ("a1", "a4", "a5", "a8")
_APPROVED: Final = ("requested", "approved")


@dataclass(frozen=True, slots=True)
class Source:
    """A log to collect from. opener, open_key: where bodies may be opened; vkey: the log's key, for people who compare it."""

    engine: Engine
    reader: TrailReader
    vkey: str
    opener: Opener | None = None
    open_key: OpenKey | None = None


class _Noting:
    """Opens bodies, and knows which were there."""

    def __init__(self, opener: Opener) -> None:
        self._opener: Final = opener
        self.found: Final[dict[int, Mapping[str, Any]]] = {}

    def __call__(self, index: int, raw: bytes) -> Mapping[str, Any] | None:
        body = self._opener(index, raw)
        if body is not None:
            self.found[index] = body
        return body


def collect(source: Source, scope: Scope) -> Pack:
    """The pack. Raises QuestionError for a promotion that there is not, VerificationError for what is not as it was signed, and
    TrailError where it would be too large."""
    scope.check()
    engine = source.engine
    size = engine.size
    if not size:
        raise UnverifiableError("the log has no entry under a checkpoint yet")
    opener = None if source.opener is None else _Noting(source.opener)
    promoted = read_promoted(engine, size)
    wanted: set[int] = set()
    streams: tuple[PackedStream, ...] = ()
    if scope.promotion is not None:
        made: tuple[Promotion, ...] = (_promotion(promoted, scope.promotion),)
    else:
        made = tuple([one for one in promoted.made() if _is_in(scope, promoted, one)])
        streams = tuple(_streams(engine, scope, size, wanted))
    promotions = tuple([_packed(promoted, one) for one in made])
    for one in promotions:
        wanted |= _entries_of(promoted, one)
    answers = tuple(_answers(engine, scope, made, promoted, size, opener))
    for told in answers:
        wanted |= {*_named(told)}
    if opener is not None:
        for index in sorted(wanted & promoted.links.keys()):
            opener(index, promoted.links[index].raw)
        wanted |= opener.found.keys()
    entries, bodies = _prove(source, wanted, {} if opener is None else opener.found)
    return Pack(
        scope,
        engine.as_of(size),
        render_time(parse_entry(engine.standing.prove(size - 1).entry).time_ms),
        engine.standing.note,
        source.vkey,
        opener is not None,
        tuple(
            sorted(
                {
                    f"{vouch.name} of {vouch.administrator}"
                    for one in engine.standing.assurance.ranges
                    for vouch in one.vouches
                }
            )
        ),
        promotions,
        entries,
        streams,
        tuple(_envelopes(entries, {} if opener is None else opener.found)),
        bodies,
        answers,
    )


def _promotion(promoted: Promoted, index: int) -> Promotion:
    made = promoted.history.made_by(index)
    if made is None:
        raise QuestionError(
            f"entry {index} made no promotion",
            field="promotion",
            hint="`lockgate audit query --question a1` lists those that were made",
        )
    return made


def _is_in(scope: Scope, promoted: Promoted, made: Promotion) -> bool:
    what = made.promoted
    return (
        scope.covers(promoted.time_ms(made.index))
        and scope.model in ("", what.model)
        and scope.environment in ("", what.environment)
    )


def _packed(promoted: Promoted, made: Promotion) -> PackedPromotion:
    request = made.request
    before = request.predecessor if request.target is None else request.target
    return PackedPromotion(
        made.index,
        request.index,
        made.approvals,
        before,
        made.revoked,
        {
            "time": render_time(promoted.time_ms(made.index)),
            "event": "promoted" if request.target is None else "rolled-back",
            **{name: value for name, value in plain(made.promoted).items() if value},
            "requester": request.requester,
            "approvers": [promoted.history.approval(one).approver for one in made.approvals],
            "policy": made.policy,
            "standing": promoted.standing(made),
        },
    )


def _entries_of(promoted: Promoted, one: PackedPromotion) -> set[int]:
    """The entries that tell of a promotion, of those that it followed, and of the keys that it rests on."""
    found = {one.made, one.request, *one.approvals}
    if one.revoked is not None:
        found.add(one.revoked)
    before = one.predecessor
    while before is not None and before not in found:
        earlier = promoted.history.made_by(before)
        if earlier is None:
            break
        found |= {*promoted.entries(earlier)}
        before = earlier.request.predecessor if earlier.request.target is None else earlier.request.target
    keys = {str(promoted.links[index].entry.value.get("key", "")) for index in found}
    for key in promoted.history.signing_keys():
        if key.name in keys:
            found |= {key.added} if key.ended is None else {key.added, key.ended}
    return found


def _streams(engine: Engine, scope: Scope, size: int, wanted: set[int]) -> Iterator[PackedStream]:
    """All entries of the period, and those beside it, which show that the period's own begin and end there."""
    for name in (KEY_STREAM,) if scope.is_filtered else STREAMS:
        links, _ = engine.whole(name, size)
        start = next((place for place, one in enumerate(links) if _is_since(scope, one)), len(links))
        stop = next(
            (place for place in range(start, len(links)) if _is_behind(scope, links[place])), len(links)
        )
        wanted |= {one.index for one in links[max(0, start - 1) : stop + 1]}
        end = None if stop < len(links) else _end(engine, name, links, max(0, start - 1))
        if end is not None:
            wanted.add(end.heads)
        _check_size(wanted)
        yield PackedStream(
            name,
            start + 1 if stop > start else 0,
            stop if stop > start else 0,
            start or None,
            stop + 1 if stop < len(links) else None,
            end,
        )


def _end(engine: Engine, name: str, links: Sequence[Link], shown: int) -> PackedEnd | None:
    """What shows that a stream ends with the last of `links`; the first `shown` of them are not in the pack, and nothing is said of those."""
    logged = engine.logged_heads()
    if logged is None:
        return None
    index, heads = logged
    found = find_heads(heads, name)
    own = next((one.head.n for one in found if one.head.name == name), 0)
    return None if own and own <= shown else PackedEnd(index, found)


def _is_since(scope: Scope, link: Link) -> bool:
    return scope.since_ms is None or link.entry.time_ms >= scope.since_ms


def _is_behind(scope: Scope, link: Link) -> bool:
    return scope.until_ms is not None and link.entry.time_ms >= scope.until_ms


def _answers(
    engine: Engine,
    scope: Scope,
    made: tuple[Promotion, ...],
    promoted: Promoted,
    size: int,
    opener: Opener | None,
) -> Iterator[Answer[Any]]:
    end_ms = parse_entry(engine.standing.prove(size - 1).entry).time_ms
    if scope.promotion is None:
        given = Given(scope.model, scope.environment, scope.since_ms, scope.until_ms, at_ms=end_ms, size=size)
        for number in _asked(OF_A_MODEL if scope.is_filtered else OF_A_PERIOD, opener):
            yield answer(number, engine, given, opener)
        return
    (one,) = made
    time_ms, what = promoted.time_ms(one.index), one.promoted
    given = Given(what.model, what.environment, time_ms, time_ms + 1, at_ms=end_ms, size=size)
    for number in _asked(OF_A_PROMOTION, opener):
        if number == "a4":
            yield answer(number, engine, Given(subject=what.subject, model=what.model, size=size), opener)
            continue
        told = answer(number, engine, given, opener)
        yield replace(told, lines=tuple([line for line in told.lines if line.entry == one.index]))


def _asked(numbers: Iterable[str], opener: Opener | None) -> list[str]:
    return [one for one in numbers if opener is not None or one not in _OPENED]


def _named(told: Answer[Any]) -> Iterator[int]:
    """The entries that an answer's lines name."""
    for line in told.lines:
        for name in ("entry", "first", "last_use"):
            index = getattr(line, name, None)
            if type(index) is int:
                yield index


def _check_size(wanted: Iterable[int]) -> None:
    count = len({*wanted})
    if count > MAX_ENTRIES:
        raise TrailError(
            f"the pack would have {count} entries, and {MAX_ENTRIES} are the most",
            hint="ask about a shorter period, or make an export: `lockgate audit export`",
        )


def _prove(
    source: Source, wanted: set[int], found: Mapping[int, Mapping[str, Any]]
) -> tuple[tuple[PackedEntry, ...], tuple[OpenedBody, ...]]:
    """The entries with their proofs; where a body is gone, so is its erasure's entry with them."""
    entries: dict[int, PackedEntry] = {}
    bodies: list[OpenedBody] = []
    erasures = _Recorded(source.engine)
    left = sorted(wanted)
    while left:
        _check_size([*entries, *left])
        more: set[int] = set()
        for index in left:
            made = _entry(source, index, found, erasures, bodies)
            entries[index] = made
            if made.erased_by is not None:
                more.add(made.erased_by)
        left = sorted(more - entries.keys())
    return tuple([entries[index] for index in sorted(entries)]), tuple(
        sorted(bodies, key=lambda one: one.index)
    )


def _entry(
    source: Source,
    index: int,
    found: Mapping[int, Mapping[str, Any]],
    erasures: "_Recorded",
    bodies: list[OpenedBody],
) -> PackedEntry:
    proven = source.engine.standing.prove(index)
    entry = parse_entry(proven.entry)
    proof = render_tlog_proof(replace(proven.proof, extra=proven.entry))
    if not entry.body_digest:
        return PackedEntry(index, proven.entry, entry, proof, "none", None)
    stored = next((one for one in source.reader.bodies(index, index + 1) if one.sealed is not None), None)
    if stored is None:
        return PackedEntry(index, proven.entry, entry, proof, "erased", erasures.of(index, entry))
    if index not in found:
        return PackedEntry(index, proven.entry, entry, proof, "sealed", None)
    bodies.append(OpenedBody(index, _line(stored, source.open_key)))
    return PackedEntry(index, proven.entry, entry, proof, "opened", None)


def _line(stored: StoredBody, open_key: OpenKey | None) -> bytes:
    key = None if open_key is None else open_key(stored)
    if key is None or stored.sealed is None:
        raise VerificationError("its key is gone, and it is still there", where=f"body {stored.index}")
    value: dict[str, Json] = {
        "index": stored.index,
        "key": encode_base64(key),
        "sealed": base64.b64encode(stored.sealed).decode(),
    }
    return canonical_bytes(value) + b"\n"


class _Recorded:
    """The erasures that the log records; read when the first body is missing."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self._links: list[tuple[int, Erasures]] | None = None

    def of(self, index: int, entry: Entry) -> int:
        """The entry that says why a body is gone. Raises VerificationError where none does."""
        if self._links is None:
            self._links = []
            for link in self._engine.whole("erasure", self._engine.size)[0]:
                one = Erasures()
                one.take(link.index, link.entry.value)
                self._links.append((link.index, one))
        names = [link.name for link in entry.links]
        for place, one in self._links:
            if one.explain(index, names):
                return place
        raise VerificationError(
            "it is not there, and no entry records its erasure: no pack is made",
            where=f"body {index}",
            hint="run `lockgate audit verify`; an erasure is under a checkpoint within a minute",
        )


def _envelopes(
    entries: Iterable[PackedEntry], found: Mapping[int, Mapping[str, Any]]
) -> Iterator[PackedEnvelope]:
    for one in entries:
        event = one.entry.value.get("event")
        body = found.get(one.index)
        if one.entry.kind != "promotion" or event not in _APPROVED or body is None:
            continue
        details = body.get("details")
        envelope = details.get("envelope") if isinstance(details, dict) else None
        if envelope is None:
            continue
        payload = statement_digest(envelope_of(envelope).payload)
        data = json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        yield PackedEnvelope(
            one.index, "statement" if event == "requested" else "approval", data + b"\n", payload
        )
