"""What main and a worker tell each other over a socket of their own: frames of a header and raw bytes.

A frame is its length (4 bytes, big-endian), the length of its header, the header as JSON, and raw bytes. Both sides are of
one version and one machine, so what is no frame is a fault of ours and ends the worker.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal

from lockgate.engine.errors import LockgateError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import light_record
from lockgate.webhook.serving.objects import Change, ObjectKey

# An object has 3 MB at most; a frame ends behind the object with which it has so many bytes.
FRAME_BYTES: Final = 4 << 20
MAX_FRAME: Final = 64 << 20
_LENGTHS: Final = struct.Struct(">II")
_LENGTH: Final = struct.Struct(">I")

Kind = Literal[
    "settings",
    "changes",
    "certificate",
    "draining",
    "stop",
    "applied",
    "measures",
    "coverage",
    "claims",
    "serving",
    "swept",
    "ledger",
]


class FeedError(LockgateError):
    """A frame that the other side does not send."""


@light_record
class Frame:
    """One frame. header: its fields besides the kind."""

    kind: str
    header: dict[str, Any]
    raw: bytes = b""


def render_frame(kind: Kind, header: dict[str, Any], raw: bytes = b"") -> bytes:
    """A frame's bytes."""
    told = json.dumps({**header, "frame": kind}, separators=(",", ":")).encode()
    return _LENGTHS.pack(_LENGTH.size + len(told) + len(raw), len(told)) + told + raw


class FrameReader:
    """Cuts what arrives into frames."""

    __slots__ = ("_received",)

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now. Raises FeedError."""
        received = self._received
        received += data
        while len(received) >= _LENGTHS.size:
            length, size = _LENGTHS.unpack_from(received)
            if not size <= length - _LENGTH.size <= MAX_FRAME:
                raise FeedError("a frame of the feed has another length than there is")
            end = _LENGTH.size + length
            if len(received) < end:
                return
            behind = _LENGTHS.size + size
            told, raw = bytes(received[_LENGTHS.size : behind]), bytes(received[behind:end])
            del received[:end]
            try:
                header = json.loads(told)
                kind = header.pop("frame")
            except (ValueError, KeyError, AttributeError, TypeError) as error:
                raise FeedError("a frame of the feed has no header") from error
            yield Frame(kind, header, raw)


def render_changes(
    sequence: int, changes: Iterable[Change], covered: Iterable[GroupVersionKind]
) -> Iterator[bytes]:
    """The frames of changes that are applied together, behind which the worker answers with the sequence."""
    told: list[list[Any]] = []
    raw: list[bytes] = []
    size = 0
    for change in changes:
        key = change.key
        told.append(
            [*_triple(key.kind), key.namespace, key.name, -1 if change.data is None else len(change.data)]
        )
        if change.data is not None:
            raw.append(change.data)
            size += len(change.data)
        if size >= FRAME_BYTES:
            yield render_frame("changes", {"objects": told}, b"".join(raw))
            told, raw, size = [], [], 0
    last = {"objects": told, "sequence": sequence, "covered": [_triple(kind) for kind in covered]}
    yield render_frame("changes", last, b"".join(raw))


def parse_changes(frame: Frame) -> Sequence[Change]:
    """The changes of a frame."""
    made: list[Change] = []
    at = 0
    for group, version, kind, namespace, name, size in frame.header["objects"]:
        data = None
        if size >= 0:
            data = frame.raw[at : at + size]
            at += size
        made.append(Change(ObjectKey(GroupVersionKind(group, version, kind), namespace, name), data))
    if at != len(frame.raw):
        raise FeedError("a frame of changes has other objects than it names")
    return made


def parse_covered(frame: Frame) -> frozenset[GroupVersionKind]:
    """The kinds that are known in full once the changes are applied."""
    return frozenset([GroupVersionKind(*kind) for kind in frame.header["covered"]])


def _triple(kind: GroupVersionKind) -> list[str]:
    return [kind.group, kind.version, kind.kind]
