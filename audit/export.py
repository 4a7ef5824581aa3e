"""Exports: a log as a folder that anybody can verify, with programs that we did not write.

The tree is in C2SP tlog-tiles' layout. Hashes are made anew from the entries on the way out, and an export whose root
is not the checkpoint's is not written.
"""

import base64
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from lockgate.audit.canonical import Json, canonical_bytes
from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.export_bodies import ExpectedBodies, UncoveredError
from lockgate.audit.export_lists import KEYS, STREAMS, ExportLists
from lockgate.audit.files import sync_tree, write_below
from lockgate.audit.merkle import Frontier, Hash, leaf_hash, root_from_hashes
from lockgate.audit.note import encode_base64, parse_note
from lockgate.audit.reader import StoredBody, TrailReader
from lockgate.audit.store.growth import BatchProofs
from lockgate.audit.tiles import TILE_WIDTH, Tile, TileHashes, entries_path, render_entries, tile_path
from lockgate.audit.tlog_proof import TlogProof, render_tlog_proof
from lockgate.audit.verify.walk import OpenKey

VERIFIER: Final = "verify_trail.py"
MANIFEST: Final = "MANIFEST.sha256"
# A checkpoint follows its entries within a fraction of a second where an appender runs.
PATIENCE_S: Final = 10.0
_POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What an export has besides the tree: proofs of entries, and bodies `none`, `sealed`, or opened by `open_key`."""

    proofs: Sequence[int] = ()
    bodies: str = "sealed"
    open_key: OpenKey | None = None


def bodies_path(bundle: int) -> str:
    """The file of the bodies of entries `bundle · 256` to the next bundle's."""
    return f"bodies/{entries_path(bundle).removeprefix('tile/entries/')}.jsonl"


def checkpoint_path(size: int) -> str:
    """The file of an earlier checkpoint."""
    return f"checkpoints/{size:016}"


class _Tiles:
    """Writes tiles as leaves come."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.frontier = Frontier()
        self._levels: list[list[Hash]] = [[]]

    def append(self, leaf: Hash) -> None:
        self.frontier.append(leaf)
        level, made = 0, leaf
        while True:
            if level == len(self._levels):
                self._levels.append([])
            hashes = self._levels[level]
            hashes.append(made)
            if len(hashes) < TILE_WIDTH:
                return
            index = (self.frontier.size >> (8 * (level + 1))) - 1
            write_below(self._root, tile_path(Tile(level, index)), b"".join(hashes))
            made = root_from_hashes(hashes)
            self._levels[level] = []
            level += 1

    def finish(self) -> None:
        for level, hashes in enumerate(self._levels):
            if hashes:
                index = self.frontier.size >> (8 * (level + 1))
                write_below(self._root, tile_path(Tile(level, index, len(hashes))), b"".join(hashes))


def _body_line(body: StoredBody, request: ExportRequest) -> bytes:
    assert body.sealed is not None
    value: dict[str, Json] = {"index": body.index, "sealed": base64.b64encode(body.sealed).decode()}
    key = None if request.open_key is None else request.open_key(body)
    if key is not None:
        value["key"] = encode_base64(key)
    return canonical_bytes(value) + b"\n"


def _write_bodies(
    root: Path, reader: TrailReader, size: int, request: ExportRequest, expected: ExpectedBodies
) -> None:
    bundle, lines = -1, bytearray()
    for body in reader.bodies(0, size):
        if body.sealed is None:
            continue
        if body.index // TILE_WIDTH != bundle:
            if lines:
                write_below(root, bodies_path(bundle), bytes(lines))
            bundle, lines = body.index // TILE_WIDTH, bytearray()
        lines += _body_line(body, request)
        expected.found(body.index)
    if lines:
        write_below(root, bodies_path(bundle), bytes(lines))
    expected.check(reader)


def _write_entries(
    root: Path, reader: TrailReader, size: int, tiles: _Tiles, lists: ExportLists, expected: ExpectedBodies
) -> None:
    bundle: list[bytes] = []
    index = 0
    for data in reader.entries(0, size):
        leaf = leaf_hash(data)
        tiles.append(leaf)
        entry = parse_entry(data)
        lists.take(index, entry, leaf)
        expected.take(index, entry)
        bundle.append(data)
        index += 1
        if len(bundle) == TILE_WIDTH:
            write_below(root, entries_path(index // TILE_WIDTH - 1), render_entries(bundle))
            bundle = []
    if bundle:
        write_below(root, entries_path(index // TILE_WIDTH, len(bundle)), render_entries(bundle))
    tiles.finish()


def _write_proofs(root: Path, reader: TrailReader, note: bytes, size: int, indices: Sequence[int]) -> None:
    read = TileHashes(size, lambda tile: root.joinpath(tile_path(tile)).read_bytes())
    proofs = BatchProofs(size, read)
    for index in sorted(set(indices)):
        if not 0 <= index < size:
            raise TrailError(f"there is no entry {index} in an export of {size}")
        for entry in reader.entries(index, index + 1):
            proof = TlogProof(index, proofs.path(index), note, entry)
            write_below(root, f"proofs/{index}.tlog-proof", render_tlog_proof(proof))


def _files(root: Path) -> Iterator[str]:
    for place, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            yield Path(place, name).relative_to(root).as_posix()


def _write_manifest(root: Path) -> None:
    lines = []
    for name in sorted(_files(root)):
        with open(root / name, "rb") as file:
            digest = sha256()
            while data := file.read(1 << 20):
                digest.update(data)
        lines.append(f"{digest.hexdigest()}  {name}\n")
    write_below(root, MANIFEST, "".join(lines).encode())


def export_trail(
    reader: TrailReader,
    place: Path,
    vkey: str,
    request: ExportRequest,
    *,
    patience_s: float = PATIENCE_S,
) -> int:
    """Writes the log up to its latest checkpoint as a new folder; returns its size.

    vkey: the log's key, for programs that ask for a file; it proves nothing where it lies. patience_s: how long it
    waits for the checkpoint that covers an erasure. Raises TrailError.
    """
    if place.exists():
        raise TrailError(f"{place} exists already", hint="name a new folder")
    place.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + patience_s
    while True:
        note = reader.checkpoint()
        if note is None:
            raise TrailError("the log has no checkpoint yet")
        try:
            return _export(reader, note, place, vkey, request)
        except UncoveredError:
            while reader.checkpoint() == note:
                if time.monotonic() > end:
                    raise
                time.sleep(_POLL_S)


def _export(reader: TrailReader, note: bytes, place: Path, vkey: str, request: ExportRequest) -> int:
    """Writes the log up to a checkpoint. Raises UncoveredError where a body is gone and its record is behind that."""
    checkpoint = parse_checkpoint(parse_note(note).text)
    size = checkpoint.size
    root = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        tiles, lists, expected = _Tiles(root), ExportLists(), ExpectedBodies()
        _write_entries(root, reader, size, tiles, lists, expected)
        if tiles.frontier.size != size or tiles.frontier.root() != checkpoint.root:
            raise VerificationError(
                "the entries are not those of the latest checkpoint: nothing is exported",
                where=f"size {size}",
                hint="run `lockgate audit verify`",
            )
        write_below(root, "checkpoint", note)
        for earlier in reader.checkpoints():
            old = parse_checkpoint(parse_note(earlier).text)
            if old.size < size:
                write_below(root, checkpoint_path(old.size), earlier)
        if request.bodies != "none":
            _write_bodies(root, reader, size, request, expected)
        _write_proofs(root, reader, note, size, request.proofs)
        write_below(root, "log.vkey", f"{vkey}\n".encode())
        write_below(root, KEYS, lists.keys(checkpoint.origin))
        write_below(root, STREAMS, lists.streams())
        write_below(root, VERIFIER, verifier_source())
        write_below(root, "VERIFY.md", _guide(checkpoint.origin, size, request).encode())
        _write_manifest(root)
        sync_tree(root)
        root.chmod(0o755)
        root.rename(place)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    return size


def verifier_source() -> bytes:
    """The stand-alone verifier, as it is put into exports."""
    return (Path(__file__).parent / "standalone" / VERIFIER).read_bytes()


def _guide(origin: str, size: int, request: ExportRequest) -> str:
    opened = (
        "Bodies are opened: each line in `bodies/` has the key of its entry."
        if request.open_key is not None
        else "Bodies are sealed: they can be compared with their entries, and not read."
    )
    return f"""# How to verify this export

