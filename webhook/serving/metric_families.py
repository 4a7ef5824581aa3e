"""The metrics that `lockgate serve` has: one table, which the registry, the rules and the dashboard go by.

Names and units follow Prometheus' conventions (https://prometheus.io/docs/practices/naming/): base units, counters end
with `_total`. A family's label sets are bounded, whatever its labels say.
"""

from collections.abc import Mapping
from typing import Final, Literal

from lockgate.engine.record import record

Kind = Literal["counter", "gauge", "histogram"]

# From what one policy costs to the longest that an API server waits by default; about 2.3 times from one to the next.
SECONDS: Final = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
# Label sets of one family; what comes on top is counted under OTHER, so that no caller can fill the memory.
MAX_SERIES: Final = 2_000
MAX_LABEL: Final = 253
OTHER: Final = "(other)"


@record
class Family:
    """A metric: `name` as it is scraped, with `_total` where it is a counter. buckets: upper bounds of a histogram."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """The names under which its values are found in an expression."""
        if self.kind == "histogram":
            return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
        return (self.name,)


def _table(*families: Family) -> Mapping[str, Family]:
    return {one.name: one for one in families}


# Requests and decisions: counted by the workers.
REQUESTS: Final = Family(
    "lockgate_requests_total",
    "counter",
    "Requests by what they were answered: allowed, denied, failed (denied, since they could not be judged or recorded), refused (no answer to a review).",
    ("answer",),
)
REFUSED: Final = Family(
    "lockgate_requests_refused_total",
    "counter",
    "Requests that were not judged to their end, by reason: malformed, too_large, deadline, overload, not_recorded, not_ready, unauthenticated.",
    ("reason",),
)
IN_FLIGHT: Final = Family(
    "lockgate_requests_in_flight", "gauge", "Requests that wait for their answer.", ("worker",)
)
REQUEST_SECONDS: Final = Family(
    "lockgate_request_seconds",
    "histogram",
    "Time from the last byte of a request to its answer.",
    (),
    SECONDS,
)
DECISIONS: Final = Family(
    "lockgate_decisions_total",
    "counter",
    "Decisions by verdict and operation; in observe mode too, where what is denied is let through.",
    ("verdict", "operation"),
)
UNMATCHED: Final = Family(
    "lockgate_unmatched_total", "counter", "Reviews that no policy matched, or that the Config excludes."
)
EVALUATION_SECONDS: Final = Family(
    "lockgate_evaluation_seconds",
    "histogram",
    "Time that all policies together took for one review.",
    (),
    SECONDS,
)
VIOLATIONS: Final = Family(
    "lockgate_violating_reviews_total",
    "counter",
    "Reviews that broke a policy, by its template's kind, its name, and the action.",
    ("kind", "constraint", "action"),
)
POLICY_ERRORS: Final = Family(
    "lockgate_policy_errors_total",
    "counter",
    "Reviews on which a policy failed, which is answered closed.",
    ("kind", "constraint"),
)
PROVIDER_FAILURES: Final = Family(
    "lockgate_provider_failures_total",
    "counter",
    "Reviews on which a provider of external data failed, by what the policy's on-error made of it.",
    ("provider", "on_error"),
)
EXCHANGES: Final = Family(
    "lockgate_external_data_requests_total",
    "counter",
    "Requests of policies for external data, by provider and what came of them: answered, failed (the provider gave no answer). What is kept counts too; each is once in a review.",
    ("provider", "result"),
)
PROVIDER_REQUESTS: Final = Family(
    "lockgate_provider_requests_total",
    "counter",
    "Requests to providers of external data that answer here, by what came of them: answered, failed (the provider gives no answer), refused (who may not ask, or what cannot be read).",
    ("provider", "answer"),
)
PROVIDER_SECONDS: Final = Family(
    "lockgate_provider_request_seconds",
    "histogram",
    "Time that a provider of external data that answers here took for one request.",
    (),
    SECONDS,
)
EXEMPTION_USES: Final = Family(
    "lockgate_exemption_uses_total", "counter", "Reviews that an exemption let through.", ("exemption",)
)
BREAK_GLASS_USES: Final = Family(
    "lockgate_break_glass_uses_total",
    "counter",
    "Reviews that would have been denied and were let through by a break-glass grant.",
)

# The trail: counted by the workers, which wait for their receipts.
RECORDS: Final = Family(
    "lockgate_records_total",
    "counter",
    "Entries handed to the trail, by what came of it: recorded, failed.",
    ("result",),
)
RECORD_SECONDS: Final = Family(
    "lockgate_record_seconds",
    "histogram",
    "Time from handing an entry to the trail to its receipt.",
    (),
    SECONDS,
)
RECORDS_WAITING: Final = Family(
    "lockgate_records_waiting", "gauge", "Entries that wait for their receipts: back pressure.", ("worker",)
)

# State: known to main.
WORKER_MEMORY: Final = Family(
    "lockgate_worker_resident_memory_bytes", "gauge", "Resident memory of a worker.", ("worker",)
)
WORKERS: Final = Family("lockgate_workers", "gauge", "Workers that answer.")
WORKER_RESTARTS: Final = Family(
    "lockgate_worker_restarts_total", "counter", "Workers that died and were started anew."
)
READY: Final = Family(
    "lockgate_ready", "gauge", "1 when policies and the inventory that they need are loaded by every worker."
)
BUILD: Final = Family("lockgate_build_info", "gauge", "1, with the version that runs.", ("version",))
POLICIES: Final = Family("lockgate_policies", "gauge", "Policies in force.")
WEBHOOK_PROBLEMS: Final = Family(
    "lockgate_webhook_problems",
    "gauge",
    "Webhooks of the configuration lockgate that are not as they were installed, as the replica that leads sees it.",
)
POLICY_PROBLEMS: Final = Family(
    "lockgate_policy_problems",
    "gauge",
    "Objects of policies that are not in force as they are (their status says why), and one more where files of policies cannot be read (the log says why).",
)
POLICY_DRIFT: Final = Family(
    "lockgate_policy_drift",
    "gauge",
    "Objects of the cluster that decide nothing, since they differ from the PolicyBundle that was promoted (their status and the log say how).",
)
INVENTORY: Final = Family(
    "lockgate_inventory_objects", "gauge", "Objects of the cluster that policies read, by kind.", ("kind",)
)
LAST_CHANGE: Final = Family(
    "lockgate_last_change_timestamp_seconds",
    "gauge",
    "When the last change of policies or inventory was in force in every worker.",
)
CERTIFICATES: Final = Family(
    "lockgate_certificate_not_after_timestamp_seconds",
    "gauge",
    "When a certificate ends, by what it is for.",
    ("certificate",),
)
TRAIL_ENTRIES: Final = Family("lockgate_trail_entries", "gauge", "Entries of the trail.")
ANCHOR_LAG: Final = Family(
    "lockgate_trail_anchor_lag_entries",
    "gauge",
    "Entries of the trail that an anchor or witness has not seen.",
    ("anchor",),
)
EXEMPTIONS: Final = Family(
    "lockgate_exemptions",
    "gauge",
    "Exemptions by state: active, expired, not_yet, refused.",
    ("state",),
)
EXEMPTION_END: Final = Family(
    "lockgate_exemption_end_timestamp_seconds",
    "gauge",
    "When the next active exemption ends; without a value where none is active.",
)
BREAK_GLASS: Final = Family(
    "lockgate_break_glass_grants",
    "gauge",
    "Break-glass grants by state: active, expired, not_yet, refused.",
    ("state",),
)

FAMILIES: Final = _table(
    REQUESTS,
    REFUSED,
    IN_FLIGHT,
    REQUEST_SECONDS,
    DECISIONS,
    UNMATCHED,
    EVALUATION_SECONDS,
    VIOLATIONS,
    POLICY_ERRORS,
    PROVIDER_FAILURES,
    EXCHANGES,
    PROVIDER_REQUESTS,
    PROVIDER_SECONDS,
    EXEMPTION_USES,
    BREAK_GLASS_USES,
    RECORDS,
    RECORD_SECONDS,
    RECORDS_WAITING,
    WORKER_MEMORY,
    WORKERS,
    WORKER_RESTARTS,
    READY,
    BUILD,
    POLICIES,
    POLICY_PROBLEMS,
    POLICY_DRIFT,
    WEBHOOK_PROBLEMS,
    INVENTORY,
    LAST_CHANGE,
    CERTIFICATES,
    TRAIL_ENTRIES,
    ANCHOR_LAG,
    EXEMPTIONS,
    EXEMPTION_END,
    BREAK_GLASS,
)
