"""The rows of a vault over a socket: a process without a database asks the one that has it.

A message is a count of parts and each part behind its length (4 bytes, big-endian): a question `find TAG`, `get REF` or
`add REF TAG KEY NAME`; an answer `row REF TAG KEY NAME`, `none`, or `error MESSAGE`. Rows are wrapped and sealed.
"""

import socket
import struct
import threading
from collections.abc import Sequence
from typing import Final

from lockgate.audit.errors import NOT_STORED, TrailError, reason_of
from lockgate.audit.vault import VaultKeys, VaultRow

_LENGTH: Final = struct.Struct(">I")
_MAX_PARTS: Final = 5
# A namespace's name, sealed, is the longest.
_MAX_PART: Final = 64 * 1024


class VaultClient:
    """The other side's rows. Used by several threads; each call waits at most `timeout` seconds for its answer."""

    def __init__(self, peer: socket.socket, timeout: float = 5.0) -> None:
        self._peer = peer
        self._peer.settimeout(timeout)
        self._lock = threading.Lock()
        self._is_broken = False

    def find(self, tag: bytes) -> VaultRow | None:
        """The row with this tag. Raises TrailError."""
        return self._ask(b"find", tag)

    def get(self, ref: bytes) -> VaultRow | None:
        """The row with this reference. Raises TrailError."""
        return self._ask(b"get", ref)

    def add(self, row: VaultRow) -> VaultRow:
        """Stores a row, or finds the one that is there. Raises TrailError."""
        found = self._ask(b"add", *_parts(row))
        if found is None:
            raise TrailError("the key of a namespace was not stored")
        return found

    def _ask(self, *parts: bytes) -> VaultRow | None:
        with self._lock:
            if self._is_broken:
                raise TrailError("the keys of namespaces cannot be asked for any more")
            try:
                self._peer.sendall(_message(parts))
                kind, *rest = _receive(self._peer)
            except (OSError, ValueError) as error:
                # An answer that comes late would be taken for the next one's.
                self._is_broken = True
                raise TrailError(f"the keys of namespaces cannot be asked for: {error}") from None
        if kind == b"error":
            raise TrailError(b"".join(rest).decode("utf-8", "replace"))
        return VaultRow(*rest) if kind == b"row" else None


def serve_vault(keys: VaultKeys, peer: socket.socket) -> threading.Thread:
    """Answers on a socket until the other side ends, in a thread of its own."""
    thread = threading.Thread(target=_serve, args=(keys, peer), name="trail-vault", daemon=True)
    thread.start()
    return thread


def _serve(keys: VaultKeys, peer: socket.socket) -> None:
    with peer:
        try:
            while True:
                question = _receive(peer)
                try:
                    answer = _answer(keys, *question)
                except Exception as error:  # noqa: BLE001 - a database's own, which the asker is told
                    answer = (b"error", f"{NOT_STORED}: {reason_of(error)}".encode()[:_MAX_PART])
                peer.sendall(_message(answer))
        except (OSError, ValueError):
            return


def _answer(keys: VaultKeys, kind: bytes, *parts: bytes) -> Sequence[bytes]:
    row: VaultRow | None
    if kind == b"add":
        row = keys.add(VaultRow(*parts))
    else:
        (name,) = parts
        row = keys.find(name) if kind == b"find" else keys.get(name)
    return (b"none",) if row is None else (b"row", *_parts(row))


def _parts(row: VaultRow) -> tuple[bytes, bytes, bytes, bytes]:
    return row.ref, row.tag, row.wrapped_key, row.sealed_name


def _message(parts: Sequence[bytes]) -> bytes:
    made = [_LENGTH.pack(len(parts))]
    for part in parts:
        made += [_LENGTH.pack(len(part)), part]
    return b"".join(made)


def _receive(peer: socket.socket) -> list[bytes]:
    """The parts of a message. Raises ConnectionError at the end, ValueError for what is none."""
    (count,) = _LENGTH.unpack(_exactly(peer, _LENGTH.size))
    if not 1 <= count <= _MAX_PARTS:
        raise ValueError("a message of the vault has another number of parts")
    parts: list[bytes] = []
    for _ in range(count):
        (size,) = _LENGTH.unpack(_exactly(peer, _LENGTH.size))
        if size > _MAX_PART:
            raise ValueError("a message of the vault is too large")
        parts.append(_exactly(peer, size))
    return parts


def _exactly(peer: socket.socket, size: int) -> bytes:
    made = bytearray()
    while len(made) < size:
        data = peer.recv(size - len(made))
        if not data:
            raise ConnectionError("the other side ended")
        made += data
    return bytes(made)
