"""Numbers without a header, which another file of the same model describes: told by that file's conventions alone.

Shards of TensorFlow checkpoints (tensor_bundle.h), blobs of CoreML
(https://github.com/apple/coremltools/tree/main/mlmodel/src/MILBlob).
"""

import re

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.tail import check_tail

_SHARD = re.compile(r"\.data-\d{5}-of-\d{5}$")
_BLOB = b"\xef\xbe\xad\xde"


def is_shard(source: Source) -> bool:
    """Whether a file that is nothing else has the name of a shard: TensorFlow reads numbers from it, and only that."""
    return bool(_SHARD.search(source.name))


def scan_shard(source: Source, scan: Scan) -> None:
    """Notes a shard: each byte of it is a number, or a text that an index points to."""
    scan.find("raw-numbers", "note", "numbers, as the index beside it says", 0)


def is_blob(source: Source, head: bytes) -> bool:
    """Whether bytes start as a file of weights of CoreML does, with the sentinel of its first entry."""
    return head[4:8] == b"\x02\0\0\0" and head[64:68] == _BLOB


def scan_blob(source: Source, scan: Scan) -> None:
    """Goes from entry to entry. Raises UnreadableError."""
    count = number_at(source, 0, "<I")
    at = 64
    for _ in range(count):
        if source.read(at, 4) != _BLOB:
            raise UnreadableError("an entry is not where it should be", at)
        size, start = number_at(source, at + 8, "<Q"), number_at(source, at + 16, "<Q")
        if start < at + 64 or start + size > source.size:
            raise UnreadableError("weights lie outside of the file", at)
        at = -(-(start + size) // 64) * 64
    check_tail(source, scan, min(at, source.size))
