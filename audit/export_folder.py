"""Reading an export as a log. Its files are hostile: bounded, not followed through links, and believed in nothing."""

import base64
import binascii
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.export import bodies_path
from lockgate.audit.export_lists import KEYS
from lockgate.audit.files import MAX_LINE, AbsentError, open_inside, read_inside
from lockgate.audit.merkle import HASH_SIZE
from lockgate.audit.note import MAX_NOTE, parse_note
from lockgate.audit.reader import Head, StoredBody
from lockgate.audit.tiles import TILE_WIDTH, Tile, entries_path, parse_entries, tile_hashes, tile_path

MAX_CHECKPOINTS: Final = 1_000_000
_SEEN: Final = b'"kind":"seen"'


def is_export(place: Path) -> bool:
    """Whether a folder looks like an export."""
    return (place / "checkpoint").is_file() and (place / "tile").is_dir()


class ExportFolder:
    """A log in a folder (a TrailReader)."""

    __slots__ = ("_checkpoint", "place")

    def __init__(self, place: Path) -> None:
        self.place: Final = place
        """Raises VerificationError where its checkpoint is none: whatever has a folder of tiles had one."""
        try:
            note = read_inside(place, "checkpoint", MAX_NOTE)
            self._checkpoint: Final[Checkpoint] = parse_checkpoint(parse_note(note).text)
        except TrailError as error:
            raise VerificationError(error.message, where="checkpoint", hint=error.hint) from None

    @property
    def origin(self) -> str:
        """The origin that the folder's checkpoint names."""
        return self._checkpoint.origin

    def head(self) -> Head:
        """The size and root of the folder's checkpoint."""
        return Head(self._checkpoint.size, self._checkpoint.root, 0)

    def leaves(self, start: int, stop: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Index, hash in the tile, and entry. Raises TrailError for a bundle or tile that cannot be read."""
        stop = min(stop, self._checkpoint.size)
        for bundle in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            first = bundle * TILE_WIDTH
            width = min(TILE_WIDTH, self._checkpoint.size - first)
            entries = parse_entries(read_inside(self.place, entries_path(bundle, width)), width)
            hashes = tile_hashes(self.tile(Tile(0, bundle, width)), width)
            for place, (leaf, entry) in enumerate(zip(hashes, entries, strict=True)):
                if start <= first + place < stop:
                    yield first + place, leaf, entry

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from `start` up to `stop`."""
        for _, _, entry in self.leaves(start, stop):
            yield entry

    def key_entries(self) -> Iterator[int]:
        """Where the entries of kind `key` are, as the folder's list tells. Raises FormatError for another file."""
        try:
            for line in json.loads(read_inside(self.place, KEYS))["keys"]:
                if type(line["index"]) is not int or line["index"] < 0:
                    raise ValueError
                yield line["index"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise FormatError(f"{KEYS} is not a list of keys") from None

    def seen_entries(self, after: int) -> Iterator[int]:
        """Where the entries of kind `seen` behind entry `after` are: an export has no index of them."""
        for place, _, entry in self.leaves(after + 1, self._checkpoint.size):
            if _SEEN in entry and parse_entry(entry).kind == "seen":
                yield place

    def tile(self, tile: Tile) -> bytes:
        """A tile's bytes."""
        if tile.level < 0:
            return read_inside(self.place, tile_path(tile))
        return read_inside(self.place, tile_path(tile), TILE_WIDTH * HASH_SIZE)

    def checkpoint(self) -> bytes | None:
        """The folder's checkpoint."""
        return read_inside(self.place, "checkpoint", MAX_NOTE)

    def checkpoints(self) -> Iterator[bytes]:
        """The earlier checkpoints and the last."""
        for name in self._checkpoint_names():
            yield read_inside(self.place, name, MAX_NOTE)

    def recent_checkpoints(self) -> Iterator[bytes]:
        """The last checkpoint and the earlier ones."""
        for name in reversed(self._checkpoint_names()):
            yield read_inside(self.place, name, MAX_NOTE)

    def _checkpoint_names(self) -> list[str]:
        folder = self.place / "checkpoints"
        names: list[str] = []
        if folder.is_dir() and not folder.is_symlink():
            names = sorted([f"checkpoints/{path.name}" for path in folder.iterdir()])
            if len(names) > MAX_CHECKPOINTS:
                raise TrailError(f"the export has {len(names)} checkpoints")
        return [*names, "checkpoint"]

    @property
    def has_bodies(self) -> bool:
        """Whether the export was made with bodies."""
        return (self.place / "bodies").is_dir()

    def bodies(self, start: int, stop: int) -> Iterator[StoredBody]:
        """The bodies in the order of entries. Raises TrailError for a line that is none."""
        if not self.has_bodies:
            return
        stop = min(stop, self._checkpoint.size)
        last = -1
        for bundle in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            name = bodies_path(bundle)
            try:
                descriptor = open_inside(self.place, name)
            except AbsentError:
                continue
            with open(descriptor, "rb") as file:
                while line := file.readline(MAX_LINE + 1):
                    body = _parse_body(line, name)
                    if body.index // TILE_WIDTH != bundle or body.index <= last:
                        raise VerificationError("a body is out of its place", where=name)
                    last = body.index
                    if start <= body.index < stop:
                        yield body


def _parse_body(line: bytes, where: str) -> StoredBody:
    if len(line) > MAX_LINE or not line.endswith(b"\n"):
        raise FormatError(f"{where}: a line is too long or cut off")
    try:
        value = json.loads(line)
        sealed = base64.b64decode(value["sealed"], validate=True)
        key = base64.b64decode(value.get("key", ""), validate=True)
        index = value["index"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise FormatError(f"{where}: a line is not that of a body") from None
    if type(index) is not int or value.keys() - {"index", "sealed", "key"}:
        raise FormatError(f"{where}: a line is not that of a body")
    return StoredBody(index, sealed, b"", b"", key)
