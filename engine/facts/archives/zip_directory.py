"""The members of a zip archive, as the central directory has them and as they lie in the file.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. Readers differ in what they believe, the directory or the
header before a member; where these are not the same, the file is two archives in one.
"""

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.source import Source
from lockgate.engine.record import record

_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_CENTRAL, _LOCAL, _DESCRIPTOR = b"PK\x01\x02", b"PK\x03\x04", b"PK\x07\x08"
# The end record with the longest comment.
_TAIL = 22 + 0xFFFF
# Entries are 46 bytes at least: a directory of 200,000 members with long names.
DIRECTORY_BYTES = 32 << 20
_UNKNOWN = 0xFFFFFFFF
_ENCRYPTED, _DESCRIBED = 1, 8


@record
class Member:
    """A member. `differs` says what the header before it has otherwise than the directory, in words."""

    name: str
    method: int
    encrypted: bool
    crc: int
    packed: int
    size: int
    # The header, the bytes, and what follows them.
    header: int
    start: int
    end: int
    differs: str


@record
class Directory:
    """The central directory. `base` is how many bytes lie before the archive."""

    start: int
    end: int
    base: int
    count: int


def _number(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "little")


def find_directory(source: Source) -> Directory | None:
    """The directory of an archive that ends where the source ends; None when there is none."""
    size = min(source.size, _TAIL)
    tail = source.read(source.size - size, size)
    at = len(tail)
    while (at := tail.rfind(_END, 0, at)) >= 0:
        if len(tail) - at >= 22 and _number(tail, at + 20, 2) == len(tail) - at - 22:
            return _directory(source, source.size - size + at, tail[at : at + 22])
    return None


def _directory(source: Source, end: int, record_: bytes) -> Directory:
    count, size, offset = _number(record_, 10, 2), _number(record_, 12, 4), _number(record_, 16, 4)
    locator = source.read(end - 20, 20) if end >= 20 else b""
    if locator[:4] == _LOCATOR64:
        wide_at = _number(locator, 8, 8)
        wide = source.read(wide_at, 56)
        if wide[:4] != _END64 or wide_at + 12 + _number(wide, 4, 8) != end - 20:
            raise UnreadableError("the zip64 record is not where the archive says", end - 20)
        wide_count, wide_size, wide_offset = (_number(wide, at, 8) for at in (32, 40, 48))
        said = ((count, 0xFFFF, wide_count), (size, _UNKNOWN, wide_size), (offset, _UNKNOWN, wide_offset))
        if any(narrow not in (unknown, wide_value) for narrow, unknown, wide_value in said):
            raise UnreadableError("the two records at the end of the archive differ", end)
        count, size, offset = wide_count, wide_size, wide_offset
        end = wide_at
    start = end - size
    if start < 0 or start < offset:
        raise UnreadableError("the directory of the archive is not where the archive says", end)
    return Directory(start, end, start - offset, count)


def read_members(source: Source, directory: Directory) -> list[Member]:
    """The members in the order of the directory. Raises UnreadableError."""
    if directory.end - directory.start > DIRECTORY_BYTES:
        raise UnreadableError("the directory of the archive is too long", directory.start)
    data = source.read(directory.start, directory.end - directory.start)
    members = []
    at = 0
    while at < len(data):
        entry = data[at : at + 46]
        name_size, extra_size, comment_size = (_number(entry, place, 2) for place in (28, 30, 32))
        after = at + 46 + name_size + extra_size + comment_size
        if entry[:4] != _CENTRAL or after > len(data):
            raise UnreadableError("the directory of the archive is broken", directory.start + at)
        raw = data[at + 46 : at + 46 + name_size]
        extra = data[at + 46 + name_size : at + 46 + name_size + extra_size]
        members.append(_member(source, directory, entry, raw, extra, directory.start + at))
        at = after
    if len(members) != directory.count:
        raise UnreadableError("the archive has not as many members as it says", directory.start)
    return members


def _member(source: Source, directory: Directory, entry: bytes, raw: bytes, extra: bytes, at: int) -> Member:
    flags, method, crc = _number(entry, 8, 2), _number(entry, 10, 2), _number(entry, 16, 4)
    size, packed, header = _sizes(
        extra, (_number(entry, 24, 4), _number(entry, 20, 4), _number(entry, 42, 4)), at
    )
    header += directory.base
    local = source.read(header, 30)
    if local[:4] != _LOCAL:
        raise UnreadableError("no member is where the directory says", at)
    local_name_size, local_extra_size = _number(local, 26, 2), _number(local, 28, 2)
    rest = source.read(header + 30, local_name_size + local_extra_size)
    start = header + 30 + local_name_size + local_extra_size
    described = bool(flags & _DESCRIBED)
    differs = []
    if rest[:local_name_size] != raw:
        differs.append("name")
    if _number(local, 8, 2) != method:
        differs.append("method")
    if (_number(local, 6, 2) ^ flags) & (_ENCRYPTED | _DESCRIBED):
        differs.append("flags")
    said = _sizes(rest[local_name_size:], (_number(local, 22, 4), _number(local, 18, 4)), header)
    written = (*said, _number(local, 14, 4))
    if written != (size, packed, crc) and not (described and written in ((0, 0, 0), (0, 0, crc))):
        differs.append("size or checksum")
    end = start + packed
    if end > directory.start:
        raise UnreadableError("a member goes into the directory", header)
    if described:
        end += _descriptor(source, end, crc, packed, size)
    name = raw.decode("utf-8" if flags & 0x800 else "cp437", "backslashreplace")
    return Member(
        name, method, bool(flags & _ENCRYPTED), crc, packed, size, header, start, end, ", ".join(differs)
    )


def _sizes(extra: bytes, narrow: tuple[int, ...], at: int) -> tuple[int, ...]:
    """Sizes and place, which lie in an extra field when they take more than four bytes."""
    if _UNKNOWN not in narrow:
        return narrow
    place = 0
    while place + 4 <= len(extra):
        kind, length = _number(extra, place, 2), _number(extra, place + 2, 2)
        if kind == 1:
            field = extra[place + 4 : place + 4 + length]
            wide = []
            for value in narrow:
                if value == _UNKNOWN:
                    if len(field) < 8:
                        break
                    value, field = _number(field, 0, 8), field[8:]
                wide.append(value)
            else:
                return tuple(wide)
        place += 4 + length
    raise UnreadableError("a member's sizes are left out", at)


def _descriptor(source: Source, at: int, crc: int, packed: int, size: int) -> int:
    """How many bytes the descriptor after a member takes: with and without its mark, in both widths."""
    data = source.read(at, 24)
    for mark in (_DESCRIPTOR, b""):
        for width in (4, 8):
            try:
                expected = (
                    mark
                    + crc.to_bytes(4, "little")
                    + packed.to_bytes(width, "little")
                    + size.to_bytes(width, "little")
                )
            except OverflowError:
                continue
            if data.startswith(expected):
                return len(expected)
    raise UnreadableError("the descriptor after a member differs from the directory", at)
