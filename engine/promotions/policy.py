"""What a PromotionPolicy asks of a version before it enters an environment."""

from typing import Final, Literal, get_args

from lockgate.engine.codegen.values import Value
from lockgate.engine.promotions.environments import Environments
from lockgate.engine.record import record

# Of what kind evidence is: facts of a scan, a signature of the model, results of an evaluation, a report on drift, provenance, and
# the tests of policies.
EvidenceKind = Literal["facts", "signature", "evaluation", "drift", "provenance", "tests"]
EVIDENCE_KINDS: Final[tuple[EvidenceKind, ...]] = get_args(EvidenceKind)

ApprovalAssurance = Literal["key", "token", "imported"]
APPROVAL_ASSURANCES: Final[tuple[ApprovalAssurance, ...]] = get_args(ApprovalAssurance)


@record
class Requirement:
    """Evidence that has to be there. max_age_ns: how old it may be at the promotion; None where it may be of any age.

    metric: which value of an evaluation counts, or `share` of a report on drift, "" where none is asked for; minimum and maximum:
    numbers between which it has to be. The value decides, never what the report says of itself.
    """

    kind: EvidenceKind
    max_age_ns: int | None = None
    metric: str = ""
    minimum: Value = None
    maximum: Value = None

    @property
    def name(self) -> str:
        """The kind, with the metric of an evaluation."""
        return f"{self.kind}/{self.metric}" if self.kind == "evaluation" and self.metric else self.kind


@record
class Approvals:
    """So many different people of a group have to approve. assurance: the least that counts, `key` above `token` above `imported`."""

    count: int
    group: str
    assurance: ApprovalAssurance = "token"


@record
class DeviceHealth:
    """Which pools of devices have to be healthy. maximum_share: of a pool's nodes, which may be struck, from 0 to below 1; pools: names of drivers
    and extended resources, () for all that a cluster tells of.

    clusters: by name the UID of the Namespace kube-system, by which a cluster is known; () where any cluster of the name will do.
    signers: members of the identity map whose signed word counts; () where nobody has to sign.
    """

    maximum_share: float = 0.1
    pools: tuple[str, ...] = ()
    clusters: tuple[tuple[str, str], ...] = ()
    signers: tuple[str, ...] = ()


@record
class Step:
    """What entering an environment takes. Spans in nanoseconds.

    separation_of_duties: whoever asks for the promotion is none of those whose approval counts. A member of two groups counts for both.
    soak_ns: how long the version has to have run in the environment below. blocked_while_unhealthy: refused while a pool of devices
    that the subject runs on is not healthy.
    """

    to: str
    evidence: tuple[Requirement, ...] = ()
    approvals: tuple[Approvals, ...] = ()
    separation_of_duties: bool = True
    soak_ns: int = 0
    blocked_while_unhealthy: bool = False
    device_health: DeviceHealth = DeviceHealth()


@record
class PromotionPolicy:
    """A checked PromotionPolicy. steps: at most one into each environment but the lowest. digest: SHA-256 (hex) over name and spec."""

    name: str
    environments: Environments
    steps: tuple[Step, ...]
    digest: str

    def step_into(self, environment: str) -> Step | None:
        """What entering an environment takes; None where the policy asks for nothing. Ask `environments` first whether it is known."""
        return next((step for step in self.steps if step.to == environment), None)
