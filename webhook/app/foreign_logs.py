"""What libraries tell `logging`, in the server's own log."""

import logging
from typing import Final

from lockgate.webhook.app.logs import Level, Log

# Below it urllib3 tells of each request.
LEAST: Final = logging.WARNING


class ForeignHandler(logging.Handler):
    """Takes records of `logging` into a Log: the message and the error's last line, no traceback."""

    def __init__(self, log: Log) -> None:
        super().__init__(LEAST)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record. What cannot be rendered is told by the place that it comes from."""
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a library's format string that does not fit its arguments
            message = f"a message that cannot be rendered, from {record.filename}:{record.lineno}"
        error = record.exc_info[1] if record.exc_info else None
        self._log.write(
            level,
            "library",
            {
                "logger": record.name,
                "message": message,
                "error": "" if error is None else f"{type(error).__name__}: {error}",
            },
        )


def take_foreign_logs(log: Log) -> None:
    """From now on, this process' libraries tell the log, and nothing else."""
    top = logging.getLogger()
    top.handlers[:] = [ForeignHandler(log)]
    top.setLevel(LEAST)
    logging.captureWarnings(True)
