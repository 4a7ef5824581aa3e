"""The proof vectors of transparency-dev/merkle, and Tessera's sixteen checkpoints byte for byte."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lockgate.audit.checkpoint import Checkpoint, open_checkpoint, render_checkpoint
from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from lockgate.audit.note import parse_verifier_key, render_note
from lockgate.audit.signing import Ed25519Signer, sign_note
from lockgate.audit.tiles import Tile, entries_path, parse_entries, render_entries, tile_path

from tests.vectors import vector_path

ENTRIES = ["one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf"]
ENTRIES += ["threeten", "fourten", "fivten"]
ORIGIN = "example.com/log/testdata"
# Published beside the fixture, in build_log.sh.
PRIVATE = "AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"
PUBLIC = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


def hashes(values: "list[str] | None") -> list[bytes]:
    return [base64.b64decode(one) for one in values or []]


def test_inclusion() -> None:
    paths = sorted(vector_path("merkle", "testdata", "inclusion").rglob("*.json"))
    assert len(paths) == 98
    for path in paths:
        case = json.loads(path.read_bytes())
        leaf, root = hashes([case["leafHash"] or "", case["root"] or ""])
        try:
            verify_inclusion(leaf, case["leafIdx"], case["treeSize"], hashes(case["proof"]), root)
        except TrailError:
            assert case["wantErr"], path
        else:
            assert not case["wantErr"], path


def test_consistency() -> None:
    paths = sorted(vector_path("merkle", "testdata", "consistency").rglob("*.json"))
    assert len(paths) == 98
    stricter: list[str] = []
    for path in paths:
        case = json.loads(path.read_bytes())
        old, new = hashes([case["root1"] or "", case["root2"] or ""])
        try:
            verify_consistency(case["size1"], old, case["size2"], new, hashes(case["proof"]))
        except TrailError:
            if not case["wantErr"]:
                assert len(old) != 32, path
                stricter.append(path.stem)
        else:
            assert not case["wantErr"], path
    # One vector has a root of 12 bytes for two trees of one size; a root has 32 bytes here, always.
    assert len(stricter) == 1


def test_subtrees_from_the_first_leaf() -> None:
    """Of the vectors for subtrees those that begin at leaf 0, which are proofs of whole trees."""
    judged = 0
    for path in sorted(vector_path("merkle", "testdata", "subtreeinclusion").rglob("*.json")):
        case = json.loads(path.read_bytes())
        if case["start"]:
            continue
        leaf, root = hashes([case["leafHash"] or "", case["root"] or ""])
        try:
            verify_inclusion(leaf, case["leafIdx"], case["end"], hashes(case["proof"]), root)
        except TrailError:
            assert case["wantErr"], path
        else:
            assert not case["wantErr"], path
        judged += 1
    for path in sorted(vector_path("merkle", "testdata", "subtreeconsistency").rglob("*.json")):
        case = json.loads(path.read_bytes())
        if case["start"]:
            continue
        old, new = hashes([case["root1"] or "", case["root2"] or ""])
        try:
            verify_consistency(case["end"], old, case["size"], new, hashes(case["proof"]))
        except TrailError:
            # A root has 32 bytes here, always.
            assert case["wantErr"] or len(old) != 32, path
        else:
            assert not case["wantErr"], path
        judged += 1
    assert judged > 50


@pytest.mark.parametrize("size", range(16))
def test_tessera_log(size: int) -> None:
    log = vector_path("tessera", "testdata", "log")
    key = parse_verifier_key(PUBLIC)
    signer = Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(base64.b64decode(PRIVATE)[1:]))
    assert signer.verifier_key == key
    entries = [one.encode() for one in ENTRIES[:size]]
    tree = Frontier()
    for entry in entries:
        tree.append(leaf_hash(entry))
    text = render_checkpoint(Checkpoint(ORIGIN, size, tree.root()))
    expected = (log / f"checkpoint.{size}").read_bytes()
    assert render_note(sign_note(text, signer)) == expected
    assert open_checkpoint(expected, ORIGIN, [key]).checkpoint.size == size
    if size:
        assert (log / tile_path(Tile(0, 0, size))).read_bytes() == b"".join(map(leaf_hash, entries))
        bundle = (log / entries_path(0, size)).read_bytes()
        assert bundle == render_entries(entries)
        assert parse_entries(bundle, size) == entries
