"""Messages of the appender's socket: drafts there; receipts, places and errors back, in any order.

A frame is its length (4 bytes, big-endian), a header of JSON behind its own length, and raw bytes. Drafts that are sent
together are in one frame, each with a number by which its answer is known; the places of a batch come in one frame. Both sides are of one version: a server and its
workers.
"""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from lockgate.audit.draft import Draft, SealedBody
from lockgate.audit.errors import (
    BackPressureError,
    ClosedLogError,
    ErasedKeyError,
    FormatError,
    TrailError,
    UnverifiableError,
    VerificationError,
)
from lockgate.audit.merkle import HASH_SIZE
from lockgate.audit.quick_libraries import find_render
from lockgate.audit.receipt import Place, Receipt
from lockgate.audit.sealing import MAX_BODY
from lockgate.audit.streams import check_stream_name
from lockgate.engine.record import light_record

# A sealed body is hardly larger than its body; an entry and a proof take some kilobytes.
MAX_FRAME: Final = MAX_BODY + 256 * 1024
MAX_HEADER: Final = 128 * 1024
MAX_TIMEOUT_S: Final = 3600.0
_LENGTH: Final = struct.Struct(">I")
_LENGTHS: Final = struct.Struct(">II")
# Drafts are put into one frame up to so many raw bytes; what is around them in its header.
_MOST_RAW: Final = 1 << 20
_AROUND: Final = 64
_KEY_SIZE: Final = 40
_REF_SIZE: Final = 16

# Errors keep their class on the way; of another class, the nearest one of these above it.
_ERRORS: Final[Mapping[str, type[TrailError]]] = {
    one.__name__: one
    for one in (
        TrailError,
        FormatError,
        VerificationError,
        UnverifiableError,
        BackPressureError,
        ClosedLogError,
        ErasedKeyError,
    )
}


# Header and raw bytes.
Frame: TypeAlias = tuple[dict[str, Any], bytes]


class Frames:
    """Cuts what arrives into frames."""

    __slots__ = ("_received",)

    def __init__(self) -> None:
        self._received = bytearray()

    @property
    def has_begun(self) -> bool:
        """Whether a part of a frame is there."""
        return bool(self._received)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now. Raises FormatError for what is none."""
        received = self._received
        received += data
        found: list[Frame] = []
        start, held = 0, len(received)
        while held - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(received, start)
            if not _LENGTH.size <= length <= MAX_FRAME:
                raise FormatError("a message of the appender's socket is too large")
            end = start + _LENGTH.size + length
            if held < end:
                break
            found.append(_cut(received, start, end))
            start = end
        del received[:start]
        return found


def _cut(received: bytearray, start: int, end: int) -> Frame:
    length, size = _LENGTHS.unpack_from(received, start)
    start += _LENGTHS.size
    if size > min(MAX_HEADER, length - _LENGTH.size):
        raise FormatError("a message of the appender's socket has no header")
    try:
        value = json.loads(received[start : start + size])
    except (ValueError, RecursionError):
        raise FormatError("a message of the appender's socket is no JSON") from None
    if not isinstance(value, dict):
        raise FormatError("a message of the appender's socket is no JSON object")
    return value, bytes(received[start + size : end])


def _frame(header: Mapping[str, Any], rest: bytes = b"") -> bytes:
    return _put_together(json.dumps(header).encode(), rest)


def _put_together(text: bytes, rest: bytes) -> bytes:
    length = _LENGTH.size + len(text) + len(rest)
    if len(text) > MAX_HEADER or length > MAX_FRAME:
        raise FormatError("a message of the appender's socket is too large")
    return b"".join((_LENGTHS.pack(length, len(text)), text, rest))


@light_record
class Asked:
    """A draft that was sent: its number, how many seconds it is waited for, and whether a proof is wanted."""

    number: int
    draft: Draft
    timeout: float
    wants_proof: bool


# A draft on its way: its part of a header, and its raw bytes (request key, wrapped key, reference, sealed body).
Rendered: TypeAlias = tuple[bytes, bytes]
_QUICKLY: Final = find_render()


def _listed(values: list[Any]) -> bytes:
    if _QUICKLY is not None:
        try:
            return _QUICKLY(values)
        except TypeError:
            # Such as half of a surrogate pair, for which its draft alone is refused where it is read.
            pass
    return json.dumps(values).encode()


def render_draft(asked: Asked) -> Rendered:
    """A draft with what is wanted of it. Raises FormatError for one that is too large."""
    draft = asked.draft
    body = draft.body
    rest = draft.idempotency
    if body is not None:
        rest = b"".join((rest, body.wrapped_key, body.vault_ref, body.sealed))
    text = _listed(
        [
            asked.number,
            asked.timeout,
            asked.wants_proof,
            draft.kind,
            {**draft.fields},
            draft.streams,
            len(draft.idempotency),
            len(rest) - len(draft.idempotency),
        ]
    )
    if len(text) + _AROUND > MAX_HEADER or len(rest) > MAX_FRAME - MAX_HEADER - _LENGTHS.size:
        raise FormatError("a draft is too large for the appender's socket")
    return text, rest


def render_drafts(drafts: Sequence[Rendered]) -> bytes:
    """Drafts in as few frames as they fit in."""
    frames: list[bytes] = []
    texts: list[bytes] = []
    rests: list[bytes] = []
    header = raw = 0
    for text, rest in drafts:
        if texts and (header + len(text) + _AROUND > MAX_HEADER or raw + len(rest) > _MOST_RAW):
            frames.append(_drafts_frame(texts, rests))
            texts, rests, header, raw = [], [], 0, 0
        texts.append(text)
        rests.append(rest)
        header += len(text) + 1
        raw += len(rest)
    frames.append(_drafts_frame(texts, rests))
    return b"".join(frames)


def _drafts_frame(texts: Sequence[bytes], rests: Sequence[bytes]) -> bytes:
    return _put_together(b'{"drafts":[%b]}' % b",".join(texts), b"".join(rests))


def parse_drafts(header: Mapping[str, Any], rest: bytes) -> list[tuple[int, Asked | FormatError]]:
    """What was sent, by number; an error for a draft that is none. Raises FormatError where it is not known whose each is."""
    listed = header.get("drafts")
    if not isinstance(listed, list):
        raise FormatError("a message of the appender's socket has no drafts")
    found: list[tuple[int, Asked | FormatError]] = []
    start = 0
    for one in listed:
        if not isinstance(one, list) or len(one) != 8:
            raise FormatError("a message of the appender's socket has no drafts")
        number, between = _whole(one[0]), start + _whole(one[6])
        stop = between + _whole(one[7])
        if stop > len(rest):
            raise FormatError("a draft's body is cut off")
        try:
            found.append((number, _asked(number, one, rest[start:between], rest[between:stop])))
        except FormatError as error:
            found.append((number, error))
        start = stop
    if start != len(rest):
        raise FormatError("a message of the appender's socket has more than its drafts")
    return found


def _asked(number: int, listed: Sequence[Any], key: bytes, rest: bytes) -> Asked:
    _, timeout, wants_proof, kind, fields, streams, _, _ = listed
    body = None
    if rest:
        if len(rest) <= _KEY_SIZE + _REF_SIZE:
            raise FormatError("a draft's body is cut off")
        wrapped, ref = rest[:_KEY_SIZE], rest[_KEY_SIZE : _KEY_SIZE + _REF_SIZE]
        body = SealedBody(rest[_KEY_SIZE + _REF_SIZE :], wrapped, ref)
    if not isinstance(kind, str) or not isinstance(fields, dict) or not isinstance(streams, list):
        raise FormatError("a draft has a kind, fields and streams")
    for name in streams:
        if not isinstance(name, str):
            raise FormatError("a draft has a kind, fields and streams")
        # Here, where it is one caller's: in a batch it would be looked for together with the names of others.
        check_stream_name(name)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= MAX_TIMEOUT_S:
        raise FormatError("a draft is sent with a time-out")
    return Asked(number, Draft(kind, fields, tuple(streams), body, key), float(timeout), wants_proof is True)


def _number_of(header: Mapping[str, Any]) -> int:
    """By which number an answer is known. Raises FormatError."""
    return _count(header, "number")


def render_receipt(number: int, receipt: Receipt) -> bytes:
    """A receipt: its hashes, the entry and the checkpoint are the raw bytes."""
    header = {
        "number": number,
        "index": receipt.index,
        "size": receipt.size,
        "repeated": receipt.repeated,
        "hashes": len(receipt.proof),
        "entry": len(receipt.entry),
    }
    return _frame(header, b"".join((receipt.leaf_hash, *receipt.proof, receipt.entry, receipt.checkpoint)))


def render_places(places: Sequence[tuple[int, Place]]) -> bytes:
    """Places by number; the leaves' hashes are the raw bytes."""
    listed = [[number, place.index, place.repeated] for number, place in places]
    return _frame({"places": listed}, b"".join([place.leaf_hash for _, place in places]))


