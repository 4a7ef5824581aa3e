"""Walks zip archives: every member by its content, whatever it is called, and every byte between them."""

import zlib
from collections.abc import Callable, Iterable, Iterator

from lockgate.engine.facts.archives.inflating import Inflated
from lockgate.engine.facts.archives.paths import is_outside
from lockgate.engine.facts.archives.zip_directory import Directory, Member, find_directory, read_members
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import SliceSource, Source, SpooledSource

_METHODS = {8: "deflate", 12: "bzip2"}
_BLOCK = 1 << 20

# What is done with a member: most are told by their content.
Visit = Callable[[Member, Source, Scan], None]


def zip_members(source: Source) -> list[Member] | None:
    """The members of an archive; None when it is none, or one that cannot be read."""
    try:
        directory = find_directory(source)
        return read_members(source, directory) if directory else None
    except UnreadableError:
        return None


def scan_zip(source: Source, scan: Scan) -> None:
    """Walks an archive of any files."""
    walk_zip(source, scan, lambda _, inner, outer: _nested(inner, outer))


def _nested(inner: Source, scan: Scan) -> None:
    scan.nested(inner)


def walk_zip(source: Source, scan: Scan, visit: Visit) -> None:
    """Gives each member to a function, and checks the archive around them. Raises UnreadableError."""
    directory = find_directory(source)
    if directory is None:
        raise UnreadableError("the archive has no directory at its end", 0)
    members = read_members(source, directory)
    _check_names(members, scan)
    _check_places(source, directory, members, scan)
    for member in members:
        if member.differs:
            scan.find(
                "zip-headers-differ",
                "unsafe",
                f"{member.name[:200]}: the directory has another {member.differs} than the member",
                member.header,
            )
        if not (member.name.endswith("/") and not member.size):
            _visit(source, scan, member, visit)


def _visit(source: Source, scan: Scan, member: Member, visit: Visit) -> None:
    packed = SliceSource(f"{source.name}!{member.name}", source, member.start, member.packed)
    if member.encrypted:
        scan.find("zip-encrypted", "unreadable", f"{member.name[:200]} is marked as encrypted", member.header)
    if member.method == 0:
        if member.packed != member.size:
            scan.find("zip-size", "unreadable", f"{member.name[:200]} has two sizes", member.header)
        checksum = 0
        for at in range(0, packed.size, _BLOCK):
            checksum = zlib.crc32(packed.read(at, _BLOCK), checksum)
        _check_sum(member, checksum, scan)
        visit(member, packed, scan)
        return
    method = _METHODS.get(member.method)
    if method is None or member.encrypted:
        if not member.encrypted:
            scan.find(
                "zip-method",
                "unreadable",
                f"{member.name[:200]} is packed by method {member.method}",
                member.header,
            )
        return
    blocks = _Checked(Inflated(packed, method, scan.budget))
    with SpooledSource(packed.name, blocks, scan.budget) as inner:
        _check_sum(member, blocks.checksum, scan)
        if inner.size != member.size or blocks.inflated.end != packed.size:
            scan.find(
                "zip-size", "unreadable", f"{member.name[:200]} has not the size it says", member.header
            )
        visit(member, inner, scan)


class _Checked:
    """Blocks, and the checksum of those that were taken."""

    def __init__(self, inflated: Inflated) -> None:
        self.inflated = inflated
        self.checksum = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self.inflated:
            self.checksum = zlib.crc32(block, self.checksum)
            yield block


def _check_sum(member: Member, checksum: int, scan: Scan) -> None:
    if checksum != member.crc:
        scan.find("zip-checksum", "unreadable", f"{member.name[:200]} has another checksum", member.header)


def _check_names(members: Iterable[Member], scan: Scan) -> None:
    seen: set[str] = set()
    for member in members:
        scan.budget.member()
        # Names that differ in capitals alone are one file where a disk does not tell them apart.
        if member.name in seen:
            scan.find("zip-duplicate", "unsafe", f"{member.name[:200]} is there twice", member.header)
        seen.add(member.name)
        if is_outside(member.name):
            scan.find(
                "archive-path", "unsafe", f"{member.name[:200]} lies outside of the archive", member.header
            )


def _check_places(source: Source, directory: Directory, members: Iterable[Member], scan: Scan) -> None:
    """Looks at bytes that belong to no member, and refuses members that share bytes."""
    at = 0
    spans = sorted((member.header, member.end) for member in members)
    for start, end in [*spans, (directory.start, directory.end)]:
        if start < at:
            scan.find("zip-overlap", "unsafe", "two members share bytes", start)
        elif start > at:
            scan.find("zip-gap", "unvetted", f"{start - at} bytes belong to no member", at)
            scan.nested(SliceSource(f"{source.name}!{at}", source, at, start - at))
        at = max(at, end)
