"""Which format bytes are, by their content alone: what a file is called decides nothing.

The table is in order, the most specific first. A format without a function in scanners.py is unvetted by its name.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Final, final

from lockgate.engine.facts.archives.compressed import is_lzma, is_zlib
from lockgate.engine.facts.archives.tar_scanner import is_tar
from lockgate.engine.facts.archives.zip_directory import Member
from lockgate.engine.facts.archives.zip_scanner import zip_members
from lockgate.engine.facts.data_formats import LOOSE, MARKED, Sniffer
from lockgate.engine.facts.npy import MAGIC, is_npz
from lockgate.engine.facts.pickle.sniff import is_pickle
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.torch.legacy import is_torch_legacy
from lockgate.engine.facts.torch.zip_scanner import is_torch_zip, is_torchscript

# Enough for every magic: that of tar is at 257. Templates and configurations are told by more.
HEAD_BYTES = 4096
ZIP = b"PK\x03\x04"


@final
class Candidate:
    """A source with its first bytes, which most formats are told by."""

    def __init__(self, source: Source) -> None:
        self.source: Final = source
        self.head: Final = source.read(0, HEAD_BYTES)

    @cached_property
    def members(self) -> list[Member] | None:
        """Those of a zip archive, whose directory several formats are told by; None where it is none."""
        return zip_members(self.source)


def _starts(*magics: bytes) -> Callable[[Candidate], bool]:
    return lambda candidate: candidate.head.startswith(magics)


def _told(sniffer: Sniffer) -> Callable[[Candidate], bool]:
    return lambda candidate: sniffer(candidate.source, candidate.head)


FORMATS: tuple[tuple[str, Callable[[Candidate], bool]], ...] = (
    ("torchscript", lambda candidate: candidate.head.startswith(ZIP) and is_torchscript(candidate.members)),
    ("torch-zip", lambda candidate: candidate.head.startswith(ZIP) and is_torch_zip(candidate.members)),
    ("npz", lambda candidate: candidate.head.startswith(ZIP) and is_npz(candidate.members)),
    ("zip", _starts(ZIP)),
    ("npy", _starts(MAGIC)),
    ("torch-legacy", lambda candidate: is_torch_legacy(candidate.source)),
    ("gzip", _starts(b"\x1f\x8b\x08")),
    ("bzip2", _starts(b"BZh")),
    ("xz", _starts(b"\xfd7zXZ\x00")),
    # These are not walked.
    ("7z", _starts(b"7z\xbc\xaf\x27\x1c")),
    ("rar", _starts(b"Rar!\x1a\x07")),
    ("lz4", _starts(b"\x04\x22\x4d\x18")),
    ("zstd", _starts(b"\x28\xb5\x2f\xfd")),
    *((name, _told(sniffer)) for name, sniffer in MARKED),
    ("lzma", lambda candidate: is_lzma(candidate.head)),
    ("zlib", lambda candidate: is_zlib(candidate.head)),
    ("tar", lambda candidate: is_tar(candidate.source)),
    ("pickle", lambda candidate: is_pickle(candidate.source)),
    # An archive is found from its end, whatever lies before it.
    ("zip", lambda candidate: candidate.members is not None),
    *((name, _told(sniffer)) for name, sniffer in LOOSE),
)


def format_of(source: Source) -> str:
    """The format of a source; "unknown" when it is none of the table, "empty" when there is nothing."""
    if not source.size:
        return "empty"
    candidate = Candidate(source)
    for name, is_it in FORMATS:
        if is_it(candidate):
            return name
    return "unknown"
