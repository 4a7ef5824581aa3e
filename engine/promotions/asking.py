"""What is known about a promotion when it is judged, and what is then missing."""

from lockgate.engine.codegen.values import Value
from lockgate.engine.promotions.policy import EvidenceKind
from lockgate.engine.record import record


@record
class Evidence:
    """Evidence whose signature was verified. digest: of the bytes that it is about. made_ns: since 1970, by the log's time where there is one.

    passed: is it good by itself, as facts are that found nothing? values: what an evaluation measured, and `share` of a report on
    drift: what of them is good the PromotionPolicy says.
    """

    kind: EvidenceKind
    digest: str
    made_ns: int
    passed: bool
    values: tuple[tuple[str, Value], ...] = ()


@record
class Approval:
    """An approval that was verified for this very promotion. person: by the identity map, not by the key or token.

    assurance: `key`, `token`, or `imported` from where somebody else looked at who it was.
    """

    person: str
    groups: tuple[str, ...]
    assurance: str = "key"


@record
class Pool:
    """Devices that the subject may run on. why: which nodes are struck, why and since when; "" for none."""

    name: str
    healthy: bool
    why: str = ""


@record
class Known:
    """All that is known. requester: a person, "" for nobody known. now_ns: since 1970.

    below_since_ns: since when the version runs in the environment below, None where nobody knows; pools: None likewise.
    """

    now_ns: int
    requester: str = ""
    evidence: tuple[Evidence, ...] = ()
    approvals: tuple[Approval, ...] = ()
    below_since_ns: int | None = None
    pools: tuple[Pool, ...] | None = None


@record
class Missing:
    """What a promotion does not have. what: `environment`, `direction`, `evidence/<kind>` (`evidence/evaluation/<metric>`), `approvals/<group>`, `requester`, `soak`, `health`."""

    what: str
    message: str
    fix: str
