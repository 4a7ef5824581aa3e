"""The log of a process of the server: its own lines and what libraries say, to standard error, until the process ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lockgate.webhook.app.foreign_logs import take_foreign_logs
from lockgate.webhook.app.log_writer import LogWriter
from lockgate.webhook.app.logs import Level, Log, LogFormat

_STANDARD_ERROR: Final = 2


@contextmanager
def process_log(process: str, *, format: LogFormat, level: Level) -> Iterator[Log]:
    """The log of the process of that name; what is in it is written at the end."""
    writer = LogWriter(_STANDARD_ERROR)
    log = Log(
        writer,
        format=format,
        level=level,
        process=process,
        now_ns=time.time_ns,
        take_lost=writer.take_lost,
    )
    take_foreign_logs(log)
    try:
        yield log
    finally:
        writer.close()
