"""orjson and ISA-L, where they are installed (`lockgate[fast]`): a body of a record in a fifth of the time.

Both are asked for what Python's own libraries do, and only that: orjson's text is the same, byte by byte, and what it would
write otherwise or not at all it refuses (docs/trail.md, section 4); what ISA-L packs zlib unpacks.
"""

from collections.abc import Callable
from typing import Any, Final

# Packs a body.
Pack = Callable[[bytes], bytes]
# Renders a value as compact JSON with sorted keys. Raises TypeError for what it does not know.
Render = Callable[[Any], bytes]


def find_render() -> Render | None:
    """orjson's rendering; None where it is not installed."""
    try:
        import orjson
    except ImportError:
        return None
    # Values that only look like what JSON has, such as numbers that keep their text, are not for it to spell.
    options = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
    dumps = orjson.dumps
    return lambda value: dumps(value, None, options)


def find_pack() -> Pack | None:
    """ISA-L's packing; None where it is not installed."""
    try:
        from isal import isal_zlib
    except ImportError:
        return None
    compress = isal_zlib.compress
    return lambda body: compress(body, _LEVEL)


# The first level that is smaller than what zlib makes at its own first.
_LEVEL: Final = 1
