"""What main knows of itself, as its metrics and probes show it."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from lockgate.engine.decision import PolicyKey
from lockgate.engine.record import record
from lockgate.webhook.serving.exemption_states import ExemptionCounts


@record
class TrailState:
    """The trail's entries, and by anchor how many of them it has seen."""

    entries: int
    seen: Mapping[str, int] = field(default_factory=dict)


@record
class ServerState:
    """One moment of the server. Moments are seconds since 1970, 0 for never.

    inventory: objects by kind (`v1/Namespace`). certificates: when they end, by what they are for. grants: how many are in
    each state (`active`, `expired`, `not_yet`, `refused`). sweep: by family, the values of labels and the value; none
    where nothing is swept. quotas, promotions: the same of those.
    """

    is_ready: bool = False
    workers: int = 0
    worker_restarts: int = 0
    policies: tuple[PolicyKey, ...] = ()
    policy_problems: int = 0
    webhook_problems: int = 0
    policy_drift: int = 0
    inventory: Mapping[str, int] = field(default_factory=dict)
    last_change_s: float = 0.0
    certificates: Mapping[str, float] = field(default_factory=dict)
    trail: TrailState | None = None
    exemptions: ExemptionCounts = ExemptionCounts()
    grants: Mapping[str, int] = field(default_factory=dict)
    sweep: Sequence[tuple[str, tuple[str, ...], float]] = ()
    quotas: Sequence[tuple[str, tuple[str, ...], float]] = ()
    promotions: Sequence[tuple[str, tuple[str, ...], float]] = ()
