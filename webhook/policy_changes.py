"""What of the policies in force changed since an instance last recorded: `policy` entries, once a change.

What decides beside the policies (Config, SyncSets, ExpansionTemplates, Providers) is named as they are.

The last entry of a change holds, in its body, the digest of each policy in force. The next run compares with that.
"""

from typing import Final

from lockgate.audit.draft import Draft
from lockgate.audit.recorder import MAX_POLICY_NAME, digest_text
from lockgate.engine.codegen.values import Value
from lockgate.engine.policy import PolicySet
from lockgate.webhook.in_force import differences, last_in_force
from lockgate.webhook.trail import Trail

_STREAM: Final = "policy-change"
# Policies that have an entry each; a change of more is one entry, whose body has them all.
_MOST_ENTRIES: Final = 32


def policy_changes(trail: Trail, policies: PolicySet, actor: str) -> list[Draft]:
    """The entries that say what changed, none where nothing did. Raises TrailError for a log that was tampered with."""
    instance = trail.config.instance
    recorder = trail.recorder()
    now = _parts(policies)
    in_force: dict[str, Value] = {"instance": instance, "inForce": {**now}}
    known = last_in_force(trail, _STREAM, instance)
    if known is None:
        return [recorder.policy_change("added", policies.digest, actor=actor, source=in_force)]
    if known.digest == digest_text(policies.digest):
        return []
    changed = list(differences(known.parts, now))
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


def _parts(policies: PolicySet) -> dict[str, str]:
    """The digest of each part in force, by its name."""
    made = {str(policy.key): policy.digest for policy in policies.policies}
    for name, digest in policies.others:
        # A template may well define a kind called Config.
        made[name if name not in made else f"{name} (beside the policies)"] = digest
    return made
