"""Cursors: where an answer goes on, opaque to who carries it, and good for one question to one log at one size.

`base64url(size ‖ place ‖ issued ‖ HMAC-SHA256)`: three numbers of 8 bytes, and a code over them, the question, the log's origin and
who asked.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final

from lockgate.audit.merkle import MAX_SIZE
from lockgate.audit.query.errors import CursorError
from lockgate.audit.query.question import Question

# An auditor goes on the next morning.
LIFETIME_MS: Final = 24 * 3_600_000
_NUMBER: Final = 8
_SIZE: Final = 3 * _NUMBER + 32
_FORGED: Final = "the cursor is none that was given for this question here"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer goes on: as of which size of the log, and behind which of its entries, or of its stream's."""

    size: int
    last: int


class Cursors:
    """Makes and reads cursors of one log. asker: for whom; another's are refused."""

    __slots__ = ("_context", "_key")

    def __init__(self, key: bytes, origin: str, asker: str = "") -> None:
        self._key: Final = key
        self._context: Final = f"lockgate-cursor/v1\n{origin}\n{len(asker.encode())}\n{asker}\n".encode()

    def _code(self, numbers: bytes, question: Question) -> bytes:
        return hmac.digest(self._key, self._context + question.digest + numbers, "sha256")

    def render(self, place: Place, question: Question, now_ms: int) -> str:
        """The text of a place."""
        numbers = b"".join([one.to_bytes(_NUMBER, "big") for one in (place.size, place.last, now_ms)])
        return base64.urlsafe_b64encode(numbers + self._code(numbers, question)).rstrip(b"=").decode()

    def parse(self, text: str, question: Question, now_ms: int) -> Place:
        """The place of a text. Raises CursorError."""
        try:
            data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise CursorError("invalidCursor", _FORGED) from None
        if len(data) != _SIZE or base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
            raise CursorError("invalidCursor", _FORGED)
        numbers = data[: 3 * _NUMBER]
        if not hmac.compare_digest(data[3 * _NUMBER :], self._code(numbers, question)):
            raise CursorError("invalidCursor", _FORGED)
        size, last, issued = [
            int.from_bytes(numbers[at : at + _NUMBER], "big") for at in range(0, 3 * _NUMBER, _NUMBER)
        ]
        if now_ms > issued + LIFETIME_MS:
            raise CursorError("expiredCursor", "the cursor is more than a day old")
        if size > MAX_SIZE:
            raise CursorError("invalidCursor", _FORGED)
        return Place(size, last)
