"""Backups: one file with every log of a database, which can be put back into either kind of database.

    "lockgate-backup/v1\n", then frames: type (1 byte) ‖ length (4 bytes, big-endian) ‖ payload
    H  header, JSON · V  a namespace's key as stored, wrapped · for each log:
    L  the log, JSON · C  a checkpoint · W  a cosignature, JSON · then by bundles of 256:
    E  entries as in tlog-tiles' bundles · B  the bodies of these entries
    Z  SHA-256 of everything before this frame; the last one

What can be made of the entries is not in it. Nothing in it is believed: entries have to have the root that the head's
seal covers, which only the installation can make (`MasterKey.seal_key`), checkpoints have to be of the tree and signed,
and bodies the ones that their entries name.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO, Final, Protocol

from lockgate.audit.canonical import Json, canonical_bytes, parse_canonical
from lockgate.audit.checkpoint import open_checkpoint, parse_checkpoint
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.files import MAX_LINE
from lockgate.audit.merkle import HASH_SIZE, MAX_SIZE, Frontier, Hash, leaf_hash
from lockgate.audit.note import VerifierKey, decode_base64, encode_base64, parse_note, parse_signature
from lockgate.audit.reader import StoredBody
from lockgate.audit.tiles import TILE_WIDTH, parse_entries, render_entries
from lockgate.audit.vault import REF_SIZE, VaultRow

MAGIC: Final = b"lockgate-backup/v1\n"
VERSION: Final = 1
# A frame holds at most a sealed body or a bundle of entries.
MAX_FRAME: Final = MAX_LINE
# A namespace's name is at most 63 characters, sealed with its nonce and tag.
MAX_NAME: Final = 1024
# Logs follow each other once a year, or after a restore.
MAX_LOGS: Final = 1000
WRAPPED_SIZE: Final = 40
# One checkpoint a minute for ten years.
MAX_CHECKPOINTS: Final = 5_300_000

_DIGEST_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class LogHeader:
    """A log as its rows say; `seal` is the head's (`store.seal.head_seal`). Times in Unix milliseconds."""

    origin: str
    created_ms: int
    state: str
    successor: str
    size: int
    root: bytes
    time_ms: int
    seal: bytes


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint's note without cosignatures, and when it was stored."""

    size: int
    note: bytes
    time_ms: int


@dataclass(frozen=True, slots=True)
class KeptCosignature:
    """A witness's line on a checkpoint."""

    size: int
    witness: str
    line: str


class BackupWriter:
    """Writes frames; the caller gives them in the format's order."""

    def __init__(self, write: Callable[[bytes], object], time_ms: int, logs: int) -> None:
        self._write = write
        self._digest = sha256()
        self._put(MAGIC)
        self._frame(b"H", canonical_bytes({"v": VERSION, "created": time_ms, "logs": logs}))

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._write(data)

    def _frame(self, kind: bytes, payload: bytes) -> None:
        if len(payload) > MAX_FRAME:
            raise FormatError(f"{len(payload)} bytes are more than a backup holds in one piece")
        self._put(kind + len(payload).to_bytes(4, "big") + payload)

    def vault_row(self, row: VaultRow) -> None:
        """A namespace's key as stored."""
        self._frame(b"V", row.ref + row.tag + row.wrapped_key + row.sealed_name)

    def log(self, header: LogHeader) -> None:
        """Begins a log."""
        value: dict[str, Json] = {
            "origin": header.origin,
            "created": header.created_ms,
            "state": header.state,
            "successor": header.successor,
            "size": header.size,
            "root": encode_base64(header.root),
            "time": header.time_ms,
            "seal": encode_base64(header.seal),
        }
        self._frame(b"L", canonical_bytes(value))

    def checkpoint(self, kept: KeptCheckpoint) -> None:
        """A checkpoint of the log."""
        self._frame(b"C", kept.time_ms.to_bytes(8, "big") + kept.note)

    def cosignature(self, kept: KeptCosignature) -> None:
        """A line on one of the checkpoints."""
        value: dict[str, Json] = {"size": kept.size, "witness": kept.witness, "line": kept.line}
        self._frame(b"W", canonical_bytes(value))

    def entries(self, entries: list[bytes]) -> None:
        """The next bundle: 256 entries, fewer only at the end."""
        self._frame(b"E", render_entries(entries))

    def body(self, body: StoredBody) -> None:
        """The body of an entry of the last bundle; erased ones are not written."""
        assert body.sealed is not None and body.wrapped_key is not None
        self._frame(b"B", body.index.to_bytes(8, "big") + body.vault_ref + body.wrapped_key + body.sealed)

    def end(self) -> None:
        """The digest."""
        self._frame(b"Z", self._digest.digest())


