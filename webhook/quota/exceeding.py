"""What becomes of a ceiling that is exceeded: a violation, in CI and at admission the same."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Action, PolicyKey, Violation
from lockgate.engine.documents.document import Path
from lockgate.engine.quota.outcome import Shortage
from lockgate.engine.quota.telling import HeldBy, tell_shortage
from lockgate.gatekeeper.quotas.kinds import DEVICE_QUOTA

DOCS: Final = "docs/quota.md"
_FIX: Final = "ask for less, remove what is no longer needed, or have the quota raised"


def quota_key(name: str) -> PolicyKey:
    """How a quota is named among policies."""
    return PolicyKey(DEVICE_QUOTA, name)


def exceeded(
    name: str,
    shortage: Shortage,
    holders: Sequence[HeldBy],
    action: Action,
    path: Path | None = None,
    others: int = 0,
) -> Violation:
    """A ceiling of the quota `name` is exceeded. others: how many objects ask for part of it."""
    message = tell_shortage(shortage, holders, is_soft=action == "warn")
    if others:
        message = f"together with {others} other objects of this check, {message}"
    return Violation(quota_key(name), message, (action,), _details(shortage), path, _FIX, DOCS)


def _details(shortage: Shortage) -> dict[str, Value]:
    """The numbers of the message, for whoever reads the Decision."""
    key = shortage.key
    return {
        "scope": key.scope,
        "dimension": key.dimension,
        "window": key.window,
        "limit": shortage.limit,
        "used": shortage.used,
        "reserved": shortage.reserved,
        "spent": shortage.spent,
        "asked": shortage.asked,
    }
