"""Which file system a path is on: SQLite's locks and syncs do not hold on network file systems."""

import ctypes
import os
from pathlib import Path
from typing import Final

# Magic numbers of Linux' statfs(2), from its manual page and linux/magic.h.
NETWORK: Final = {
    0x6969: "NFS",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x517B: "SMB",
    0x65735546: "FUSE",
    0x00C36400: "CephFS",
    0x01021997: "9p",
    0x0BD00BD0: "Lustre",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x73757245: "Coda",
    0x47504653: "GPFS",
    0x7461636F: "OCFS2",
    0x01161970: "GFS2",
    0x19830326: "BeeGFS",
    0xAAD7AAEA: "PanFS",
    0x013111A8: "Orange FS",
}
# Larger than `struct statfs` on any architecture of Linux; f_type is its first word.
_STATFS_SIZE: Final = 256


def file_system_type(path: Path) -> int | None:
    """The magic number of the file system of an existing path; None where the system has no statfs."""
    try:
        statfs = ctypes.CDLL(None, use_errno=True).statfs
    except (OSError, AttributeError):
        return None
    buffer = ctypes.create_string_buffer(_STATFS_SIZE)
    if statfs(os.fsencode(path), buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
    return int.from_bytes(buffer.raw[: ctypes.sizeof(ctypes.c_long)], "little") & 0xFFFFFFFF


def network_name(magic: int | None) -> str | None:
    """The name of a network file system by its magic number; None for any other."""
    return None if magic is None else NETWORK.get(magic)