Log: `{origin}`, {size} entries.

Nothing in this folder proves anything by itself: whoever made the folder could have made the key and the verifier in
it too. Get two things from somewhere else:

1. **The log's key** (one line, `{origin}+…`): from the people who run the log, by a way that does not pass through who
   gave you this folder; from a witness; or from an earlier export that you kept.
2. **The verifier**: `pip download lockgate` from the package index and take `lockgate/audit/standalone/{VERIFIER}`, or
   use a program that is not ours: Tessera's `fsck`, or anything that reads C2SP tlog-tiles.

Then:

    python {VERIFIER} THIS-FOLDER --log-key LINE-OR-FILE [--witness-key LINE-OR-FILE]…
    lockgate audit verify THIS-FOLDER --log-key LINE-OR-FILE
    lockgate audit verify --proof THIS-FOLDER/proofs/INDEX.tlog-proof --log-key LINE-OR-FILE
    fsck --storage_url=file://$PWD/THIS-FOLDER/ --public_key=LOG-KEY-FILE --ui=false --N=2048

All but the last end with 0 when everything agrees, 3 when something was changed, and 4 when there was no key from
outside. Without a witness's key the answer rests on whoever holds the log's key.

## What is here
| path | what |
|---|---|
| `checkpoint` | the signed size and root, with cosignatures of witnesses |
| `tile/` | the tree and the entries (C2SP tlog-tiles) |
| `checkpoints/` | earlier signed checkpoints |
| `bodies/` | what was judged and said, one line an entry. {opened} |
| `streams.jsonl` | the last entry of every stream |
| `proofs/` | proofs for single entries (`c2sp.org/tlog-proof@v1`), each with its entry, for who is not given the rest |
| `keys.json` | the log's keys as its entries tell them |
| `log.vkey` | the log's key, for programs that want a file |
| `MANIFEST.sha256` | digests of all files (`sha256sum -c`); there is no other |
"""
