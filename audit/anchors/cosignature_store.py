"""Keeping what witnesses sign."""

from typing import Protocol

from lockgate.audit.anchors.synchronise import Anchored


class CosignatureStore(Protocol):
    """Where cosignatures are kept; the trail's store."""

    def add_cosignature(self, size: int, note: bytes, witness: str, line: str, time_ms: int) -> None:
        """Stores a witness's line on a checkpoint of ours (`note`, without it), and that checkpoint."""
        ...


def keep_cosignatures(store: CosignatureStore, anchored: Anchored, time_ms: int) -> None:
    """Stores every line of a step. A witness may sign with several keys under one name: each has its place."""
    size, note = anchored.checkpoint.size, anchored.note
    for line in anchored.signatures:
        store.add_cosignature(size, note, f"{line.name}+{line.key_id.hex()}", str(line), time_ms)
