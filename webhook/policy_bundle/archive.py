"""Reads and writes the archive of a bundle: ustar (POSIX 1003.1) in gzip (RFC 1952), strictly and in memory.

Two readers that take one archive for different files are an attack: one shows what was reviewed, the other runs something
else. What `tar`, Go and Python read in more than one way is therefore refused, rather than read as one of them does: several
members of gzip, bytes after the end, sparse files, links, devices, a name twice, numbers in base 256.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

from lockgate.webhook.policy_bundle.bundle import (
    FREE_BYTES,
    MANIFEST,
    MAX_ARCHIVE_BYTES,
    MAX_ENTRIES,
    MAX_FILE_BYTES,
    MAX_RATIO,
    MAX_TOTAL_BYTES,
    SIGNATURES,
    BundleFile,
    bundle_error,
    name_problem,
    shown_name,
)

_BLOCK: Final = 512
_END: Final = bytes(_BLOCK)
_GZIP: Final = b"\x1f\x8b"
# No name, no time, best compression, of no system in particular: the same files are the same bytes.
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_KINDS: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a sparse file",
}
# What may be said about a file that changes nothing of it.
_HARMLESS: Final = frozenset({"atime", "ctime", "mtime", "uid", "gid", "uname", "gname", "comment"})
_MOST_RECORDS: Final = 100


def read_archive(data: bytes, shown: str) -> tuple[BundleFile, ...]:
    """The files of an archive, sorted by name. Raises UsageError for everything out of the ordinary."""
    found: dict[str, BundleFile] = {}
    folders: set[str] = set()
    for name, content in _entries(_unpacked(data, shown), shown):
        if content is None:
            folders.add(name)
            continue
        if name in found:
            raise bundle_error(shown, f"{shown_name(name)} is in it twice")
        found[name] = BundleFile(name, content)
    folders.update(_parents(found))
    for name in sorted(folders & found.keys()):
        raise bundle_error(shown, f"{shown_name(name)} is both a file and a folder")
    return tuple([found[name] for name in sorted(found)])


def _parents(names: "dict[str, BundleFile]") -> Iterator[str]:
    for name in names:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            yield "/".join(parts[:depth])


def _unpacked(data: bytes, shown: str) -> bytes:
    if len(data) > MAX_ARCHIVE_BYTES:
        raise bundle_error(shown, f"it is larger than {MAX_ARCHIVE_BYTES >> 20} MiB")
    if data[:2] != _GZIP:
        raise bundle_error(shown, "it is not in gzip")
    limit = min(MAX_TOTAL_BYTES, FREE_BYTES + MAX_RATIO * len(data))
    stream = zlib.decompressobj(wbits=31)
    try:
        made = stream.decompress(data, limit + 1)
    except zlib.error:
        raise bundle_error(shown, "its gzip is damaged") from None
    if len(made) > limit:
        raise bundle_error(
            shown, f"unpacked it has more than {limit} bytes, which is the most for an archive of {len(data)}"
        )
    if not stream.eof:
        raise bundle_error(shown, "its gzip ends too early")
    if stream.unused_data:
        raise bundle_error(shown, "something follows its gzip")
    return made


def _entries(data: bytes, shown: str) -> Iterator[tuple[str, bytes | None]]:
    """Names and contents; None for a folder."""
    offset = 0
    given: str | None = None
    for number in count():
        header = data[offset : offset + _BLOCK]
        if len(header) < _BLOCK:
            raise bundle_error(shown, "its tar ends too early")
        if header == _END:
            break
        if number >= MAX_ENTRIES:
            raise bundle_error(shown, f"it has more than {MAX_ENTRIES} entries")
        name, kind, size = _header(header, shown)
        start = offset + _BLOCK
        content = data[start : start + size]
        if len(content) < size:
            raise bundle_error(shown, f"{shown_name(name)} ends too early")
        offset = start + -(-size // _BLOCK) * _BLOCK
        if kind == b"g":
            _records(content, shown, "")
            continue
        if kind in (b"x", b"L"):
            if given is not None:
                raise bundle_error(shown, "an entry is named twice")
            given = _records(content, shown, "path") if kind == b"x" else _text(content.rstrip(b"\0"), shown)
            continue
        # An `x` that says no name leaves the header's.
        name, given = given or name, None
        yield _entry(name, kind, content, shown)
    if given is not None or data[offset:].strip(b"\0") or len(data) - offset < 2 * _BLOCK:
        raise bundle_error(shown, "its tar does not end as it has to")


def _entry(name: str, kind: bytes, content: bytes, shown: str) -> tuple[str, bytes | None]:
    is_folder = kind == b"5"
    # `tar -C folder .` writes `./x`.
    plain = name.removeprefix("./")
    if is_folder:
        plain = plain.removesuffix("/")
    if kind not in (b"0", b"\0", b"5"):
        what = _KINDS.get(kind, "of a kind that has no place in it")
        raise bundle_error(shown, f"{shown_name(name)} is {what}")
    if is_folder and plain in ("", "."):
        return ".", None
    problem = name_problem(plain)
    if problem:
        raise bundle_error(shown, f"{shown_name(name)}: {problem}")
    if is_folder:
        if content:
            raise bundle_error(shown, f"the folder {shown_name(name)} has content")
        return plain, None
    if "/" in plain and plain.rpartition("/")[2] in (MANIFEST, SIGNATURES):
        # OPA takes it for the bundle's own, wherever it is.
        raise bundle_error(shown, f"{shown_name(name)} is not where it has to be")
    if len(content) > MAX_FILE_BYTES:
        raise bundle_error(shown, f"{shown_name(name)} is larger than {MAX_FILE_BYTES >> 20} MiB")
    return plain, content


def _header(header: bytes, shown: str) -> tuple[str, bytes, int]:
    told = _number(header[148:156], shown)
    if told != sum(header[:148]) + sum(header[156:]) + 8 * ord(" "):
        raise bundle_error(shown, "a checksum of its tar is wrong")
    is_ustar = header[257:262] == b"ustar"
    name = _text(header[:100].partition(b"\0")[0], shown)
    # GNU's form, `ustar  `, has times where POSIX has the prefix.
    prefix = _text(header[345:500].partition(b"\0")[0], shown) if header[257:263] == b"ustar\0" else ""
    if not is_ustar:
        raise bundle_error(shown, "its tar is in none of the forms of this century (ustar, pax, GNU)")
    return (f"{prefix}/{name}" if prefix else name), header[156:157], _number(header[124:136], shown)


def _number(field: bytes, shown: str) -> int:
    text = field.strip(b" \0")
    if not text or len(text) > 11 or text.strip(b"01234567"):
        raise bundle_error(shown, "a number of its tar is not in octal")
    return int(text, 8)


def _text(data: bytes, shown: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise bundle_error(shown, "a name in it is not UTF-8") from None


def _records(data: bytes, shown: str, wanted: str) -> str | None:
    """The wanted record of a pax header. Raises UsageError for those that would change what a file is."""
    made: dict[str, str] = {}
    offset = 0
    while offset < len(data):
        digits, space, _ = data[offset : offset + 12].partition(b" ")
        if not space or not digits.isdigit() or digits.startswith(b"0"):
            raise bundle_error(shown, "a pax header of its tar is damaged")
        end = offset + int(digits)
        line = data[offset + len(digits) + 1 : end]
        key, equals, value = line[:-1].partition(b"=")
        if end > len(data) or not line.endswith(b"\n") or not equals:
            raise bundle_error(shown, "a pax header of its tar is damaged")
        name = _text(key, shown)
        if name in made or len(made) >= _MOST_RECORDS or not (name in _HARMLESS or name == wanted):
            raise bundle_error(
                shown, f"a pax header of its tar says {shown_name(name)}, which has no place in it"
            )
        made[name] = _text(value, shown) if name == wanted else ""
        offset = end
    said = made.get(wanted)
    if said is not None and (not said or "\0" in said):
        raise bundle_error(shown, "an entry has an empty name, or a zero in it")
    return said


def write_archive(files: Sequence[BundleFile], shown: str) -> bytes:
    """The archive of the files, sorted by name; the same files are the same bytes. Raises UsageError.

    What was written is read again: a bundle that is made can be used.
    """
    ordered = tuple(sorted(files, key=lambda one: one.name))
    parts: list[bytes] = []
    # What unpacks it, as oras does, makes no folder that it does not name.
    for name in sorted(set(_parents({one.name: one for one in ordered}))):
        parts += [*_named(f"{name}/"), _made_header(f"{name}/", b"5", 0)]
    for one in ordered:
        padding = bytes(-len(one.data) % _BLOCK)
        parts += [*_named(one.name), _made_header(one.name, b"0", len(one.data)), one.data, padding]
    tar = b"".join([*parts, _END, _END])
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(tar) + packer.flush()
    made = b"".join([_GZIP_HEADER, packed, struct.pack("<II", zlib.crc32(tar), len(tar) & 0xFFFFFFFF)])
    if read_archive(made, shown) != ordered:
        raise bundle_error(shown, "a name is not read as it was written")
    return made


def _named(name: str) -> list[bytes]:
    """The pax header of a name that has no place in the ordinary one."""
    data = name.encode("utf-8", "surrogatepass")
    if len(data) <= 100 and data.isascii():
        return []
    body = b" path=" + data + b"\n"
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    content = str(length).encode() + body
    return [_made_header("pax", b"x", len(content)), content, bytes(-len(content) % _BLOCK)]


def _made_header(name: str, kind: bytes, size: int) -> bytes:
    short = name.encode("ascii", "replace")[:100]
    fields = (
        short.ljust(100, b"\0"),
        b"0000755\0" if kind == b"5" else b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        b"%011o\0" % size,
        b"00000000000\0",
        b" " * 8,
        kind,
        bytes(100),
        b"ustar\00000",
        bytes(64),
        b"0000000\0",
        b"0000000\0",
    )
    header = b"".join(fields).ljust(_BLOCK, b"\0")
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]
