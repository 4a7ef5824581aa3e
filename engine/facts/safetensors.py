"""safetensors: a length, a JSON header, and tensors that fill the rest without a gap.

https://github.com/huggingface/safetensors#format
"""

import json
from typing import Any

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.tail import check_tail
from lockgate.engine.facts.values_in_text import check_value

# The library takes 100 MB; 40,000 tensors need 5 MB, and the header is held as a whole.
HEADER_BYTES = 8 << 20
_MOST_AXES = 32
_DTYPE_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


def is_safetensors(source: Source, head: bytes) -> bool:
    """Whether bytes start as a header does: a length, then an object of JSON.

    A length that is too great for the file is told as well, so that it is found and not called something else.
    """
    if len(head) < 10 or head[8:9] != b"{" or head[9:10] not in (b'"', b" ", b"}", b"\n", b"\r", b"\t"):
        return False
    return head[6:8] == b"\0\0"


def scan_safetensors(source: Source, scan: Scan) -> None:
    """Walks the header, and accounts for each byte behind it. Raises UnreadableError."""
    length = number_at(source, 0, "<Q")
    if length > source.size - 8:
        raise UnreadableError(f"a header of {length} bytes in a file of {source.size}", 0)
    if length > HEADER_BYTES:
        raise LimitError(f"a header of more than {HEADER_BYTES} bytes", 0)
    header = _header(source.read(8, length))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise UnreadableError("metadata that are no texts", 8)
    for key, text in metadata.items():
        check_value(scan, key, text, 8)
    extents = sorted((*_extent(name, tensor), name) for name, tensor in header.items())
    end = 0
    for start, stop, name in extents:
        if start != end:
            word = "overlaps the one before it" if start < end else "leaves a gap"
            raise UnreadableError(f"tensor {name[:80]!r} {word}", 8 + length + start)
        end = stop
    if 8 + length + end > source.size:
        raise UnreadableError("tensors lie outside of the file", source.size)
    check_tail(source, scan, 8 + length + end)


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise UnreadableError("the header is no JSON", 8) from None
    if not isinstance(header, dict):
        raise UnreadableError("the header is no object", 8)
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableError("a key of the header is there twice", 8)
    return found


def _extent(name: str, tensor: object) -> tuple[int, int]:
    if not isinstance(tensor, dict) or set(tensor) != {"dtype", "shape", "data_offsets"}:
        raise UnreadableError(f"tensor {name[:80]!r} is not one of dtype, shape and data_offsets", 8)
    dtype, shape, offsets = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPE_BITS:
        raise UnreadableError(f"tensor {name[:80]!r} is of no dtype that is known", 8)
    if not (_are_counts(shape) and _are_counts(offsets) and len(offsets) == 2 and len(shape) <= _MOST_AXES):
        raise UnreadableError(f"tensor {name[:80]!r} has numbers that are no sizes", 8)
    bits = _DTYPE_BITS[dtype]
    for axis in shape:
        bits *= axis
        if bits >= 1 << 66:
            raise UnreadableError(f"tensor {name[:80]!r} is larger than any file", 8)
    start, stop = offsets
    if bits % 8 or stop - start != bits // 8:
        raise UnreadableError(f"tensor {name[:80]!r} has {stop - start} bytes, its shape {bits // 8}", 8)
    return start, stop


def _are_counts(value: object) -> bool:
    return isinstance(value, list) and all(type(one) is int and 0 <= one < 1 << 63 for one in value)
