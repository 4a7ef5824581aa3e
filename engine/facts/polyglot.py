"""Files that are two things: an archive is found by other marks than the format that its first bytes tell."""

from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.zip_tail import find_directory

# They are walked as what they contain, or walk an archive at their end themselves.
_OWN = frozenset({"tflite"})
_CHECKSUM = slice(148, 156)


def check_polyglot(source: Source, scan: Scan, head: bytes, name: str) -> None:
    """Notes an archive that the format does not tell of."""
    if name in _OWN or head.startswith(b"PK\x03\x04") or "zip" in name:
        return
    if find_directory(source):
        scan.find("polyglot-zip", "unsafe", f"{name} that is a zip archive as well", source.size - 22)
    if "tar" not in name and _is_tar(source.read(0, 512)):
        scan.find("polyglot-tar", "unsafe", f"{name} that is a tar archive as well", 257)


def _is_tar(block: bytes) -> bool:
    if len(block) < 512 or not block.strip(b"\0"):
        return False
    written = block[_CHECKSUM].strip(b" \0")
    if not 1 <= len(written) <= 7 or written.strip(b"01234567"):
        return False
    return int(written, 8) == sum(block) - sum(block[_CHECKSUM]) + 8 * 32
