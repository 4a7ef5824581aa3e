"""Traces of a writer's writes, and what a disk may hold after power was lost at any point of one.

Everything before a file's last sync is there. Of what came after, any writes may be missing, and a write may have
reached the disk in some of its sectors only.
"""

import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

SECTOR = 512
HEAD = Struct("<cBQQ")
SHIM = Path(__file__).with_name("shim.c")


def compiler() -> str | None:
    """The C compiler, if there is one."""
    return shutil.which("cc") or shutil.which("gcc")


def build_shim(folder: Path) -> Path:
    """The shim, compiled."""
    made = folder / "shim.so"
    command = [compiler() or "cc", "-shared", "-fPIC", "-O1", "-o", str(made), str(SHIM), "-ldl", "-lpthread"]
    subprocess.run(command, check=True, timeout=60)
    return made


@dataclass(frozen=True, slots=True)
class Event:
    """One record: O open, W write, T truncate, S sync."""

    operation: str
    file: int
    offset: int
    data: bytes


def read_trace(path: Path) -> list[Event]:
    """The whole records of a trace."""
    data = path.read_bytes()
    made: list[Event] = []
    place = 0
    while place + HEAD.size <= len(data):
        operation, file, offset, length = HEAD.unpack_from(data, place)
        end = place + HEAD.size + length
        if end > len(data):
            break
        made.append(Event(operation.decode(), file, offset, data[place + HEAD.size : end]))
        place = end
    return made


class _File:
    """A file's content that is surely there, and what may be."""

    def __init__(self, durable: bytes) -> None:
        self.durable = bytearray(durable)
        self.pending: list[Event] = []

    def take(self, event: Event) -> None:
        if event.operation == "S":
            for one in self.pending:
                _apply(self.durable, one)
            self.pending = []
        else:
            self.pending.append(event)

    def after_loss(self, chance: random.Random) -> bytes:
        data = bytearray(self.durable)
        for one in self.pending:
            kind = chance.randrange(4)
            if kind == 0:
                continue
            if kind == 1 and one.operation == "W" and len(one.data) > SECTOR:
                for start in range(0, len(one.data), SECTOR):
                    if chance.random() < 0.5:
                        part = one.data[start : start + SECTOR]
                        _apply(data, Event("W", one.file, one.offset + start, part))
                continue
            _apply(data, one)
        return bytes(data)


def _apply(data: bytearray, event: Event) -> None:
    if event.operation == "T":
        del data[event.offset :]
        data.extend(bytes(event.offset - len(data)))
        return
    if event.offset > len(data):
        data.extend(bytes(event.offset - len(data)))
    data[event.offset : event.offset + len(event.data)] = event.data


def losses(
    events: list[Event], before: Path, chance: random.Random, count: int
) -> Iterator[tuple[dict[str, bytes], bytes]]:
    """What the files may hold after power was lost at random points, with what had been acknowledged by then.

    before: the folder as it was when the trace began. Yields contents by file name, and the acknowledgements.
    """
    points = sorted([chance.randrange(1, len(events) + 1) for _ in range(count)])
    files: dict[int, _File] = {}
    names: dict[int, str] = {}
    place = 0
    for point in points:
        while place < point:
            event = events[place]
            place += 1
            if event.operation == "O":
                name = Path(event.data.decode()).name
                names[event.file] = name
                if event.file not in files:
                    path = before / name
                    files[event.file] = _File(path.read_bytes() if path.exists() else b"")
                continue
            files[event.file].take(event)
        acknowledged = b""
        contents: dict[str, bytes] = {}
        for number, name in names.items():
            if name.endswith(".acknowledged"):
                # What a client was told, it knows, whatever our disk forgot.
                whole = bytearray(files[number].durable)
                for one in files[number].pending:
                    _apply(whole, Event("W", number, len(whole), one.data))
                acknowledged = bytes(whole)
            elif not name.endswith("-shm"):
                contents[name] = files[number].after_loss(chance)
        yield contents, acknowledged
