"""A log in memory, as a reader; what a forger hands to a verifier."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from lockgate.audit.canonical import Json, canonical_bytes, parse_canonical
from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.errors import TrailError
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.merkle import Frontier, Hash, leaf_hash, root_from_hashes
from lockgate.audit.note import encode_base64, parse_note
from lockgate.audit.reader import Head, StoredBody, TrailReader
from lockgate.audit.streams import StreamHead, heads_root
from lockgate.audit.tiles import TILE_WIDTH, Tile, render_entries


@dataclass
class MemoryTrail:
    """Entries, sealed bodies by index, and checkpoints' notes, the smallest first."""

    origin: str
    data: list[bytes]
    sealed: dict[int, bytes]
    notes: list[bytes] = field(default_factory=list)
    has_bodies: bool = True

    def copy(self) -> "MemoryTrail":
        return replace(self, data=list(self.data), sealed=dict(self.sealed), notes=list(self.notes))

    def tree(self, size: int | None = None) -> Frontier:
        tree = Frontier()
        for entry in self.data[:size]:
            tree.append(leaf_hash(entry))
        return tree

    def head(self) -> Head:
        return Head(len(self.data), self.tree().root(), 0)

    def leaves(self, start: int, stop: int) -> Iterator[tuple[int, bytes, bytes]]:
        for index, entry in enumerate(self.data[start:stop], start):
            yield index, leaf_hash(entry), entry

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        return iter(self.data[start:stop])

    def key_entries(self) -> Iterator[int]:
        for index, entry in enumerate(self.data):
            if parsed(entry)["kind"] == "key":
                yield index

    def seen_entries(self, after: int) -> Iterator[int]:
        for index, entry in enumerate(self.data):
            if index > after and parsed(entry)["kind"] == "seen":
                yield index

    def tile(self, tile: Tile) -> bytes:
        if tile.level < 0:
            start = tile.index * TILE_WIDTH
            return render_entries(self.data[start : start + tile.width])
        hashes: list[Hash] = [leaf_hash(entry) for entry in self.data]
        for _ in range(tile.level):
            whole = len(hashes) // TILE_WIDTH * TILE_WIDTH
            hashes = [root_from_hashes(hashes[at : at + TILE_WIDTH]) for at in range(0, whole, TILE_WIDTH)]
        found = hashes[tile.index * TILE_WIDTH :][: tile.width]
        if len(found) != tile.width:
            raise TrailError("there is no such tile")
        return b"".join(found)

    def checkpoint(self) -> bytes | None:
        return self.notes[-1] if self.notes else None

    def checkpoints(self) -> Iterator[bytes]:
        return iter(self.notes)

    def recent_checkpoints(self) -> Iterator[bytes]:
        return reversed(self.notes)

    def bodies(self, start: int, stop: int) -> Iterator[StoredBody]:
        for index in sorted(self.sealed):
            if start <= index < stop:
                yield StoredBody(index, self.sealed[index], b"", b"")


def read_into_memory(reader: TrailReader) -> MemoryTrail:
    """A copy of a log."""
    sealed = {body.index: body.sealed for body in reader.bodies(0, 1 << 39) if body.sealed is not None}
    return MemoryTrail(reader.origin, list(reader.entries(0, 1 << 39)), sealed, list(reader.checkpoints()))


def parsed(entry: bytes) -> dict[str, Json]:
    value = parse_canonical(entry)
    assert isinstance(value, dict)
    return value


def relink(trail: MemoryTrail) -> None:
    """Recomputes whatever has no key: links and counters of streams, heads, digests of bodies."""
    streams: dict[str, tuple[int, Hash]] = {}
    for index, entry in enumerate(trail.data):
        value = parsed(entry)
        links = value["streams"]
        assert isinstance(links, list)
        made: list[Json] = []
        for link in links:
            assert isinstance(link, dict)
            name = str(link["k"])
            n, last = streams.get(name, (0, b""))
            made.append({"k": name, "n": n + 1, **({"prev": encode_base64(last)} if n else {})})
        value["streams"] = made
        if value["kind"] == "stream-heads":
            heads = [StreamHead(name, n, leaf) for name, (n, leaf) in streams.items()]
            value.update(size=index, count=len(heads), root=encode_base64(heads_root(heads)))
        if "body" in value and index in trail.sealed:
            sealed = trail.sealed[index]
            value["body"] = {"sha256": f"sha256:{sha256(sealed).hexdigest()}", "size": len(sealed)}
        trail.data[index] = canonical_bytes(value)
        leaf = leaf_hash(trail.data[index])
        for link in made:
            assert isinstance(link, dict) and isinstance(link["n"], int)
            streams[str(link["k"])] = (link["n"], leaf)


def sizes(trail: MemoryTrail) -> list[int]:
    """The sizes of the checkpoints."""
    return [parse_checkpoint(parse_note(note).text).size for note in trail.notes]


def write_export(trail: MemoryTrail, place: Path, vkey: str) -> bool:
    """Writes it as an export with every digest right; False where even the writer cannot make sense of it."""
    try:
        export_trail(trail, place, vkey, ExportRequest(), patience_s=0)
    except TrailError:
        return False
    return True