class BackupSink(Protocol):
    """Takes a backup apart. What it is given has been checked as far as the file has been read."""

    def vault_row(self, row: VaultRow) -> None:
        """A namespace's key as stored."""
        ...

    def log(self, header: LogHeader) -> None:
        """A log begins."""
        ...

    def checkpoint(self, kept: KeptCheckpoint) -> None:
        """A checkpoint of the log; not yet compared with its tree."""
        ...

    def cosignature(self, kept: KeptCosignature) -> None:
        """A line on one of the checkpoints."""
        ...

    def entry(self, index: int, leaf: Hash, data: bytes, entry: Entry) -> None:
        """The next entry."""
        ...

    def body(self, body: StoredBody) -> None:
        """A body that its entry names."""
        ...

    def end_log(self, header: LogHeader, frontier: Frontier) -> None:
        """The log is whole, and has the root that its seal covers."""
        ...


class NoSink:
    """Keeps nothing, for a backup that is only checked."""

    def vault_row(self, row: VaultRow) -> None:
        """Nothing."""

    def log(self, header: LogHeader) -> None:
        """Nothing."""

    def checkpoint(self, kept: KeptCheckpoint) -> None:
        """Nothing."""

    def cosignature(self, kept: KeptCosignature) -> None:
        """Nothing."""

    def entry(self, index: int, leaf: Hash, data: bytes, entry: Entry) -> None:
        """Nothing."""

    def body(self, body: StoredBody) -> None:
        """Nothing."""

    def end_log(self, header: LogHeader, frontier: Frontier) -> None:
        """Nothing."""


