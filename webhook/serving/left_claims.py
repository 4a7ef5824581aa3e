"""What a server that ended left claimed: read from the log when the next one begins, so that it is looked for all the same.

Claims wait in memory until their objects are seen (`webhook.cluster.sightings`), and a crash takes them along. What a record
claims is in its body, which is masked: such a claim is compared with the object masked in the same way.
"""

from collections.abc import Iterator
from typing import Final

from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.seen import SEEN, SEEN_WITHIN_MS, is_claim, record_ranges
from lockgate.engine.codegen.values import parse_json
from lockgate.webhook.bodies import open_body
from lockgate.webhook.serving.claims import Claim, claim_of_request
from lockgate.webhook.trail import Trail

# Of the newest entries; to open so many takes seconds, and whatever asks for more at a time has others that look.
MOST_READ: Final = 20_000
_CHUNK: Final = 1_000


def left_claims(trail: Trail, now_ms: int) -> tuple[Claim, ...]:
    """The claims of the log's last minutes that nobody has seen, oldest first. Raises TrailError.

    Where several replicas have one log, some may be another's that waits for them: they are told of twice then, which says
    the same. now_ms: Unix time.
    """
    claimed: dict[int, bytes] = {}
    seen: set[int] = set()
    size = trail.store.head().size
    first = max(0, size - MOST_READ)
    for index, data, entry in _newest(trail, first, size):
        if entry.time_ms < now_ms - SEEN_WITHIN_MS:
            break
        if entry.kind == SEEN:
            for start, stop in record_ranges(entry.value["records"]):
                seen.update(range(max(start, first), min(stop, size)))
        # What tells of a record stands behind it, and was met before.
        elif is_claim(entry.value) and index not in seen:
            claimed[index] = data
    return tuple([claim for index in sorted(claimed) for claim in _opened(trail, index, claimed[index])])


def _newest(trail: Trail, first: int, size: int) -> Iterator[tuple[int, bytes, Entry]]:
    """The entries from `first` on, the last ones first."""
    for stop in range(size, first, -_CHUNK):
        start = max(first, stop - _CHUNK)
        for index, data in reversed([*enumerate(trail.store.entries(start, stop), start)]):
            yield index, data, parse_entry(data)


def _opened(trail: Trail, index: int, data: bytes) -> Iterator[Claim]:
    for body in trail.store.bodies(index, index + 1):
        # Of an erased one nobody knows any more what it claims.
        if body.sealed is not None:
            opened = parse_json(open_body(trail.vault(), index, data, body))
            request = opened.get("input") if isinstance(opened, dict) else None
            claim = claim_of_request(request, index, "masked") if isinstance(request, dict) else None
            if claim is not None:
                yield claim
