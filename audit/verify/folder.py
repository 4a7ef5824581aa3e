"""What lies in an export beside the log: manifest, lists, key and proofs. Each has to say what the entries say.

None of it is signed; but who looks up a stream's last entry or a key there is not to be told anything else than who
reads the log. It is looked at when the log itself is in order.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.export_lists import KEYS, STREAMS, key_line, render_keys, stream_line
from lockgate.audit.files import open_inside, read_inside
from lockgate.audit.merkle import HASH_SIZE, Hash, leaf_hash, tree_root, verify_inclusion
from lockgate.audit.note import MAX_NOTE, parse_note
from lockgate.audit.tiles import TILE_WIDTH, Tile, TileHashes
from lockgate.audit.tlog_proof import parse_tlog_proof
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.checkpoints import Checkpoints
from lockgate.audit.verify.findings import Findings
from lockgate.audit.verify.history import History
from lockgate.audit.verify.manifest import check_manifest, checkpoint_size, proof_index

LOG_VKEY: Final = "log.vkey"
_INDEX: Final = re.compile(rb'\{"index":(0|[1-9][0-9]{0,14}),')
# A name of 300 characters, a hash and two numbers.
_MAX_STREAM_LINE: Final = 500
# A list of keys for each of a day's rotations over a century.
_MAX_KEYS: Final = 16 * 1024 * 1024
_TILES: Final = 4096


@dataclass(frozen=True, slots=True)
class Known:
    """What the entries say, walked: the size, where each stream ends (counter, leaf hash), and the log's history."""

    size: int
    heads: Mapping[str, tuple[int, Hash]]
    history: History


def check_folder(folder: ExportFolder, known: Known, checkpoints: Checkpoints, findings: Findings) -> None:
    """Compares everything in an export with its entries, which are in order."""
    names = check_manifest(folder.place, known.size, findings)
    checks: tuple[tuple[str, Callable[[ExportFolder, Known], str]], ...] = (
        (STREAMS, _check_streams),
        (KEYS, _check_keys),
        (LOG_VKEY, _check_vkey),
    )
    for name, check in checks:
        try:
            told = check(folder, known)
        except TrailError as error:
            told = error.message
        if told:
            findings.add(codes.EXPORT_CHANGED, name, told)
    proofs = _Proofs(folder, known.size, checkpoints, findings)
    for name in names:
        index, size = proof_index(name), checkpoint_size(name)
        if index is not None and index < known.size:
            proofs.check(name, index)
        elif size is not None:
            _check_size(folder, name, size, findings)


def _check_size(folder: ExportFolder, name: str, size: int, findings: Findings) -> None:
    """An earlier checkpoint lies where its size says; that it is of this log is known already."""
    try:
        found = parse_checkpoint(parse_note(read_inside(folder.place, name, MAX_NOTE)).text).size
    except TrailError as error:
        findings.add(codes.EXPORT_CHANGED, name, error.message)
        return
    if found != size:
        findings.add(codes.EXPORT_CHANGED, name, f"it is the checkpoint of {found} entries")


def _check_streams(folder: ExportFolder, known: Known) -> str:
    """What is wrong with the list of streams; nothing where it is right."""

    @lru_cache(maxsize=_TILES)
    def leaves(bundle: int) -> bytes:
        return folder.tile(Tile(0, bundle, min(TILE_WIDTH, known.size - bundle * TILE_WIDTH)))

    with open(open_inside(folder.place, STREAMS), "rb") as file:
        for name in sorted(known.heads, key=str.encode):
            n, leaf = known.heads[name]
            line = file.readline(_MAX_STREAM_LINE)
            found = _INDEX.match(line)
            index = -1 if found is None else int(found[1])
            if not 0 <= index < known.size or line != stream_line(name, n, leaf, index):
                return f"it does not tell the last entry of the stream {name}"
            bundle, place = divmod(index, TILE_WIDTH)
            if leaves(bundle)[place * HASH_SIZE : (place + 1) * HASH_SIZE] != leaf:
                return f"it tells another place of the last entry of the stream {name}"
        if file.read(1):
            return "it tells of streams that the log does not have"
    return ""


def _check_keys(folder: ExportFolder, known: Known) -> str:
    """What is wrong with the list of keys; nothing where it is right."""
    lines: list[Json] = [key_line(0, parse_entry(data).value) for data in folder.entries(0, 1)]
    lines += [key_line(index, value) for index, value in known.history.keys]
    if read_inside(folder.place, KEYS, _MAX_KEYS) != render_keys(known.history.origin, lines):
        return "it does not tell the keys that the entries name"
    return ""


def _check_vkey(folder: ExportFolder, known: Known) -> str:
    """What is wrong with the key in the folder; nothing where it is right. It proves nothing either way."""
    named = {known.history.first_key}
    for _, value in known.history.keys:
        if value["event"] == "added" and value["use"] == "log":
            named.add(str(value.get("vkey", "")))
    text = read_inside(folder.place, LOG_VKEY, MAX_NOTE)
    if text not in [f"{vkey}\n".encode() for vkey in named if vkey]:
        return "it is not a key that the entries name"
    return ""


class _Proofs:
    """Checks the proofs of single entries."""

    def __init__(self, folder: ExportFolder, size: int, checkpoints: Checkpoints, findings: Findings) -> None:
        self._folder = folder
        self._size = size
        self._checkpoints = checkpoints
        self._findings = findings
        self._hashes = TileHashes(size, folder.tile)
        self._roots: dict[int, Hash] = {}

    def check(self, name: str, index: int) -> None:
        """Adds a finding for a proof that does not show entry `index` under a checkpoint of this log."""
        try:
            told = self._told(name, index)
        except TrailError as error:
            told = error.message
        if told:
            self._findings.add(codes.EXPORT_CHANGED, name, told)

    def _told(self, name: str, index: int) -> str:
        proof = parse_tlog_proof(read_inside(self._folder.place, name, MAX_NOTE))
        if proof.index != index:
            return f"it is a proof of entry {proof.index}"
        (entry,) = self._folder.entries(index, index + 1)
        if proof.extra not in (b"", entry):
            return "it has another entry with it than the log's"
        checkpoint = self._checkpoints.judge(proof.checkpoint, name, self._findings)
        if checkpoint is None:
            return ""
        if not index < checkpoint.size <= self._size or self._root(checkpoint.size) != checkpoint.root:
            return "its checkpoint is not over the entries that are here"
        verify_inclusion(leaf_hash(entry), index, checkpoint.size, proof.hashes, checkpoint.root)
        return ""

    def _root(self, size: int) -> Hash:
        found = self._roots.get(size)
        if found is None:
            found = self._roots[size] = tree_root(size, self._hashes)
        return found
