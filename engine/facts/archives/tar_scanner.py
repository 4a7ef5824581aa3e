"""Walks tar archives: ustar, GNU and pax (POSIX.1-2017, pax interchange format)."""

from lockgate.engine.facts.archives.paths import is_outside
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import SliceSource, Source

_BLOCK = 512
_REGULAR = frozenset(b"0\x007")
_LINKS = {ord("1"): "hard link", ord("2"): "symbolic link"}
_NAMES = 1 << 16
_RECORDS = 1 << 20


def is_tar(source: Source) -> bool:
    """Whether the first header has the checksum that it says."""
    return _has_checksum(source.read(0, _BLOCK))


def scan_tar(source: Source, scan: Scan) -> None:
    """Walks each member by its content. Raises UnreadableError."""
    at = 0
    name_before: str | None = None
    said: dict[str, str] = {}
    while at < source.size:
        header = source.read(at, _BLOCK)
        if not header.strip(b"\0"):
            break
        if not _has_checksum(header):
            raise UnreadableError("a header of the tar archive is broken", at)
        size = int(said["size"]) if said.get("size", "").isdigit() else _number(header[124:136], at)
        kind = header[156]
        start = at + _BLOCK
        after = start + (size + _BLOCK - 1) // _BLOCK * _BLOCK
        if start + size > source.size:
            raise UnreadableError("a member goes beyond the end", at)
        if kind == ord("L"):
            name_before = _text(source, start, size)
        elif kind in b"xg":
            said = _records(source.read(start, size) if size <= _RECORDS else b"", start)
        elif kind != ord("K"):
            name = said.get("path") or name_before or _name(header)
            _visit(source, scan, name, kind, start, size, at)
            name_before, said = None, {}
        at = after
    _check_end(source, scan, at)


def _visit(source: Source, scan: Scan, name: str, kind: int, start: int, size: int, at: int) -> None:
    if is_outside(name):
        scan.find("archive-path", "unsafe", f"{name[:200]} lies outside of the archive", at)
    if kind in _REGULAR:
        scan.nested(SliceSource(f"{source.name}!{name}", source, start, size))
    elif kind in _LINKS:
        scan.find("tar-link", "unvetted", f"{name[:200]} is a {_LINKS[kind]}", at)
    elif kind != ord("5"):
        scan.find("tar-kind", "unreadable", f"{name[:200]} is a member of kind {chr(kind)!r}", at)


def _check_end(source: Source, scan: Scan, at: int) -> None:
    """Nothing but zeros may follow the end."""
    for place in range(at, source.size, 1 << 20):
        if source.read(place, 1 << 20).strip(b"\0"):
            scan.find("tar-trailing", "unvetted", f"{source.size - at} bytes follow the archive", at)
            scan.nested(SliceSource(f"{source.name}!{at}", source, at, source.size - at))
            return


def _has_checksum(header: bytes) -> bool:
    if len(header) < _BLOCK or not header.strip(b"\0"):
        return False
    written = header[148:156].strip(b" \0")
    if not written or written.strip(b"01234567"):
        return False
    return int(written, 8) == sum(header) - sum(header[148:156]) + 8 * 32


def _number(field: bytes, at: int) -> int:
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x3F]) + field[1:], "big")
    text = field.strip(b" \0")
    if text.strip(b"01234567"):
        raise UnreadableError("a size in the tar archive is no number", at)
    return int(text or b"0", 8)


def _name(header: bytes) -> str:
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    name = header[:100].split(b"\0")[0]
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "backslashreplace")


def _text(source: Source, start: int, size: int) -> str:
    if size > _NAMES:
        raise UnreadableError("a name in the tar archive is too long", start)
    return source.read(start, size).split(b"\0")[0].decode("utf-8", "backslashreplace")


def _records(data: bytes, at: int) -> dict[str, str]:
    """The records of a pax header: `length key=value`."""
    found: dict[str, str] = {}
    place = 0
    while place < len(data):
        space = data.find(b" ", place)
        length = int(data[place:space]) if space > place and data[place:space].isdigit() else 0
        key, separator, value = data[space + 1 : place + length - 1].partition(b"=")
        if length < 5 or not separator or place + length > len(data):
            raise UnreadableError("a record of the tar archive is broken", at + place)
        found[key.decode("utf-8", "backslashreplace")] = value.decode("utf-8", "backslashreplace")
        place += length
    if any(key.startswith("GNU.sparse") for key in found):
        raise UnreadableError("a sparse file in the tar archive", at)
    return found
