"""Bytes that no part of a format explains: padding, or something that another reader would find."""

from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import SliceSource, Source

# Writers align to pages at most; more zeros are no padding.
PADDING = 1 << 16
_BLOCK = 1 << 16


def is_zeros(source: Source, start: int, end: int) -> bool:
    """Whether there is nothing but zeros between two places."""
    return all(not source.read(at, min(_BLOCK, end - at)).strip(b"\0") for at in range(start, end, _BLOCK))


def check_tail(source: Source, scan: Scan, end: int) -> None:
    """Notes what follows the end of a format: nothing, padding, or bytes that are looked at as a part."""
    if end < source.size:
        check_gap(source, scan, end, source.size)


def check_gap(source: Source, scan: Scan, start: int, end: int) -> None:
    """Notes what lies between two parts of a format."""
    if start >= end or (end - start <= PADDING and is_zeros(source, start, end)):
        return
    count = end - start
    scan.find("bytes-unexplained", "unvetted", f"{count} bytes belong to no part of the format", start)
    scan.nested(SliceSource(f"{source.name}!bytes-{start}", source, start, count))
