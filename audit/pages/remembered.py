"""The checkpoint that a browser saw last, in a cookie: what is served now has to continue it.

A server that lies can lie about this too. It catches a log that was set back or swapped by somebody else than who serves it, and it
is written so that its owner can read it out and give it to the offline verifier.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final, Literal

from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import HASH_SIZE
from lockgate.audit.query.engine import Engine

COOKIE: Final = "lockgate-checkpoint"
# A year.
MAX_AGE_S: Final = 365 * 24 * 3600
_COOKIE: Final = re.compile(r"(0|[1-9][0-9]{0,15})\.([A-Za-z0-9_-]{43})")

Outcome = Literal["first", "same", "continued", "shorter", "other"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """How what is served compares with what the browser saw: the first time, the same, continued, or else set back or another log."""

    outcome: Outcome
    size: int

    @property
    def is_good(self) -> bool:
        """Is nothing wrong?"""
        return self.outcome in ("first", "same", "continued")


def render_remembered(engine: Engine) -> str:
    """The cookie's value: the checkpoint's size and root."""
    checkpoint = engine.standing.checkpoint
    root = base64.urlsafe_b64encode(checkpoint.root).rstrip(b"=").decode()
    return f"{checkpoint.size}.{root}"


def compare(engine: Engine, cookie: str) -> Remembered:
    """What a cookie's value says of the log as it is now; what is no value of ours counts as none."""
    found = _COOKIE.fullmatch(cookie)
    if found is None:
        return Remembered("first", 0)
    size = int(found[1])
    try:
        root = base64.b64decode(found[2] + "=", b"-_", validate=True)
    except binascii.Error:
        return Remembered("first", 0)
    if len(root) != HASH_SIZE:
        return Remembered("first", 0)
    if size > engine.size:
        return Remembered("shorter", size)
    try:
        if engine.as_of(size).root != root:
            return Remembered("other", size)
    except TrailError:
        return Remembered("other", size)
    return Remembered("same" if size == engine.size else "continued", size)