def _frames(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Type and payload of each frame before the last, whose digest is compared. Raises FormatError."""
    digest = sha256()

    def take(count: int) -> bytes:
        data = stream.read(count)
        if len(data) != count:
            raise FormatError("the backup is cut off")
        return data

    magic = take(len(MAGIC))
    if magic != MAGIC:
        raise FormatError("that is no backup of a trail, or one of a version that is not known here")
    digest.update(magic)
    while True:
        head = take(5)
        length = int.from_bytes(head[1:], "big")
        if length > MAX_FRAME:
            raise FormatError("a piece of the backup is larger than any may be")
        payload = take(length)
        if head[:1] == b"Z":
            if payload != digest.digest():
                raise VerificationError("the backup does not have its own digest: it was damaged or changed")
            if stream.read(1):
                raise FormatError("something follows the end of the backup")
            return
        digest.update(head)
        digest.update(payload)
        yield head[:1], payload


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < MAX_SIZE:
        raise FormatError("a number of the backup is none of a log")
    return value


def _text(value: object) -> str:
    if type(value) is not str or len(value) > MAX_NAME:
        raise FormatError("a text of the backup is none of a log")
    return value


def _object(payload: bytes, *names: str) -> dict[str, object]:
    value = parse_canonical(payload)
    if type(value) is not dict or value.keys() != set(names):
        raise FormatError("a piece of the backup has other fields than it should")
    return dict(value)


def _header(payload: bytes) -> LogHeader:
    value = _object(payload, "origin", "created", "state", "successor", "size", "root", "time", "seal")
    state = _text(value["state"])
    if state not in ("active", "frozen", "closed"):
        raise FormatError(f"a log is not {state!r}")
    root, seal = [decode_base64(_text(value[name]), f"the {name}") for name in ("root", "seal")]
    if len(root) != HASH_SIZE or len(seal) != _DIGEST_SIZE:
        raise FormatError("the root or the seal of a log has another length")
    created, size, time = [_number(value[name]) for name in ("created", "size", "time")]
    return LogHeader(
        _text(value["origin"]), created, state, _text(value["successor"]), size, root, time, seal
    )


class _LogWalk:
    """One log of a backup, checked piece by piece."""

    def __init__(self, header: LogHeader, seal: bytes, keys: Sequence[VerifierKey], sink: BackupSink) -> None:
        if not hmac.compare_digest(seal, header.seal):
            raise VerificationError(
                "the seal of the head is not this installation's",
                where=header.origin,
                hint="restore with the master key of the trail that was backed up; nobody else can seal a head",
            )
        self.header = header
        self._keys = keys
        self._sink = sink
        self._roots: dict[int, Hash] = {}
        self._bundle: dict[int, Entry] = {}
        self._body = -1
        self._frontier = Frontier()
        sink.log(header)

    def checkpoint(self, payload: bytes) -> None:
        """A checkpoint, before any entry; its root is compared when the tree gets there."""
        if self._frontier.size or len(payload) < 8 or len(self._roots) >= MAX_CHECKPOINTS:
            raise FormatError("a checkpoint is not in its place")
        note = payload[8:]
        if self._keys:
            checkpoint = open_checkpoint(note, self.header.origin, self._keys).checkpoint
        else:
            checkpoint = parse_checkpoint(parse_note(note).text)
        if checkpoint.origin != self.header.origin or checkpoint.size > self.header.size:
            raise VerificationError(
                f"a checkpoint is of size {checkpoint.size}, and the backup has {self.header.size} entries",
                where=self.header.origin,
            )
        if self._roots and checkpoint.size <= max(self._roots):
            raise FormatError("the checkpoints are not in order")
        self._roots[checkpoint.size] = checkpoint.root
        self._sink.checkpoint(
            KeptCheckpoint(checkpoint.size, note, _number(int.from_bytes(payload[:8], "big")))
        )

    def cosignature(self, payload: bytes) -> None:
        """A line on a checkpoint that was there."""
        value = _object(payload, "size", "witness", "line")
        kept = KeptCosignature(_number(value["size"]), _text(value["witness"]), str(value["line"]))
        if kept.size not in self._roots or self._frontier.size:
            raise FormatError("a cosignature is of no checkpoint of the backup")
        line = parse_signature(kept.line)
        # A witness with several keys has a line of each.
        if kept.witness not in (line.name, f"{line.name}+{line.key_id.hex()}"):
            raise FormatError("a cosignature is another witness's")
        self._sink.cosignature(kept)

    def entries(self, payload: bytes) -> None:
        """The next bundle."""
        start, size = self._frontier.size, self.header.size
        width = min(TILE_WIDTH, size - start)
        if width <= 0:
            raise FormatError("the backup has more entries than its head says")
        self._bundle.clear()
        for data in parse_entries(payload, width):
            index, leaf = self._frontier.size, leaf_hash(data)
            self._frontier.append(leaf)
            entry = parse_entry(data)
            if entry.body_digest:
                self._bundle[index] = entry
            expected = self._roots.get(self._frontier.size)
            if expected is not None and self._frontier.root() != expected:
                raise VerificationError(
                    "the entries are not those of a signed checkpoint", where=f"size {self._frontier.size}"
                )
            self._sink.entry(index, leaf, data, entry)

    def body(self, payload: bytes) -> None:
        """A body of the last bundle."""
        begin = 8 + REF_SIZE + WRAPPED_SIZE
        if len(payload) <= begin:
            raise FormatError("a body is cut off")
        index = int.from_bytes(payload[:8], "big")
        entry, sealed = self._bundle.get(index), payload[begin:]
        if entry is None or index <= self._body:
            raise FormatError(f"the body {index} is not in its place")
        self._body = index
        if f"sha256:{sha256(sealed).hexdigest()}" != entry.body_digest:
            raise VerificationError("it is not the one that its entry names", where=f"body {index}")
        ref = payload[8 : 8 + REF_SIZE]
        self._sink.body(StoredBody(index, sealed, payload[8 + REF_SIZE : begin], ref))

    def finish(self) -> None:
        """Compares the whole with the head."""
        frontier, header = self._frontier, self.header
        if frontier.size != header.size or frontier.root() != header.root:
            raise VerificationError("the entries are not those of the head", where=header.origin)
        self._sink.end_log(header, frontier)


def walk_backup(
    stream: BinaryIO,
    seal_of: Callable[[str, int, bytes], bytes],
    keys: Mapping[str, Sequence[VerifierKey]],
    sink: BackupSink,
) -> tuple[LogHeader, ...]:
    """Reads a backup to its end and gives the sink what is in it; returns the logs.

    seal_of: the seal of a head, from origin, size and root. keys: the keys by origin under which checkpoints have to
    be signed; of other origins the seal alone vouches. Raises FormatError or VerificationError; what the sink was
    given before is then to be dropped.
    """
    frames = _frames(stream)
    first = next(frames, None)
    if first is None or first[0] != b"H":
        raise FormatError("the backup has no header")
    header = _object(first[1], "v", "created", "logs")
    if header["v"] != VERSION or _number(header["logs"]) > MAX_LOGS:
        raise FormatError("the backup is of a version that is not known here")
    logs: list[LogHeader] = []
    walk: _LogWalk | None = None
    for kind, payload in frames:
        if kind == b"V" and walk is None:
            sink.vault_row(_vault_row(payload))
            continue
        if kind == b"L":
            if walk is not None:
                walk.finish()
            made = _header(payload)
            logs.append(made)
            if len({one.origin for one in logs}) != len(logs):
                raise FormatError("the backup has a log twice")
            walk = _LogWalk(made, seal_of(made.origin, made.size, made.root), keys.get(made.origin, ()), sink)
            continue
        if walk is None:
            raise FormatError("a piece of the backup is not in its place")
        step = {b"C": walk.checkpoint, b"W": walk.cosignature, b"E": walk.entries, b"B": walk.body}.get(kind)
        if step is None:
            raise FormatError("a piece of the backup is of no kind that is known here")
        step(payload)
    if walk is not None:
        walk.finish()
    if len(logs) != header["logs"]:
        raise FormatError("the backup has another number of logs than it says")
    return tuple(logs)


def _vault_row(payload: bytes) -> VaultRow:
    tag, wrapped = REF_SIZE, REF_SIZE + _DIGEST_SIZE
    name = wrapped + WRAPPED_SIZE
    if not name < len(payload) <= name + MAX_NAME:
        raise FormatError("a namespace's key is cut off")
    return VaultRow(payload[:tag], payload[tag:wrapped], payload[wrapped:name], payload[name:])
