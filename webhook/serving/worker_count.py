"""How many workers a server has by itself: one a processor, as far as the memory that it may use has room for them. Pure.

Measured (docs/install.md): main 54 MB, with a trail 104 MB and SQLite's cache of pages, 64 MB at most; the sweep 150 to 185
MB; a worker 33 to 40 MB with 24 templates, before its inventory.
"""

from typing import Final

MAX_WORKERS: Final = 64
# Main, the sweep, and what a Pod keeps in memory in place of files.
APART: Final = 512 << 20
# With room for an inventory of some 8 MB of JSON, which takes ten times that.
EACH: Final = 128 << 20


def workers_for(processors: int, memory: int | None) -> int:
    """At least one. memory: in bytes; None where it is not limited."""
    room = MAX_WORKERS if memory is None else (memory - APART) // EACH
    return max(1, min(processors, room, MAX_WORKERS))
