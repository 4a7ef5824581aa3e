"""How much memory this process holds, as the kernel counts it (proc(5), `/proc/PID/statm`)."""

import os
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    """Resident memory, what is shared with other processes included."""
    with open("/proc/self/statm", "rb") as file:
        _, resident, *_ = file.read(256).split()
    return int(resident) * _PAGE
