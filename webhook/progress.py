"""A progress bar on standard error, for long runs at a terminal."""

import sys
import time
from collections.abc import Callable
from dataclasses import field
from typing import Final, TextIO

from lockgate.engine.record import mutable_record

# Short runs show nothing: a bar that flashes by is noise.
_DELAY_S: Final = 0.7
_REDRAW_S: Final = 0.1
_WIDTH: Final = 30


def _files(done: int, total: int) -> str:
    return f"{done}/{total} files"


@mutable_record
class Progress:
    """Counts steps out of `total`; draws to `stream`, or nothing when it is None. told: the numbers beside the bar."""

    total: int
    stream: TextIO | None
    started: float = field(default_factory=time.monotonic)
    drawn: float = 0.0
    done: int = 0
    told: Callable[[int, int], str] = _files

    def advance(self, steps: int = 1) -> None:
        """So many steps more."""
        self.done += steps
        if self.stream is None:
            return
        now = time.monotonic()
        if now - self.started < _DELAY_S or now - self.drawn < _REDRAW_S:
            return
        self.drawn = now
        filled = _WIDTH * self.done // max(1, self.total)
        bar = "#" * filled + "." * (_WIDTH - filled)
        self.stream.write(f"\r[{bar}] {self.told(self.done, self.total)}\x1b[K")
        self.stream.flush()

    def close(self) -> None:
        """Removes the bar."""
        if self.stream is not None and self.drawn:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.drawn = 0.0


def progress_stream() -> TextIO | None:
    """Standard error when it is a terminal, else None."""
    return sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
