"""Archives at the end of other formats: a zip is found from its end, so that a file may be two things.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7, 4.3.12 and 4.3.16. TFLite files carry labels so.
"""

import zlib
from collections.abc import Iterator

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import SliceSource, Source, SpooledSource
from lockgate.engine.record import record

_RECORD = 22
# With the longest comment.
_SEARCHED = _RECORD + 0xFFFF
_BLOCK = 1 << 16
_STORED, _DEFLATED = 0, 8


@record
class Directory:
    """The central directory of an archive: where it is, and what its places count from."""

    start: int
    end: int
    base: int


def find_directory(source: Source) -> Directory | None:
    """The directory of an archive that ends where the source does; None when there is none."""
    size = min(source.size, _SEARCHED)
    tail = source.read(source.size - size, size)
    at = len(tail)
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
        entry = tail[at : at + _RECORD]
        if len(entry) == _RECORD and int.from_bytes(entry[20:22], "little") == len(tail) - at - _RECORD:
            end = source.size - size + at
            start = end - int.from_bytes(entry[12:16], "little")
            return Directory(start, end, start - int.from_bytes(entry[16:20], "little"))
    return None


def check_zip_tail(source: Source, scan: Scan) -> None:
    """Walks the members of an archive that was appended to another format. Raises UnreadableError."""
    directory = find_directory(source)
    if directory is None:
        return
    if directory.start < 0 or directory.base < 0:
        raise UnreadableError("it ends as an archive that is none", source.size - _RECORD)
    scan.find("zip-appended", "note", "an archive is appended", directory.start)
    at = directory.start
    while at < directory.end:
        if source.read(at, 4) != b"PK\x01\x02":
            raise UnreadableError("the directory of an archive is broken", at)
        name_size, extra, comment = (number_at(source, at + step, "<H") for step in (28, 30, 32))
        name = source.read(at + 46, name_size).decode("utf-8", "replace")
        _member(source, scan, directory, at, name)
        at += 46 + name_size + extra + comment


def _member(source: Source, scan: Scan, directory: Directory, at: int, name: str) -> None:
    flags, method = number_at(source, at + 8, "<H"), number_at(source, at + 10, "<H")
    packed = number_at(source, at + 20, "<I")
    local = directory.base + number_at(source, at + 42, "<I")
    if source.read(local, 4) != b"PK\x03\x04" or flags & 1 or method not in (_STORED, _DEFLATED):
        raise UnreadableError(f"the member {name[:80]!r} cannot be read", local)
    start = local + 30 + number_at(source, local + 26, "<H") + number_at(source, local + 28, "<H")
    inner = SliceSource(f"{source.name}!{name}", source, start, packed)
    if method == _STORED:
        scan.nested(inner)
        return
    with SpooledSource(inner.name, _inflate(inner), scan.budget) as inflated:
        scan.budget.check_ratio(packed, inflated.size)
        scan.nested(inflated)


def _inflate(source: Source) -> Iterator[bytes]:
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(0, source.size, _BLOCK):
            data = source.read(at, _BLOCK)
            while data and not machine.eof:
                yield machine.decompress(data, _BLOCK)
                data = machine.unconsumed_tail
    except zlib.error:
        raise UnreadableError("a member that does not inflate") from None
    if not machine.eof:
        raise UnreadableError("a member that ends too soon")
