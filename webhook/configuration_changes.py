"""What of a server's configuration changed since an instance last recorded: `policy` entries with old and new value.

The configuration says what is left out, who may change that, and where nothing is denied: it decides as policies do.
"""

from collections.abc import Mapping
from typing import Final

from lockgate.audit.draft import Draft
from lockgate.engine.codegen.values import Value
from lockgate.webhook.in_force import differences, last_in_force
from lockgate.webhook.trail import Trail

STREAM: Final = "configuration"


def configuration_changes(
    trail: Trail, configuration: Mapping[str, str], policies: str, actor: str
) -> list[Draft]:
    """The entries that say what changed, none where nothing did. Raises TrailError for a log that was tampered with."""
    instance, recorder = trail.config.instance, trail.recorder()
    in_force: dict[str, Value] = {"instance": instance, "inForce": {**configuration}}
    known = last_in_force(trail, STREAM, instance)
    changed = list(differences({} if known is None else known.parts, configuration))
    return [
        recorder.policy_change(
            event,
            policies,
            policy=f"Configuration/{name}",
            actor=actor,
            # Only the last one says what is in force: a change that was recorded in part is recorded again.
            source={**(in_force if place == len(changed) else {"instance": instance}), **was},
            stream="configuration",
        )
        for place, (event, name, was) in enumerate(changed, 1)
    ]
