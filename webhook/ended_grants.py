"""Which grants were taken away before their time, as the trail has it: nobody brings them back after a restart."""

import json
from collections import deque
from typing import Final

from lockgate.audit.entry import parse_entry
from lockgate.webhook.bodies import open_body
from lockgate.webhook.trail import Trail

_STREAM: Final = "break-glass-change"
_PAGE: Final = 1000
# A grant lasts a day at most, and nobody takes as many away in one.
MOST: Final = 512


def ended_grants(trail: Trail) -> frozenset[str]:
    """The digests of the grants that were last revoked. Raises TrailError for a log that was tampered with."""
    indices: deque[int] = deque(maxlen=MOST)
    after = 0
    while page := trail.store.stream_entries(_STREAM, after, _PAGE):
        indices.extend([index for _, index in page])
        after = page[-1][0]
    return frozenset([digest for index in indices if (digest := _digest(trail, index))])


def _digest(trail: Trail, index: int) -> str:
    """The digest of the grant that an entry says was revoked; empty for other events, and for what was erased."""
    data = next(iter(trail.store.entries(index, index + 1)))
    if parse_entry(data).value["event"] != "revoked":
        return ""
    for body in trail.store.bodies(index, index + 1):
        if body.sealed is not None:
            details = json.loads(open_body(trail.vault(), index, data, body)).get("details")
            return str(details.get("digest", "")) if isinstance(details, dict) else ""
    return ""
