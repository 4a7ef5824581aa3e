"""What main knows of itself, as its metrics and probes show it."""

from collections.abc import Mapping
from dataclasses import field

from lockgate.engine.record import record


@record
class TrailState:
    """The trail's entries, and by anchor how many of them it has seen."""

    entries: int
    seen: Mapping[str, int] = field(default_factory=dict)


@record
class ServerState:
    """One moment of the server. Moments are seconds since 1970, 0 for never.

    inventory: objects by kind (`v1/Namespace`). certificates: when they end, by what they are for. exemptions, grants:
    how many are in each state (`active`, `expired`, `not_yet`, `refused`).
    """

    is_ready: bool = False
    workers: int = 0
    worker_restarts: int = 0
    policies: int = 0
    policy_problems: int = 0
    inventory: Mapping[str, int] = field(default_factory=dict)
    last_change_s: float = 0.0
    certificates: Mapping[str, float] = field(default_factory=dict)
    trail: TrailState | None = None
    exemptions: Mapping[str, int] = field(default_factory=dict)
    grants: Mapping[str, int] = field(default_factory=dict)
