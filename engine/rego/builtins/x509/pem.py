"""PEM as Go's `encoding/pem` reads it: blocks among other text, each with a type and base64 of some bytes."""

from collections.abc import Iterator
from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.encodings import base64_bytes
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError

# A bundle of all public roots has 150 certificates in 250 kB.
MAX_TEXT: Final = 1_000_000
MAX_BLOCKS: Final = 1_000

BEGIN: Final = b"-----BEGIN "
_END: Final = b"\n-----END "
_DASHES: Final = b"-----"


@record
class Block:
    """A block: its type, such as CERTIFICATE, and its bytes."""

    type: str
    data: bytes


def limited(text: bytes) -> bytes:
    """The text if it is short enough to be read."""
    if len(text) > MAX_TEXT:
        raise BuiltinLimitError(f"{len(text)} bytes of keys or certificates are over the limit of {MAX_TEXT}")
    return text


def blocks(text: bytes) -> Iterator[Block]:
    """All blocks of a text, up to where there is none any more."""
    limited(text)
    at = 0
    for _ in range(MAX_BLOCKS):
        found = decode(text, at)
        if found is None:
            return
        block, at = found
        yield block
    raise BuiltinLimitError(f"more than {MAX_BLOCKS} PEM blocks")


def decode(text: bytes, start: int = 0) -> tuple[Block, int] | None:
    """The first block from `start`, a line's beginning, and where its last line ends; or None."""
    while True:
        end = text.find(_END, start)
        if end < 0:
            return None
        after = end + len(_END)
        begin = text.rfind(BEGIN, start, end)
        if begin >= 0 and (begin == start or text[begin - 1 : begin] == b"\n"):
            found = _block(text, begin + len(BEGIN), end, after)
            if found is not None:
                return found
        start = after


def _line(text: bytes, at: int) -> tuple[bytes, int]:
    """A line without its end and the space before that, and where the next one begins."""
    end = text.find(b"\n", at)
    if end < 0:
        return text[at:].rstrip(b" \t"), len(text)
    line = text[at : end - 1] if end > at and text[end - 1] == 0x0D else text[at:end]
    return line.rstrip(b" \t"), end + 1


def _block(text: bytes, at: int, end: int, after: int) -> tuple[Block, int] | None:
    """The block whose type begins at `at` and whose last line at `end`."""
    line, at = _line(text, at)
    if not line.endswith(_DASHES):
        return None
    kind = line.removesuffix(_DASHES)
    headers = False
    while at < len(text):
        line, following = _line(text, at)
        if b":" not in line:
            break
        headers, at = True, following
    if headers and end < at:
        return None
    trailer = kind + _DASHES
    closing, rest = _line(text, after)
    if not text.startswith(trailer, after) or closing[len(trailer) :]:
        return None
    # The line before the last may be the first one: then `end` is the newline just before `at`.
    data = b""
    if end > at:
        try:
            data = base64_bytes(text[at:end].replace(b" ", b"").replace(b"\t", b""))
        except BuiltinError:
            return None
    return Block(kind.decode("utf-8", "replace"), data), rest
