"""Messages of the appender's socket: a draft there, a receipt or an error back.

A frame is its length (4 bytes, big-endian), a header of JSON behind its own length, and raw bytes. Both sides are of one
version: a server and its workers.
"""

import base64
import json
import struct
from collections.abc import Mapping
from typing import Any, Final

from lockgate.audit.draft import Draft, SealedBody
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.merkle import HASH_SIZE
from lockgate.audit.sealing import MAX_BODY
from lockgate.audit.store.append import ClosedLogError
from lockgate.audit.store.appender import BackPressureError, Receipt
from lockgate.audit.store.batch import ErasedKeyError
from lockgate.audit.streams import check_stream_name

# A sealed body is hardly larger than its body; an entry and a proof take some kilobytes.
MAX_FRAME: Final = MAX_BODY + 256 * 1024
MAX_HEADER: Final = 128 * 1024
MAX_TIMEOUT_S: Final = 3600.0
_LENGTH: Final = struct.Struct(">I")
_LENGTHS: Final = struct.Struct(">II")
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


class Frames:
    """Cuts what arrives into frames."""

    __slots__ = ("_received",)

    def __init__(self) -> None:
        self._received = bytearray()

    @property
    def has_begun(self) -> bool:
        """Whether a part of a frame is there."""
        return bool(self._received)

    def feed(self, data: bytes) -> tuple[dict[str, Any], bytes] | None:
        """Header and raw bytes of the frame, once it is whole. Raises FormatError for what is none, and for a second one.

        Each side sends one message and waits for the other's.
        """
        received = self._received
        received += data
        if len(received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(received)
        if not _LENGTH.size <= length <= MAX_FRAME:
            raise FormatError("a message of the appender's socket is too large")
        end = _LENGTH.size + length
        if len(received) < end:
            return None
        if len(received) > end:
            raise FormatError("messages of the appender's socket come one at a time")
        _, size = _LENGTHS.unpack_from(received)
        start = _LENGTHS.size
        if size > min(MAX_HEADER, length - _LENGTH.size):
            raise FormatError("a message of the appender's socket has no header")
        header, rest = bytes(received[start : start + size]), bytes(received[start + size :])
        received.clear()
        try:
            value = json.loads(header)
        except (ValueError, RecursionError):
            raise FormatError("a message of the appender's socket is no JSON") from None
        if not isinstance(value, dict):
            raise FormatError("a message of the appender's socket is no JSON object")
        return value, rest


def _frame(header: Mapping[str, Any], rest: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    length = _LENGTH.size + len(text) + len(rest)
    if len(text) > MAX_HEADER or length > MAX_FRAME:
        raise FormatError("a message of the appender's socket is too large")
    return b"".join((_LENGTHS.pack(length, len(text)), text, rest))


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise FormatError("a message of the appender's socket has something else where text belongs")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise FormatError("a message of the appender's socket is not in base64") from None


def render_draft(draft: Draft, timeout: float) -> bytes:
    """A draft, and how many seconds its receipt is waited for. Raises FormatError for one that is too large."""
    body = draft.body
    rest = b"" if body is None else body.wrapped_key + body.vault_ref + body.sealed
    header = {
        "kind": draft.kind,
        "fields": dict(draft.fields),
        "streams": draft.streams,
        "idempotency": base64.b64encode(draft.idempotency).decode("ascii"),
        "timeout": timeout,
    }
    return _frame(header, rest)


def parse_draft(header: Mapping[str, Any], rest: bytes) -> tuple[Draft, float]:
    """The draft, and the seconds. Raises FormatError."""
    body = None
    if rest:
        if len(rest) <= _KEY_SIZE + _REF_SIZE:
            raise FormatError("a draft's body is cut off")
        key, ref = rest[:_KEY_SIZE], rest[_KEY_SIZE : _KEY_SIZE + _REF_SIZE]
        body = SealedBody(rest[_KEY_SIZE + _REF_SIZE :], key, ref)
    kind, fields, streams = header.get("kind"), header.get("fields"), header.get("streams")
    if not isinstance(kind, str) or not isinstance(fields, dict) or not isinstance(streams, list):
        raise FormatError("a draft has a kind, fields and streams")
    if not all(isinstance(name, str) for name in streams):
        raise FormatError("a draft has a kind, fields and streams")
    for name in streams:
        # Here, where it is one caller's: in a batch it would be looked for together with the names of others.
        check_stream_name(name)
    timeout = header.get("timeout")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= MAX_TIMEOUT_S:
        raise FormatError("a draft is sent with a time-out")
    draft = Draft(kind, fields, tuple(streams), body, _bytes(header.get("idempotency", "")))
    return draft, float(timeout)


def render_receipt(receipt: Receipt) -> bytes:
    """A receipt: its hashes, the entry and the checkpoint are the raw bytes."""
    header = {
        "index": receipt.index,
        "size": receipt.size,
        "repeated": receipt.repeated,
        "hashes": len(receipt.proof),
        "entry": len(receipt.entry),
    }
    return _frame(header, b"".join((receipt.leaf_hash, *receipt.proof, receipt.entry, receipt.checkpoint)))


def render_error(error: TrailError) -> bytes:
    """What a caller is told instead."""
    kind = next(one.__name__ for one in type(error).__mro__ if one.__name__ in _ERRORS)
    where = error.where if isinstance(error, VerificationError) else ""
    return _frame({"error": kind, "message": error.message, "hint": error.hint, "where": where})


def parse_answer(header: Mapping[str, Any], rest: bytes) -> Receipt | TrailError:
    """The receipt, or the error that the other side tells. Raises FormatError for what is neither."""
    if "error" in header:
        return _told(header)
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
    value = header.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FormatError("an answer of the appender's socket is no receipt")
    return value


def _told(header: Mapping[str, Any]) -> TrailError:
    kind = _ERRORS.get(str(header["error"]), TrailError)
    message, hint = str(header.get("message", "refused")), str(header.get("hint", ""))
    if issubclass(kind, VerificationError):
        where = str(header.get("where", ""))
        return kind(message.removeprefix(f"{where}: "), where=where, hint=hint)
    return kind(message, hint=hint)
