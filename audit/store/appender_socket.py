"""Appending through another process's appender, over its socket (`appender_server.py`)."""

import socket
import threading
from pathlib import Path
from typing import Final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.receipt import Place, Receipt
from lockgate.audit.store.socket_messages import Asked, Frames, parse_answers, render_draft, render_drafts

# How much longer than its own time-out a caller waits for the other side to tell of it.
_LATE_S: Final = 10.0
_RECEIVED: Final = 1 << 18
# Of the draft on a connection: there is one at a time.
_NUMBER: Final = 0


class SocketAppender:
    """Appends through another process's appender. Each thread has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def append(self, draft: Draft, timeout: float = 30.0) -> Receipt:
        """Appends a draft and waits for its receipt.

        Raises what the appender raises: BackPressureError, ClosedLogError, ErasedKeyError, VerificationError, FormatError
        or TrailError. When the connection breaks, a draft with a request key is sent once more; of another it is not known
        whether it was recorded, and the error says so.
        """
        message = render_drafts([render_draft(Asked(_NUMBER, draft, timeout, wants_proof=True))])
        try:
            answer = self._ask(message, timeout)
        except (OSError, FormatError) as error:
            self.close()
            if not draft.idempotency:
                raise TrailError(
                    f"the appender was lost: the record may or may not be in the log ({error})",
                    hint="send drafts with a request key, which are recorded once however often they are sent",
                ) from None
            try:
                answer = self._ask(message, timeout)
            except (OSError, FormatError) as again:
                self.close()
                raise TrailError(f"the appender does not answer: {again}") from None
        if isinstance(answer, TrailError):
            raise answer
        return answer

    def _ask(self, message: bytes, timeout: float) -> Receipt | TrailError:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout + _LATE_S)
            try:
                connection.connect(str(self._path))
            except OSError:
                connection.close()
                raise
            self._local.connection = connection
        connection.settimeout(timeout + _LATE_S)
        connection.sendall(message)
        frames = Frames()
        while True:
            data = connection.recv(_RECEIVED)
            if not data:
                raise ConnectionError("the other side ended")
            for frame in frames.feed(data):
                for number, answer in parse_answers(*frame):
                    if number == _NUMBER and not isinstance(answer, Place):
                        return answer

    def close(self) -> None:
        """Ends this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None
