"""The manifest of an export: every file of it with its digest, and no file that it does not name."""

import os
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from lockgate.audit.entry import MAX_ENTRY
from lockgate.audit.errors import TrailError
from lockgate.audit.export import MANIFEST, VERIFIER
from lockgate.audit.export_lists import KEYS, STREAMS
from lockgate.audit.files import MAX_FILE, MAX_LINE, open_inside
from lockgate.audit.note import MAX_NOTE
from lockgate.audit.tiles import TILE_HEIGHT, TILE_WIDTH, parse_tile_path
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.findings import Findings
from lockgate.engine.errors import os_reason

# A log of a thousand million entries has some twelve million files.
MAX_FILES: Final = 16_000_000
_MAX_NAME: Final = 200
_LINE: Final = re.compile(rb"([0-9a-f]{64})  ([!-~]{1,200})\n")
_CHECKPOINT: Final = re.compile(r"checkpoints/([0-9]{16})")
_PROOF: Final = re.compile(r"proofs/(0|[1-9][0-9]{0,14})\.tlog-proof")
_NEEDED: Final = frozenset(("checkpoint", STREAMS, KEYS, "log.vkey"))
_FOR_PEOPLE: Final = frozenset((VERIFIER, "VERIFY.md"))
_BLOCK: Final = 1 << 20
# `tile/entries/` and six groups of digits with a width.
_MAX_DEPTH: Final = 10


def proof_index(name: str) -> int | None:
    """The entry that a file of this name proves; None for another file."""
    found = _PROOF.fullmatch(name)
    return None if found is None else int(found[1])


def checkpoint_size(name: str) -> int | None:
    """The size of the earlier checkpoint that a file of this name has; None for another file."""
    found = _CHECKPOINT.fullmatch(name)
    return None if found is None else int(found[1])


def largest(name: str, size: int) -> int:
    """How many bytes a file of an export of `size` entries may have; 0 for one that no export has."""
    if name == STREAMS:
        # A line for each link of each entry, which is at least a twentieth as long.
        return max(MAX_FILE, size * 20 * MAX_ENTRY)
    if name in _NEEDED or name in _FOR_PEOPLE:
        return MAX_FILE
    if (index := proof_index(name)) is not None:
        return MAX_NOTE if index < size else 0
    if (earlier := checkpoint_size(name)) is not None:
        return MAX_NOTE if 0 < earlier < size else 0
    try:
        if name.startswith("bodies/") and name.endswith(".jsonl"):
            tile = parse_tile_path(f"tile/entries/{name[len('bodies/') : -len('.jsonl')]}")
            is_whole = tile.width == TILE_WIDTH and tile.index * TILE_WIDTH < size
            return TILE_WIDTH * MAX_LINE if is_whole else 0
        tile = parse_tile_path(name)
    except TrailError:
        return 0
    width = min(TILE_WIDTH, (size >> TILE_HEIGHT * max(0, tile.level)) - tile.index * TILE_WIDTH)
    return MAX_FILE if tile.width == width else 0


def check_manifest(place: Path, size: int, findings: Findings) -> list[str]:
    """Compares the files of an export of `size` entries with its manifest; returns their names, in order."""
    try:
        told = dict(_lines(place))
    except TrailError as error:
        findings.add(codes.EXPORT_CHANGED, MANIFEST, error.message)
        return []
    for name in sorted(_NEEDED - told.keys()):
        findings.add(codes.EXPORT_CHANGED, MANIFEST, f"it does not name {name}")
    try:
        there = set(_files(place, "")) - {MANIFEST}
    except OSError as error:
        reason = os_reason(error)
        findings.add(codes.EXPORT_CHANGED, "folder", f"a part of it cannot be listed: {reason}")
        return []
    for name in sorted(there - told.keys()):
        findings.add(codes.EXPORT_CHANGED, name, "the manifest does not name it")
    for name, digest in told.items():
        limit = largest(name, size)
        if name not in there:
            findings.add(codes.EXPORT_CHANGED, name, "the manifest names it, and it is not there")
        elif not limit:
            findings.add(codes.EXPORT_CHANGED, name, "it is no file of an export of this size")
        else:
            try:
                found = _digest(place, name, limit)
            except TrailError as error:
                findings.add(codes.EXPORT_CHANGED, name, error.message)
                continue
            if found != digest:
                findings.add(
                    codes.EXPORT_CHANGED, name, "it does not have the digest that the manifest names"
                )
    return list(told)


def _lines(place: Path) -> Iterator[tuple[str, str]]:
    """Name and digest of each line. Raises TrailError for a line that is none, or is out of its place."""
    last = ""
    with open(open_inside(place, MANIFEST), "rb") as file:
        for number in range(MAX_FILES + 1):
            line = file.readline(_MAX_NAME + 80)
            if not line:
                return
            found = _LINE.fullmatch(line)
            if found is None:
                raise TrailError(f"line {number + 1} is not a digest and a name")
            name = found[2].decode()
            if name <= last:
                raise TrailError(f"line {number + 1} is out of order")
            last = name
            yield name, found[1].decode()
    raise TrailError(f"it names more than {MAX_FILES} files")


def _files(place: Path, below: str) -> Iterator[str]:
    """Everything in the folder but folders; links are not followed, and deeper folders are given as files."""
    with os.scandir(place / below) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            name = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False) and name.count("/") < _MAX_DEPTH:
                yield from _files(place, f"{name}/")
            else:
                yield name


def _digest(place: Path, name: str, limit: int) -> str:
    made, size = sha256(), 0
    with open(open_inside(place, name), "rb") as file:
        while data := file.read(_BLOCK):
            size += len(data)
            if size > limit:
                raise TrailError("it is larger than such a file may be")
            made.update(data)
    return made.hexdigest()
