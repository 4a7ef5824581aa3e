"""What of the policies in force changed since an instance last recorded: `policy` entries, once a change.

The last entry of a change holds, in its body, the digest of each policy in force. The next run compares with that.
"""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lockgate.audit.draft import Draft
from lockgate.audit.entry import parse_entry
from lockgate.audit.recorder import MAX_POLICY_NAME, digest_text
from lockgate.engine.codegen.values import Value
from lockgate.engine.policy import PolicySet
from lockgate.webhook.bodies import open_body
from lockgate.webhook.trail import Trail

_STREAM: Final = "policy-change"
_PAGE: Final = 1000
# Entries that are opened to find the last one of this instance; another set than that of the last is then "added" anew.
_MOST_OPENED: Final = 512
# Policies that have an entry each; a change of more is one entry, whose body has them all.
_MOST_ENTRIES: Final = 32

Event = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class _Known:
    """A set of policies that was in force: its digest, and each policy's by `Kind/name`."""

    digest: str
    policies: Mapping[str, str]


def policy_changes(trail: Trail, policies: PolicySet, actor: str) -> list[Draft]:
    """The entries that say what changed, none where nothing did. Raises TrailError for a log that was tampered with."""
    instance = trail.config.instance
    recorder = trail.recorder()
    now = {str(policy.key): policy.digest for policy in policies.policies}
    in_force: dict[str, Value] = {"instance": instance, "inForce": {**now}}
    known = _last_known(trail, instance)
    if known is None:
        return [recorder.policy_change("added", policies.digest, actor=actor, source=in_force)]
    if known.digest == digest_text(policies.digest):
        return []
    changed = list(_changed(known.policies, now))
    if not 0 < len(changed) <= _MOST_ENTRIES or any(len(name) > MAX_POLICY_NAME for _, name, _ in changed):
        changes: list[Value] = [{"event": event, "policy": name, **was} for event, name, was in changed]
        source: Value = {**in_force, "changes": changes}
        return [
            recorder.policy_change(
                "changed", policies.digest, before=known.digest, actor=actor, source=source
            )
        ]
    return [
        recorder.policy_change(
            event,
            policies.digest,
            before=known.digest,
            policy=name,
            actor=actor,
            # Only the last one says what is in force: a change that was recorded in part is recorded again.
            source={**(in_force if place == len(changed) else {"instance": instance}), **was},
        )
        for place, (event, name, was) in enumerate(changed, 1)
    ]


def _changed(
    before: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[tuple[Event, str, dict[str, Value]]]:
    """What became of each policy that is not as before, with its digests before and after."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        event: Event = "added" if old is None else "removed" if new is None else "changed"
        digests: dict[str, Value] = {"before": old, "after": new}
        yield event, name, {key: value for key, value in digests.items() if value is not None}


def _last_known(trail: Trail, instance: str) -> _Known | None:
    """What was in force when the instance last recorded a change; None where the log does not say it."""
    indices: deque[int] = deque(maxlen=_MOST_OPENED)
    after = 0
    while page := trail.store.stream_entries(_STREAM, after, _PAGE):
        indices.extend([index for _, index in page])
        after = page[-1][0]
    for index in reversed(indices):
        found = _in_force(trail, index, instance)
        if found is not None:
            return found
    return None


def _in_force(trail: Trail, index: int, instance: str) -> _Known | None:
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
            return _Known(
                str(parse_entry(entry).value["policies"]),
                {str(name): str(digest) for name, digest in policies.items()},
            )
    return None