def render_error(number: int, error: TrailError) -> bytes:
    """What a caller is told instead."""
    kind = next(one.__name__ for one in type(error).__mro__ if one.__name__ in _ERRORS)
    where = error.where if isinstance(error, VerificationError) else ""
    return _frame(
        {"number": number, "error": kind, "message": error.message, "hint": error.hint, "where": where}
    )


Answer: TypeAlias = Receipt | Place | TrailError


def parse_answers(header: Mapping[str, Any], rest: bytes) -> list[tuple[int, Answer]]:
    """What the other side tells, by number. Raises FormatError for what is no answer."""
    if "places" in header:
        return [*_places(header["places"], rest)]
    return [(_number_of(header), _told(header) if "error" in header else _receipt(header, rest))]


def _places(listed: object, rest: bytes) -> Iterator[tuple[int, Place]]:
    if not isinstance(listed, list) or len(rest) != HASH_SIZE * len(listed):
        raise FormatError("an answer of the appender's socket has no places")
    for start, one in zip(range(0, len(rest), HASH_SIZE), listed, strict=True):
        if not isinstance(one, list) or len(one) != 3:
            raise FormatError("an answer of the appender's socket has no places")
        number, index, repeated = one
        yield _whole(number), Place(_whole(index), rest[start : start + HASH_SIZE], repeated is True)


def _receipt(header: Mapping[str, Any], rest: bytes) -> Receipt:
    index, size, hashes, length = [_count(header, name) for name in ("index", "size", "hashes", "entry")]
    end = HASH_SIZE * (1 + hashes)
    if len(rest) < end + length:
        raise FormatError("an answer of the appender's socket is cut off")
    split = [rest[place : place + HASH_SIZE] for place in range(0, end, HASH_SIZE)]
    return Receipt(
        index,
        split[0],
        rest[end : end + length],
        size,
        tuple(split[1:]),
        rest[end + length :],
        header.get("repeated") is True,
    )


def _count(header: Mapping[str, Any], name: str) -> int:
    return _whole(header.get(name))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FormatError("a message of the appender's socket has something else where a number belongs")
    return value


def _told(header: Mapping[str, Any]) -> TrailError:
    kind = _ERRORS.get(str(header["error"]), TrailError)
    message, hint = str(header.get("message", "refused")), str(header.get("hint", ""))
    if issubclass(kind, VerificationError):
        where = str(header.get("where", ""))
        return kind(message.removeprefix(f"{where}: "), where=where, hint=hint)
    return kind(message, hint=hint)
