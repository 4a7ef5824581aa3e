"""Which files git tracks, read from a work tree's index (gitformat-index(5), versions 2 to 4).

`.gitignore` hides untracked files only, in git and here: otherwise a change could add a manifest together with an
ignore file that takes it out of sight. Nothing is executed, and git's configuration is not obeyed.
"""

import os
import re
import struct
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from lockgate.engine.record import record

# The index of the Linux kernel's 90,000 files takes 9 MB.
MAX_INDEX_BYTES: Final = 256 * 1024 * 1024
_MAX_TEXT_BYTES: Final = 1024 * 1024

_FIXED: Final = 40  # Times, device, inode, mode, owner and size, before the object's name.


@record
class Tracked:
    """The tracked paths of a work tree, from its root with `/`, sorted."""

    paths: Sequence[str]

    def has(self, path: str, is_folder: bool) -> bool:
        """Is the file tracked, or for a folder any file below it?"""
        if not is_folder:
            place = bisect_left(self.paths, path)
            return place < len(self.paths) and self.paths[place] == path
        place = bisect_left(self.paths, path + "/")
        return place < len(self.paths) and self.paths[place].startswith(path + "/")


def _text(path: str) -> str:
    with open(path, "rb") as stream:
        return stream.read(_MAX_TEXT_BYTES).decode("utf-8", "surrogateescape")


def _git_folder(root: str) -> str:
    """The folder with the index: `.git`, or where a linked work tree's `.git` file points."""
    place = os.path.join(root, ".git")
    if os.path.isdir(place):
        return place
    return os.path.join(root, _text(place).removeprefix("gitdir:").strip())


def _digest_size(folder: str) -> int:
    """20 for SHA-1; 32 where the repository's format is SHA-256."""
    common = os.path.join(folder, "commondir")
    if os.path.isfile(common):
        folder = os.path.join(folder, _text(common).strip())
    try:
        text = _text(os.path.join(folder, "config"))
    except FileNotFoundError:
        return 20
    return 32 if re.search(r"(?im)^\s*objectformat\s*=\s*sha256\s*$", text) else 20


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """An offset-encoded number, as in pack files, and the place after it."""
    byte = data[place]
    place += 1
    value = byte & 127
    while byte & 128:
        byte = data[place]
        place += 1
        value = ((value + 1) << 7) | (byte & 127)
    return value, place


def parse_index(data: bytes, digest_size: int) -> list[str]:
    """The paths in an index file. Raises ValueError when it is damaged or of a form that is not known."""
    if data[:4] != b"DIRC" or len(data) < 12:
        raise ValueError("no index of git")
    version, count = struct.unpack(">II", data[4:12])
    if version not in (2, 3, 4):
        raise ValueError(f"index version {version} is not known")
    paths: list[str] = []
    place, previous = 12, b""
    for _ in range(count):
        start, strip = place, 0
        place += _FIXED + digest_size
        flags = int.from_bytes(data[place : place + 2], "big")
        place += 4 if version >= 3 and flags & 0x4000 else 2
        if version == 4:
            if place >= len(data):
                raise ValueError("the index is cut off")
            strip, place = _varint(data, place)
        end = data.find(b"\0", place)
        if end < 0 or end > len(data) - digest_size:
            raise ValueError("the index is cut off")
        name = data[place:end]
        if version == 4:
            name = previous[: len(previous) - strip] + name
            previous, place = name, end + 1
        else:
            place = start + ((end - start) // 8 + 1) * 8
        paths.append(name.decode("utf-8", "surrogateescape"))
    while place + 8 <= len(data) - digest_size:
        signature, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "big")
        if signature == b"link":
            raise ValueError("a split index is not read")
        place += 8 + size
    return paths


def read_tracked(root: str) -> Tracked | None:
    """What the work tree at `root` tracks; None when that cannot be told (every ignored file is then reported)."""
    try:
        folder = _git_folder(root)
        try:
            with open(os.path.join(folder, "index"), "rb") as stream:
                data = stream.read(MAX_INDEX_BYTES + 1)
        except FileNotFoundError:
            return Tracked(())
        if len(data) > MAX_INDEX_BYTES:
            return None
        return Tracked(sorted(parse_index(data, _digest_size(folder))))
    except (OSError, ValueError, IndexError):
        return None
