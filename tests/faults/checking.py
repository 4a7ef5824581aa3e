"""What must hold after a crash: every acknowledged entry is there, once, and every checkpoint handed out still holds."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.merkle import Frontier, leaf_hash
from lockgate.audit.note import VerifierKey
from lockgate.audit.trust import Trust
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import ORIGIN, START_MS, Trail


@dataclass(frozen=True)
class Receipt:
    request: str
    index: int
    leaf: bytes
    checkpoint: bytes


def read_receipts(data: bytes) -> list[Receipt]:
    """The receipts of whole lines."""
    made = []
    for line in data.split(b"\n")[:-1]:
        value = json.loads(line)
        made.append(
            Receipt(
                value["request"],
                value["index"],
                bytes.fromhex(value["leaf"]),
                base64.b64decode(value["checkpoint"]),
            )
        )
    return made


def receipts_of(folder: Path) -> list[Receipt]:
    path = folder / "receipts.acknowledged"
    return read_receipts(path.read_bytes()) if path.exists() else []


def trust_of(key: VerifierKey) -> Trust:
    return Trust(ORIGIN, (key,), "us", (), parse_witness_policy("quorum none\n"), 3600)


def check_after(trail: Trail, receipts: list[Receipt]) -> int:
    """Raises AssertionError when anything was lost, changed or doubled; returns the size of the log."""
    signed = {
        open_checkpoint(one.checkpoint, ORIGIN, [trail.signer.verifier_key]).checkpoint for one in receipts
    }
    roots = {one.size: one.root for one in signed}
    assert len(roots) == len(signed), "two checkpoints of one size were handed out"
    by_index = {one.index: one for one in receipts}
    assert len(by_index) == len(receipts), "two receipts name one entry"
    tree = Frontier()
    for index, entry in enumerate(trail.store.entries(0, 1 << 39)):
        leaf = leaf_hash(entry)
        tree.append(leaf)
        receipt = by_index.pop(index, None)
        assert receipt is None or receipt.leaf == leaf, f"entry {index} is not the acknowledged one"
        root = roots.pop(index + 1, None)
        assert root is None or root == tree.root(), f"the checkpoint of size {index + 1} is of another tree"
    assert not by_index, f"{len(by_index)} acknowledged entries are lost, the first is {min(by_index)}"
    assert not roots, "a checkpoint that was handed out is larger than the log"
    report = verify_trail(
        trail.store, trust_of(trail.signer.verifier_key), now_ms=START_MS + 10**10, index=trail.store
    )
    assert [str(one) for one in report.findings] == []
    assert report.unsigned == 0
    return tree.size
