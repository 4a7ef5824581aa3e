"""Files that are one compressed file: as joblib writes them, and `.tar.gz`."""

from collections.abc import Callable

from lockgate.engine.facts.archives.inflating import Inflated
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import SliceSource, Source, SpooledSource


def scan_compressed(method: str) -> Callable[[Source, Scan], None]:
    """The function that walks what comes out of a method of compression."""

    def scan_it(source: Source, scan: Scan) -> None:
        blocks = Inflated(source, method, scan.budget)
        with SpooledSource(f"{source.name}!{method}", blocks, scan.budget) as inner:
            scan.nested(inner)
        rest = source.size - blocks.end
        if rest:
            scan.find(
                "compressed-trailing", "unvetted", f"{rest} bytes follow the compressed data", blocks.end
            )
            scan.nested(SliceSource(f"{source.name}!{blocks.end}", source, blocks.end, rest))

    return scan_it


def is_zlib(head: bytes) -> bool:
    """Whether the two bytes of a zlib stream (RFC 1950) are there, with a window of 32 KiB as joblib writes it."""
    return len(head) > 2 and head[0] == 0x78 and (head[0] << 8 | head[1]) % 31 == 0 and not head[1] & 0x20


def is_lzma(head: bytes) -> bool:
    """Whether the header of the older format of lzma is there: the size is not known, as joblib writes it."""
    return len(head) > 13 and head[0] == 0x5D and head[1:5].count(0) >= 2 and head[5:13] in (b"\xff" * 8,)
