"""What an instance last recorded to be in force, and how what is in force now differs.

The last entry of a change holds, in its body, the digest of each part in force. The next run compares with that.
"""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lockgate.audit.entry import parse_entry
from lockgate.engine.codegen.values import Value
from lockgate.webhook.bodies import open_body
from lockgate.webhook.trail import Trail

_PAGE: Final = 1000
# Entries that are opened to find the last one of this instance; what is in force is else "added" anew.
_MOST_OPENED: Final = 512

Event = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class InForceBefore:
    """What was in force: the digest of the policies, and that of each part by its name."""

    digest: str
    parts: Mapping[str, str]


def differences(
    before: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[tuple[Event, str, dict[str, Value]]]:
    """What became of each part that is not as before, with its digests before and after."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        event: Event = "added" if old is None else "removed" if new is None else "changed"
        digests: dict[str, Value] = {"before": old, "after": new}
        yield event, name, {key: value for key, value in digests.items() if value is not None}


def last_in_force(trail: Trail, stream: str, instance: str) -> InForceBefore | None:
    """What was in force when the instance last recorded a change in a stream; None where the log does not say it."""
    indices: deque[int] = deque(maxlen=_MOST_OPENED)
    after = 0
    while page := trail.store.stream_entries(stream, after, _PAGE):
        indices.extend([index for _, index in page])
        after = page[-1][0]
    for index in reversed(indices):
        found = _in_force(trail, index, instance)
        if found is not None:
            return found
    return None


def _in_force(trail: Trail, index: int, instance: str) -> InForceBefore | None:
    """What an entry says is in force; None where it says nothing of that, is another instance's, or was erased."""
    entry = next(iter(trail.store.entries(index, index + 1)))
    for body in trail.store.bodies(index, index + 1):
        if body.sealed is None:
            return None
        opened = json.loads(open_body(trail.vault(), index, entry, body))
        details = opened.get("details")
        if not isinstance(details, dict) or details.get("instance") != instance:
            return None
        policies = details.get("inForce")
        if isinstance(policies, dict):
            return InForceBefore(
                str(parse_entry(entry).value["policies"]),
                {str(name): str(digest) for name, digest in policies.items()},
            )
    return None
